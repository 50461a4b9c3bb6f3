package knowledge

import (
	"cmp"
	"slices"
	"time"
)

// The blend: what a match in each part of the index counts. They are the same for
// every collection. Much more for titles wins short question-and-answer pages and
// loses long manuals.
const (
	titleWeight   = 0.5
	bodyWeight    = 0.5
	passageWeight = 0.5
	pairWeight    = 0.25
	gramWeight    = 0.1
)

// Query is what to look for. Any text is valid: there are no operators.
type Query struct {
	Texts  []string  // the question in one or several wordings or languages
	Lang   string    // only documents of this language; "" is all
	Source string    // only documents of this source; "" is all
	Now    time.Time // tells what is stale, and leaves out what is not in force yet
	AsOf   time.Time // only what was in force at this time, and nothing is stale; zero is Now
	K      int       // how many hits
}

// Hit is one document found, at its best passage.
type Hit struct {
	Document
	At      string  // its URI, with #section where the passage is in one
	Heading string  // the section's, as in [Section]; "" before the first heading
	Snippet string  // at most 400 characters of the passage on one line, around the words asked for
	Score   float64 // compares within one answer only
	Stale   bool    // it is no longer in force
}

// Found is the answer to a query.
type Found struct {
	Hits []Hit
	// Covered says that the best hits hold enough of what was asked for to answer
	// it. Otherwise they are what comes nearest.
	Covered bool
}

// depth is how many documents of each wording are merged, and rankOffset how
// little the very first ranks differ then.
const (
	depth      = 100
	rankOffset = 60
)

// Search finds the documents that fit best, best first, ties by URI. Several
// wordings are merged by the ranks they give. A query without a word that says
// something finds nothing.
func (l *Library) Search(q Query) Found {
	e := l.current.Load()
	if q.K <= 0 {
		return Found{}
	}
	var rankings [][]match
	for _, text := range q.Texts {
		rankings = append(rankings, e.rank(text, q, max(q.K, depth)))
	}
	best := merged(rankings)
	best = best[:min(len(best), q.K)]
	var out Found
	for _, m := range best {
		out.Hits = append(out.Hits, e.hit(m, q))
	}
	out.Covered = e.covered(best[:min(len(best), coveredHits)])
	return out
}

// match is a document that has something of what was asked for.
type match struct {
	doc     int
	passage int // -1 when only the title matches
	score   float64
	asked   *question // that found it
}

// merged puts the rankings of several wordings into one; that of a single one
// stays as it is.
func merged(rankings [][]match) []match {
	if len(rankings) == 1 {
		return rankings[0]
	}
	var all []match
	at := map[int]int{}
	for _, ranking := range rankings {
		for rank, m := range ranking {
			i, known := at[m.doc]
			if !known {
				i = len(all)
				at[m.doc] = i
				m.score = 0
				all = append(all, m)
			}
			all[i].score += 1 / float64(rankOffset+rank+1)
		}
	}
	slices.SortFunc(all, byScore)
	return all
}

// byScore puts the best first. Documents are numbered in the order of their URIs.
func byScore(a, b match) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc)) }

// rank gives the k documents that fit one wording best. A wording is analysed in
// each language there is, as the documents of that language were.
func (e *edition) rank(text string, q Query, k int) []match {
	var best []match
	for _, lang := range e.index.present {
		if q.Lang != "" && lang != analysed(q.Lang) {
			continue
		}
		asked := ask(clean(text), lang)
		best = append(best, e.index.matches(asked, func(doc int) bool {
			return e.index.langs[doc] == lang && q.admits(e.docs[doc])
		}, k)...)
	}
	slices.SortFunc(best, byScore)
	return best[:min(len(best), k)]
}

func (q Query) admits(doc Document) bool {
	switch {
	case q.Source != "" && doc.Source != q.Source, q.Lang != "" && doc.Lang != q.Lang:
		return false
	case !q.AsOf.IsZero():
		return doc.InForce(q.AsOf)
	}
	return q.Now.IsZero() || !doc.Pending(q.Now)
}

func (e *edition) hit(m match, q Query) Hit {
	doc := e.docs[m.doc]
	h := Hit{Document: doc, At: doc.URI, Score: m.score}
	h.Stale = q.AsOf.IsZero() && !q.Now.IsZero() && doc.Expired(q.Now)
	if m.passage < 0 {
		h.Snippet = snippet(firstWords(doc.Body, passageWords), m.asked)
		return h
	}
	p := e.index.passages[m.passage]
	section := doc.Sections[p.section]
	h.At = uri(doc.Source, doc.Path, "", section.Slug)
	h.Heading = section.Heading
	h.Snippet = snippet(p.text, m.asked)
	return h
}
