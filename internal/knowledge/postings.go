package knowledge

import (
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

// postings is a BM25 index over numbered texts: for every term, the texts it
// occurs in and how often. It never changes. Most terms are pairs of words that
// stand in one text only, so terms are written as steps, and the terms that a
// search starts from are every sixteenth.
type postings struct {
	blocks  []block
	entries []byte    // per term: the step to it, its header, the bytes of a list of several texts, the list
	damp    []float32 // per text, how much its length is held against its words
}

// block is where the entries of some terms begin.
type block struct {
	first term
	at    uint32 // in entries
}

const blockTerms = 16

// newPostings indexes what was gathered, in parts that follow each other. penalty,
// BM25's b, is how much a long text is held against its words.
func newPostings(parts []gathering, penalty float64) *postings {
	var lengths []uint32
	for _, g := range parts {
		lengths = append(lengths, g.lengths...)
	}
	w := writer{postings: &postings{damp: damping(lengths, penalty)}}
	for all := byTerm(parts); len(all) > 0; {
		n := runOf(all, func(o occurrence) bool { return o.term == all[0].term })
		w.add(all[:n])
		all = all[n:]
	}
	// What grew has room that would stay for as long as the index.
	w.blocks, w.entries = slices.Clone(w.blocks), slices.Clone(w.entries)
	return w.postings
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

// writer writes the entries of postings, in the order of their terms.
type writer struct {
	*postings
	terms int
	last  term
	list  []byte // of the newest term
}

// add appends the entry of one term, which all of these are of.
func (w *writer) add(same []occurrence) {
	if w.terms%blockTerms == 0 {
		w.last = same[0].term
		w.blocks = append(w.blocks, block{w.last, uint32(len(w.entries))}) //nolint:gosec // an index is smaller than 4 GiB
	}
	w.terms++
	w.entries = binary.AppendUvarint(w.entries, uint64(same[0].term-w.last))
	w.last = same[0].term
	l := w.write(same)
	w.entries = binary.AppendUvarint(w.entries, l.header())
	if l.texts > 1 {
		w.entries = binary.AppendUvarint(w.entries, uint64(len(l.bytes)))
	}
	w.entries = append(w.entries, l.bytes...)
}

// write makes the list of a term.
func (w *writer) write(same []occurrence) list {
	l := list{bytes: w.list[:0], counted: slices.ContainsFunc(same, func(o occurrence) bool { return o.count() > 1 })}
	for i := 1; i < len(same) && !l.counted; i++ {
		l.counted = same[i].text() == same[i-1].text()
	}
	for last := uint32(0); len(same) > 0; l.texts++ {
		text := same[0].text()
		n := runOf(same, func(o occurrence) bool { return o.text() == text })
		l.bytes = binary.AppendUvarint(l.bytes, uint64(text-last))
		if l.counted {
			count := 0
			for _, o := range same[:n] {
				count += o.count()
			}
			l.bytes = append(l.bytes, byte(min(count, math.MaxUint8)))
		}
		last, same = text, same[n:]
	}
	w.list = l.bytes
	return l
}

// list is where one term occurs: for each text the step to it and, when it occurs
// several times in some text, how often.
type list struct {
	bytes   []byte
	texts   int
	counted bool
}

func (l list) header() uint64 {
	h := uint64(l.texts) << 1 //nolint:gosec // it is a count
	if l.counted {
		h++
	}
	return h
}

// find gives the list of a term.
func (p *postings) find(t term) list {
	i, exact := slices.BinarySearchFunc(p.blocks, t, func(b block, t term) int { return int(int64(b.first) - int64(t)) })
	if !exact {
		i--
	}
	if i < 0 {
		return list{}
	}
	at, rest := p.blocks[i].first, p.entries[p.blocks[i].at:]
	for n := 0; n < blockTerms && len(rest) > 0; n++ {
		var step uint64
		var l list
		step, l, rest = next(rest)
		if at += term(step); at == t { //nolint:gosec // it was made of terms
			return l
		}
	}
	return list{}
}

// next reads the entry that is in front: the step to its term, and its list.
func next(entries []byte) (step uint64, l list, rest []byte) {
	step, size := binary.Uvarint(entries)
	header, more := binary.Uvarint(entries[size:])
	rest = entries[size+more:]
	l = list{texts: int(header >> 1), counted: header&1 != 0} //nolint:gosec // never more than there are texts
	length, size := binary.Uvarint(rest)
	if l.texts > 1 {
		rest = rest[size:]
	} else {
		length = uint64(size) + header&1 //nolint:gosec // a size is positive
	}
	l.bytes = rest[:length]
	return step, l, rest[length:]
}

// score adds to the score of every text what a term is worth in it, and counts in
// seen, unless that is nil, in which texts it is.
func (p *postings) score(into []float64, seen []uint16, t term, weight float64) {
	l := p.find(t)
	weight *= p.rarity(l.texts) * (saturation + 1)
	count := 1.0
	for text, at := uint64(0), 0; at < len(l.bytes); {
		step := uint64(l.bytes[at])
		if at++; step >= 0x80 {
			var size int
			step, size = binary.Uvarint(l.bytes[at-1:])
			at += size - 1
		}
		if l.counted {
			count = float64(l.bytes[at])
			at++
		}
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
