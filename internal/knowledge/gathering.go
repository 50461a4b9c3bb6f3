package knowledge

import (
	"cmp"
	"math"
	"slices"
)

// occurrence says that a term stands in a text, by its number, and how often; one
// text can have several of a term. There are fewer than 2^24 texts.
type occurrence struct {
	term  term
	where uint32 // the text, and in the low byte how often
}

func (o occurrence) text() uint32 { return o.where >> 8 }

func (o occurrence) count() int { return int(o.where & math.MaxUint8) }

// gathering collects occurrences of one kind, text by text.
type gathering struct {
	all     []occurrence
	lengths []uint32
}

func (g *gathering) begin() { g.lengths = append(g.lengths, 0) }

// add notes a term that the newest text has so many times.
func (g *gathering) add(t term, times uint32) {
	text := len(g.lengths) - 1
	g.all = append(g.all, occurrence{t, uint32(text)<<8 | min(times, math.MaxUint8)}) //nolint:gosec // there are fewer than 2^24 texts
	g.lengths[text] += times
}

// byTerm puts the occurrences of parts that follow each other in the order of their
// terms, and those of one term in the order of their texts. It first deals them out by
// the front of the term, so that what is sorted then fits into the processor's cache.
func byTerm(parts []gathering) []occurrence {
	texts := uint32(0)
	for _, g := range parts {
		for i := range g.all {
			g.all[i].where += texts << 8
		}
		texts += uint32(len(g.lengths)) //nolint:gosec // there are fewer than 2^24 texts
	}
	const dealt = 8 // bits
	out, ends := dealOut(parts, 32-dealt)
	var s sorter
	start := uint32(0)
	for _, end := range ends {
		s.sort(out[start:end])
		start = end
	}
	return out
}

// dealOut puts what was gathered in the order of the terms' front bits, and gives
// where those of each front end.
func dealOut(parts []gathering, shift uint) (out []occurrence, ends []uint32) {
	ends = make([]uint32, 1<<(32-shift))
	n := 0
	for _, g := range parts {
		for _, o := range g.all {
			ends[o.term>>shift]++
		}
		n += len(g.all)
	}
	begin(ends)
	out = make([]occurrence, n)
	for _, g := range parts {
		for _, o := range g.all {
			at := &ends[o.term>>shift]
			out[*at] = o
			*at++
		}
	}
	return out, ends
}

// begin makes of counts where each of them begins, one behind the other.
func begin(counts []uint32) {
	sum := uint32(0)
	for i, n := range counts {
		counts[i] = sum
		sum += n
	}
}

// digit is how many bits of a term are sorted by at a time: two digits are all that
// was not dealt out by.
const digit = 12

// fewOccurrences are sorted sooner by comparing than by counting.
const fewOccurrences = 1 << 9

// sorter sorts occurrences by term and leaves those of one term in their order.
type sorter struct {
	other  []occurrence
	starts [1 << digit]uint32
}

func (s *sorter) sort(all []occurrence) {
	if len(all) < fewOccurrences {
		slices.SortStableFunc(all, func(a, b occurrence) int { return cmp.Compare(a.term, b.term) })
		return
	}
	s.other = slices.Grow(s.other[:0], len(all))[:len(all)]
	s.byDigit(s.other, all, 0)
	s.byDigit(all, s.other, digit)
}

func (s *sorter) byDigit(to, from []occurrence, shift uint) {
	clear(s.starts[:])
	for _, o := range from {
		s.starts[o.term>>shift&(1<<digit-1)]++
	}
	begin(s.starts[:])
	for _, o := range from {
		at := &s.starts[o.term>>shift&(1<<digit-1)]
		to[*at] = o
		*at++
	}
}
