package knowledge

import (
	"strings"
	"sync"
)

// index holds the search index over the documents of one edition: five postings,
// whose scores are added with fixed weights (see blend).
type index struct {
	titles   *postings // one text per document: its title
	bodies   *postings // title and whole body
	texts    *postings // one text per passage, with the title and the headings above it
	pairs    *postings // neighbouring words of title and body
	grams    *postings // pieces of the words of title and body
	passages []passage
	first    []int    // per document the index of its first passage, and the end of the last one
	langs    []string // per document, the language it is analysed in
	present  []string // the languages there are
}

// How much a long text is held against its words, BM25's b.
const (
	titlePenalty = 0.5
	textPenalty  = 0.75
)

// gathering collects occurrences of one kind.
type gathering struct {
	all     []occurrence
	lengths []uint32
}

func (g *gathering) begin() { g.lengths = append(g.lengths, 0) }

// add notes a term of the newest text.
func (g *gathering) add(t term) {
	text := len(g.lengths) - 1
	g.all = append(g.all, occurrence{t, uint32(text)}) //nolint:gosec // there are fewer than 2^32 passages
	g.lengths[text]++
}

func (g *gathering) postings(penalty float64) *postings {
	p := newPostings(g.all, g.lengths, penalty)
	*g = gathering{} // a large one is not kept while the others are made
	return p
}

// indexer makes an index, document by document.
type indexer struct {
	titles, bodies, texts, pairs, grams gathering
	analysers                           map[string]*analyser
	index                               *index
	last                                term // the word before, for pairs; 0 is none
}

func newIndex(docs []Document) *index {
	x := indexer{analysers: map[string]*analyser{}, index: &index{first: make([]int, 1, len(docs)+1)}}
	for _, doc := range docs {
		x.add(doc)
	}
	out := x.index
	var busy sync.WaitGroup
	busy.Go(func() { out.titles = x.titles.postings(titlePenalty) })
	busy.Go(func() { out.bodies = x.bodies.postings(textPenalty) })
	busy.Go(func() { out.texts = x.texts.postings(textPenalty) })
	busy.Go(func() { out.pairs = x.pairs.postings(textPenalty) })
	busy.Go(func() { out.grams = x.grams.postings(textPenalty) })
	busy.Wait()
	return out
}

func (x *indexer) analyser(lang string) *analyser {
	a, ok := x.analysers[lang]
	if !ok {
		a = newAnalyser(lang)
		x.analysers[lang] = a
		x.index.present = append(x.index.present, lang)
	}
	return a
}

func (x *indexer) add(doc Document) {
	lang := analysed(doc.Lang)
	a := x.analyser(lang)
	x.index.langs = append(x.index.langs, lang)
	for _, g := range []*gathering{&x.titles, &x.bodies, &x.pairs, &x.grams} {
		g.begin()
	}
	x.last = 0
	for w := range a.words(doc.Title) {
		x.titles.add(w.stem)
		x.body(w)
	}
	x.passages(a, doc)
	x.index.first = append(x.index.first, len(x.index.passages))
}

// body notes a word of the text that is searched as a whole.
func (x *indexer) body(w word) {
	x.bodies.add(w.stem)
	if x.last != 0 {
		x.pairs.add(pair(x.last, w.stem))
	}
	x.last = w.stem
	for _, g := range w.grams {
		x.grams.add(g)
	}
}

func (x *indexer) passages(a *analyser, doc Document) {
	section := -1
	for _, p := range passagesOf(doc) {
		for ; section < p.section; section++ {
			x.heading(a, doc.Sections[section+1].Heading)
		}
		x.texts.begin()
		for w := range a.words(headline(doc, p)) {
			x.texts.add(w.stem)
		}
		for w := range a.words(p.text) {
			x.texts.add(w.stem)
			x.body(w)
		}
		x.index.passages = append(x.index.passages, p)
	}
}

// heading notes a section's own heading, the last of its path.
func (x *indexer) heading(a *analyser, path string) {
	for w := range a.words(path[strings.LastIndex(path, " > ")+1:]) {
		x.body(w)
	}
}

// headline is what stands above a passage: the title and the headings, the title
// once.
func headline(doc Document, p passage) string {
	path := doc.Sections[p.section].Heading
	if strings.HasPrefix(path, doc.Title) {
		return path
	}
	return doc.Title + " > " + path
}
