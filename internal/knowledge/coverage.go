package knowledge

import "strings"

// Whether the documents answer a question, or are merely the ones that come
// nearest, is told by how much of what was asked for the best hits hold: each word
// counts by its rarity. Of a long question most words are about the one who asks,
// so a few that are rare will do. docs/decisions/0018 says how the numbers were
// found.
const (
	coveredHits  = 3    // hits that are looked at
	coveredShare = 0.35 // of the weight of all words,
	coveredWords = 1.75 // or as much as so many words that stand in one document only
	pieceShare   = 0.6  // of a word's pieces, to count as that word in a compound or with a slip
)

// covered reports whether one of the matches holds enough of what found it.
func (e *edition) covered(best []match) bool {
	enough := coveredWords * e.weight(1)
	for _, m := range best {
		if held, all := e.held(m); held > 0 && (held >= coveredShare*all || held >= enough) {
			return true
		}
	}
	return false
}

// weight is what a word counts that occurs in so many documents. In a small
// collection rarity tells little, so each word counts something.
func (e *edition) weight(texts int) float64 { return 1 + e.index.bodies.rarity(texts) }

// held is how much of a question a match has in its passage or above it, and all
// there is in the question.
func (e *edition) held(m match) (held, all float64) {
	text := e.text(m)
	stems := m.asked.stemsIn(text)
	var pieces map[term]bool
	for _, w := range m.asked.words {
		weight := e.weight(e.index.bodies.find(w.stem).texts)
		all += weight
		if stems[w.stem] {
			held += weight
			continue
		}
		if pieces == nil {
			pieces = piecesOf(text)
		}
		if part := partOf(w.grams, pieces); part >= pieceShare {
			held += weight * part
		}
	}
	return held, all
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
