package knowledge

import "strings"

// Whether the documents answer a question, or are merely the ones that come
// nearest, is told by how much of what was asked for the best hits hold: each word
// counts by its rarity. docs/decisions/0018 says how the numbers were found.
const (
	coveredHits  = 3    // hits that are looked at
	coveredShare = 0.35 // of the weight of all words
	pieceShare   = 0.6  // of a word's pieces, to count as that word in a compound or with a slip
)

// covered reports whether one of the matches holds enough of what found it.
func (e *edition) covered(best []match) bool {
	for _, m := range best {
		if e.share(m) >= coveredShare {
			return true
		}
	}
	return false
}

// share is how much of a question a match holds in its passage or headings.
func (e *edition) share(m match) float64 {
	text := e.text(m)
	stems := m.asked.stemsIn(text)
	var pieces map[term]bool
	var all, held float64
	for _, w := range m.asked.words {
		_, texts := e.index.bodies.find(w.stem)
		// In a small collection rarity tells little, so each word counts something.
		rarity := 1 + e.index.bodies.rarity(texts)
		all += rarity
		if stems[w.stem] {
			held += rarity
			continue
		}
		if pieces == nil {
			pieces = piecesOf(text)
		}
		if part := partOf(w.grams, pieces); part >= pieceShare {
			held += rarity * part
		}
	}
	if all == 0 {
		return 0
	}
	return held / all
}

// text is what a match is judged by.
func (e *edition) text(m match) string {
	doc := e.docs[m.doc]
	if m.passage < 0 {
		return doc.Title
	}
	p := e.index.passages[m.passage]
	return headline(doc, p) + "\n" + p.text
}

func (q *question) stemsIn(text string) map[term]bool {
	stems, a := map[term]bool{}, newAnalyser(q.lang)
	for raw := range split(text) {
		if q.mayHave(raw) {
			stems[a.word(raw).stem] = true
		}
	}
	return stems
}

func piecesOf(text string) map[term]bool {
	pieces := map[term]bool{}
	for raw := range split(text) {
		for _, g := range grams(fold(strings.ToLower(raw))) {
			pieces[g] = true
		}
	}
	return pieces
}

func partOf(grams []term, held map[term]bool) float64 {
	n := 0
	for _, g := range grams {
		if held[g] {
			n++
		}
	}
	return float64(n) / float64(len(grams))
}
