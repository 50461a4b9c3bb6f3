package knowledge

import (
	"cmp"
	"slices"
)

// titleWeight is what a match in the title counts against one in the text.
// More wins short question-and-answer pages and loses long manuals.
const titleWeight = 0.5

// Hit is one document found, at its best passage.
type Hit struct {
	URI     string // with #section where the passage is in one
	Title   string // the document's
	Heading string // the section's, as in [Section]; "" before the first heading
	Snippet string // at most 400 characters of the passage on one line, around the words asked for
	Score   float64
}

// index holds the search index over the documents of one library.
type index struct {
	titles   *postings // one text per document
	texts    *postings // one text per passage
	passages []passage
	first    []int // per document the index of its first passage, and the end of the last one
}

func newIndex(docs []Document) *index {
	x := &index{titles: newPostings(), texts: newPostings(), first: make([]int, 1, len(docs)+1)}
	for _, doc := range docs {
		x.titles.add(terms(doc.Title))
		for _, p := range passagesOf(doc) {
			x.texts.add(terms(doc.Sections[p.section].Heading + "\n" + p.text))
			x.passages = append(x.passages, p)
		}
		x.first = append(x.first, len(x.passages))
	}
	return x
}

// match is a document that has at least one of the words asked for.
type match struct {
	doc     int
	passage int // -1 when only the title matches
	score   float64
}

// Search finds the k documents that fit a question best, best first, ties by
// URI. A document scores by BM25 of its title and of its best passage, so
// scores compare within one answer only. Any text is a valid query: there are no
// operators, and one without a word that says something finds nothing.
func (l *Library) Search(query string, k int) []Hit {
	s := l.current.Load()
	asked := distinctTerms(query)
	matches := s.index.matches(asked)
	// Documents are numbered in the order of their URIs.
	slices.SortFunc(matches, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.doc, b.doc))
	})
	matches = matches[:min(len(matches), max(k, 0))]
	var hits []Hit
	for _, m := range matches {
		hits = append(hits, s.hit(m, asked))
	}
	return hits
}

func (x *index) matches(asked []string) []match {
	titles, texts := x.titles.scores(asked), x.texts.scores(asked)
	var out []match
	for doc, title := range titles {
		m := match{doc: doc, passage: -1}
		best := 0.0
		for i := x.first[doc]; i < x.first[doc+1]; i++ {
			if texts[i] > best {
				best, m.passage = texts[i], i
			}
		}
		if m.score = titleWeight*title + best; m.score > 0 {
			out = append(out, m)
		}
	}
	return out
}

func (s *shelf) hit(m match, asked []string) Hit {
	doc := s.docs[m.doc]
	h := Hit{URI: doc.URI, Title: doc.Title, Score: m.score}
	if m.passage < 0 {
		h.Snippet = snippet(firstWords(doc.Body, passageWords), asked)
		return h
	}
	p := s.index.passages[m.passage]
	section := doc.Sections[p.section]
	h.URI = uri(doc.Source, doc.Path, section.Slug)
	h.Heading = section.Heading
	h.Snippet = snippet(p.text, asked)
	return h
}
