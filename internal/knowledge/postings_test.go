package knowledge

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"testing"
)

// told are the texts of a term with how often each has it.
func (l list) told() map[int]int {
	out := map[int]int{}
	text, rest := 0, l.bytes
	for len(rest) > 0 {
		step, size := binary.Uvarint(rest)
		text, rest = text+int(step), rest[size:]
		out[text] = 1
		if l.counted {
			out[text], rest = int(rest[0]), rest[1:]
		}
	}
	return out
}

// What was gathered is found again, whatever the terms and however it was cut.
func TestPostingsHoldWhatWasGathered(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	for _, size := range []struct{ terms, texts, each int }{{1, 1, 1}, {40, 3, 4}, {3000, 40, 900}, {9000, 90, 800}, {17, 2000, 3}} {
		terms := make([]term, size.terms)
		for i := range terms {
			terms[i] = term(random.Uint32())
		}
		terms[0] = ^term(0) // the largest
		parts, want := make([]gathering, 3), map[term]map[int]int{}
		for text := range size.texts {
			g := &parts[text*len(parts)/size.texts]
			g.begin()
			for range size.each {
				of, times := terms[random.IntN(1+random.IntN(size.terms))], uint32(1+random.IntN(3)/2*random.IntN(300))
				g.add(of, times)
				if want[of] == nil {
					want[of] = map[int]int{}
				}
				want[of][text] = min(want[of][text]+int(min(times, 255)), 255)
			}
		}
		p := newPostings(parts, textPenalty)
		for of, in := range want {
			l := p.find(of)
			if got := l.told(); !maps.Equal(in, got) || l.texts != len(in) {
				t.Errorf("%v: %d is in %d texts, %v, want %v", size, of, l.texts, got, in)
			}
			if near := of + 1; want[near] == nil && p.find(near).texts > 0 {
				t.Errorf("%v: %d is found and was never there", size, near)
			}
		}
		if len(p.damp) != size.texts || p.find(0).texts > 0 {
			t.Errorf("%v: %d texts", size, len(p.damp))
		}
	}
	if p := newPostings(nil, textPenalty); p.find(1).texts > 0 {
		t.Error("something is found in nothing")
	}
}
