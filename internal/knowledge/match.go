package knowledge

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// question is one wording in the terms of one language, each with its weight.
type question struct {
	lang  string
	words []*word // each stem once, in the order of their terms
	stems, pairs,
	grams []weighted
	initials [256]bool // the first letters of the words
}

// mayHave reports a word that can have one of the stems asked for: an ending is
// never the first letter. To find a stem takes much longer than this.
func (q *question) mayHave(raw string) bool { return q.initials[initial(raw)] }

// initial is the first letter of a word, in the one spelling of umlauts.
func initial(raw string) byte {
	first, _ := utf8.DecodeRuneInString(raw)
	return fold(string(unicode.ToLower(first)))[0]
}

type weighted struct {
	term   term
	weight float64
}

// maxAsked is how many words of a wording count. People ask in fewer, and a longer
// one could make the server work for nothing.
const maxAsked = 200

func ask(text, lang string) question {
	q := question{lang: lang}
	var stems, pairs, grams []term
	last := term(0)
	a := newAnalyser(lang)
	for raw := range split(text) {
		w := a.word(raw)
		if w.stop {
			continue
		}
		if len(stems) == maxAsked {
			break
		}
		q.initials[initial(raw)] = true
		if last != 0 {
			pairs = append(pairs, pair(last, w.stem))
		}
		if !slices.Contains(stems, w.stem) {
			q.words = append(q.words, w)
		}
		last = w.stem
		stems = append(stems, w.stem)
		grams = append(grams, w.grams...)
	}
	q.stems, q.pairs, q.grams = weigh(stems), weigh(pairs), weigh(grams)
	slices.SortFunc(q.words, func(a, b *word) int { return cmp.Compare(a.stem, b.stem) })
	return q
}

// weigh gives every term once, sorted, so that sums of scores do not depend on the
// order of words. Repeating a word makes it weigh more, and less each time.
func weigh(all []term) []weighted {
	slices.Sort(all)
	var out []weighted
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n] == all[0] {
			n++
		}
		out = append(out, weighted{all[0], 1 + math.Log(float64(n))})
		all = all[n:]
	}
	return out
}

// scores rates every text of p by the terms asked for; see [postings.score].
func (p *postings) scores(into []float64, seen []uint16, asked []weighted, weight float64) {
	for _, t := range asked {
		p.score(into, seen, t.term, weight*t.weight)
	}
}

// matches are the k documents that fit a question best, among those admitted. One
// that has none of the words must have half of their pieces.
func (x *index) matches(asked question, admitted func(doc int) bool, k int) []match {
	if len(asked.stems) == 0 {
		return nil
	}
	words, whole, passages := make([]float64, len(x.langs)), make([]float64, len(x.langs)), make([]float64, len(x.passages))
	pieces := make([]uint16, len(x.langs))
	x.titles.scores(words, nil, asked.stems, titleWeight)
	x.bodies.scores(words, nil, asked.stems, bodyWeight)
	x.texts.scores(passages, nil, asked.stems, passageWeight)
	x.pairs.scores(whole, nil, asked.pairs, pairWeight)
	x.grams.scores(whole, pieces, asked.grams, gramWeight)
	best := top{k: k}
	for doc, score := range words {
		if score == 0 && (pieces[doc] == 0 || 2*int(pieces[doc]) < len(asked.grams)) || !admitted(doc) {
			continue
		}
		m := match{doc: doc, passage: -1}
		if x.first[doc] < x.first[doc+1] {
			m.passage = x.bestPassage(doc, passages)
			m.score = passages[m.passage]
		}
		m.score += score + whole[doc]
		best.add(m)
	}
	for i := range best.all {
		best.all[i].asked = &asked
	}
	return best.all
}

func (x *index) bestPassage(doc int, scores []float64) int {
	best := x.first[doc]
	for i := best + 1; i < x.first[doc+1]; i++ {
		if scores[i] > scores[best] {
			best = i
		}
	}
	return best
}

// top keeps the k best matches, best first.
type top struct {
	k   int
	all []match
}

func (t *top) add(m match) {
	if len(t.all) == t.k && byScore(m, t.all[t.k-1]) > 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(t.all, m, byScore)
	t.all = slices.Insert(t.all, at, m)
	t.all = t.all[:min(len(t.all), t.k)]
}
