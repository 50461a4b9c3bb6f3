package knowledge

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// The constants of BM25: how soon repeating a word stops to count, and half a
// text on both sides of a ratio, so that none is zero or infinite.
const (
	saturation = 1.2 // k1
	smoothing  = 0.5
)

// occurrence says that a term stands in a text, by its number.
type occurrence struct {
	term term
	text uint32
}

// postings is a BM25 index over numbered texts: for every term, the texts it
// occurs in and how often. It never changes.
type postings struct {
	terms []term    // sorted
	ends  []uint32  // per term, where its list ends in lists
	lists []byte    // per term: the number of texts, then per text the step to it and the count
	damp  []float32 // per text, how much its length is held against its words
}

// newPostings indexes occurrences, which come in the order of their texts, and
// sorts them. penalty, BM25's b, is how much a long text is held against its words.
func newPostings(all []occurrence, lengths []uint32, penalty float64) *postings {
	p := &postings{damp: damping(lengths, penalty)}
	sortByTerm(all)
	for len(all) > 0 {
		n := runOf(all, func(o occurrence) bool { return o.term == all[0].term })
		p.add(all[:n])
		all = all[n:]
	}
	p.terms, p.ends, p.lists = slices.Clip(p.terms), slices.Clip(p.ends), slices.Clip(p.lists)
	return p
}

func damping(lengths []uint32, penalty float64) []float32 {
	total := 0.0
	for _, n := range lengths {
		total += float64(n)
	}
	mean := max(total/max(float64(len(lengths)), 1), 1)
	out := make([]float32, len(lengths))
	for i, n := range lengths {
		out[i] = float32(saturation * (1 - penalty + penalty*float64(n)/mean))
	}
	return out
}

// runOf is how many of all at the front are alike.
func runOf(all []occurrence, alike func(occurrence) bool) int {
	for i, o := range all {
		if !alike(o) {
			return i
		}
	}
	return len(all)
}

// add appends the list of one term, which all of these are of.
func (p *postings) add(same []occurrence) {
	texts := 1
	for i := 1; i < len(same); i++ {
		if same[i].text != same[i-1].text {
			texts++
		}
	}
	p.terms = append(p.terms, same[0].term)
	p.lists = binary.AppendUvarint(p.lists, uint64(texts))
	last := uint32(0)
	for len(same) > 0 {
		text := same[0].text
		n := runOf(same, func(o occurrence) bool { return o.text == text })
		p.lists = append(binary.AppendUvarint(p.lists, uint64(text-last)), byte(min(n, math.MaxUint8)))
		last, same = text, same[n:]
	}
	p.ends = append(p.ends, uint32(len(p.lists)))
}

// find gives the list of a term, and in how many texts it occurs.
func (p *postings) find(t term) (list []byte, texts int) {
	i, ok := slices.BinarySearch(p.terms, t)
	if !ok {
		return nil, 0
	}
	start := uint32(0)
	if i > 0 {
		start = p.ends[i-1]
	}
	list = p.lists[start:p.ends[i]]
	n, size := binary.Uvarint(list)
	return list[size:], int(n) //nolint:gosec // never more than there are texts
}

// score adds to the score of every text what a term is worth in it, and counts in
// seen, unless that is nil, in which texts it is.
func (p *postings) score(into []float64, seen []uint16, t term, weight float64) {
	list, texts := p.find(t)
	weight *= p.rarity(texts) * (saturation + 1)
	for text := uint64(0); len(list) > 0; {
		step, size := binary.Uvarint(list)
		count := float64(list[size])
		list = list[size+1:]
		text += step
		into[text] += weight * count / (count + float64(p.damp[text]))
		if seen != nil {
			seen[text]++
		}
	}
}

// rarity is the inverse document frequency of a term that occurs in so many
// texts; it is above 0 even for a term that occurs in all of them.
func (p *postings) rarity(texts int) float64 {
	with, without := float64(texts), float64(len(p.damp)-texts)
	return math.Log(1 + (without+smoothing)/(with+smoothing))
}

// fewOccurrences are sorted sooner by comparing than by counting.
const fewOccurrences = 1 << 14

// sortByTerm sorts by term and leaves texts of one term in their order.
func sortByTerm(all []occurrence) {
	if len(all) < fewOccurrences {
		slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.term, b.term) })
		return
	}
	other := make([]occurrence, len(all))
	countingSort(other, all, 0)
	countingSort(all, other, 16)
}

// countingSort sorts from into to by 16 bits of the term.
func countingSort(to, from []occurrence, shift uint) {
	starts := make([]uint32, 1<<16+1)
	for _, o := range from {
		starts[o.term>>shift&0xffff+1]++
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	for _, o := range from {
		at := &starts[o.term>>shift&0xffff]
		to[*at] = o
		*at++
	}
}
