package knowledge

import "math"

// The usual constants of BM25: how soon repeating a word stops to count, and
// how much a long text is held against its words.
const (
	saturation    = 1.2  // k1
	lengthPenalty = 0.75 // b
	smoothing     = 0.5  // added to both sides of a ratio, so that none is zero or infinite
)

// postings is a BM25 index over numbered texts: for every term, the texts it
// occurs in and how often. Once filled it is safe for concurrent use.
type postings struct {
	lists   map[string][]posting
	lengths []int // of every text, in terms
	total   int   // of all lengths
}

type posting struct{ text, count int32 }

func newPostings() *postings { return &postings{lists: map[string][]posting{}} }

// add gives the next number to a text and indexes its terms.
func (p *postings) add(terms []string) {
	text := int32(len(p.lengths))
	for _, term := range terms {
		list := p.lists[term]
		if n := len(list); n > 0 && list[n-1].text == text {
			list[n-1].count++
			continue
		}
		p.lists[term] = append(list, posting{text: text, count: 1})
	}
	p.lengths = append(p.lengths, len(terms))
	p.total += len(terms)
}

// scores rates every text by its number; 0 is a text with none of the terms.
func (p *postings) scores(asked []string) []float64 {
	out := make([]float64, len(p.lengths))
	mean := float64(p.total) / float64(len(p.lengths))
	for _, term := range asked {
		list := p.lists[term]
		rarity := p.rarity(len(list))
		for _, in := range list {
			count, length := float64(in.count), float64(p.lengths[in.text])
			damping := saturation * (1 - lengthPenalty + lengthPenalty*length/mean)
			out[in.text] += rarity * count * (saturation + 1) / (count + damping)
		}
	}
	return out
}

// rarity is the inverse document frequency of a term that occurs in so many
// texts; it is above 0 even for a term that occurs in all of them.
func (p *postings) rarity(texts int) float64 {
	with, without := float64(texts), float64(len(p.lengths)-texts)
	return math.Log(1 + (without+smoothing)/(with+smoothing))
}
