package knowledge

import (
	"runtime"
	"slices"
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

// leastPart is how many documents make a part of their own worth it.
const leastPart = 50

// newIndex indexes documents in as many parts as there are processors. What it
// makes does not depend on their number.
func newIndex(docs []Document) *index {
	n := min(runtime.GOMAXPROCS(0), len(docs)/leastPart+1)
	parts := make([]indexer, n)
	var busy sync.WaitGroup
	for i := range parts {
		busy.Go(func() { parts[i].addAll(docs[len(docs)*i/n : len(docs)*(i+1)/n]) })
	}
	busy.Wait()
	return joined(parts)
}

// joined makes one index of parts that follow each other.
func joined(parts []indexer) *index {
	out := &index{first: []int{0}}
	for _, x := range parts {
		for _, end := range x.ends {
			out.first = append(out.first, len(out.passages)+end)
		}
		out.passages = append(out.passages, x.passages...)
		out.langs = append(out.langs, x.langs...)
		for _, lang := range x.langs {
			if !slices.Contains(out.present, lang) {
				out.present = append(out.present, lang)
			}
		}
	}
	out.passages = slices.Clone(out.passages)
	var busy sync.WaitGroup
	post := func(into **postings, penalty float64, of func(*indexer) *gathering) {
		busy.Go(func() {
			gathered := make([]gathering, len(parts))
			for i := range parts {
				gathered[i], *of(&parts[i]) = *of(&parts[i]), gathering{} // a large one is not kept while the others are made
			}
			*into = newPostings(gathered, penalty)
		})
	}
	post(&out.pairs, textPenalty, func(x *indexer) *gathering { return &x.pairs })
	post(&out.grams, textPenalty, func(x *indexer) *gathering { return &x.grams })
	post(&out.texts, textPenalty, func(x *indexer) *gathering { return &x.texts })
	post(&out.bodies, textPenalty, func(x *indexer) *gathering { return &x.bodies })
	post(&out.titles, titlePenalty, func(x *indexer) *gathering { return &x.titles })
	busy.Wait()
	return out
}

// indexer gathers what an index is made of, document by document.
type indexer struct {
	titles, bodies, texts, pairs, grams gathering
	analysers                           map[string]*analyser
	passages                            []passage
	ends                                []int // per document, the end of its passages
	langs                               []string

	last  term    // the word before, for pairs; 0 is none
	words []*word // of the document, each once
}

func (x *indexer) addAll(docs []Document) {
	x.analysers = map[string]*analyser{}
	x.expect(docs)
	for _, doc := range docs {
		x.add(doc)
	}
}

// expect makes room for what is coming, roughly: growing would copy it all several
// times.
func (x *indexer) expect(docs []Document) {
	const bytesPerWord = 6 // with the space behind it
	words := 0
	for _, doc := range docs {
		words += len(doc.Body) / bytesPerWord
	}
	x.pairs.all, x.texts.all = make([]occurrence, 0, words), make([]occurrence, 0, words)
	x.bodies.all, x.grams.all = make([]occurrence, 0, words/2), make([]occurrence, 0, words*3/2)
}

func (x *indexer) analyser(lang string) *analyser {
	a, ok := x.analysers[lang]
	if !ok {
		a = newAnalyser(lang)
		x.analysers[lang] = a
	}
	return a
}

func (x *indexer) add(doc Document) {
	lang := analysed(doc.Lang)
	a := x.analyser(lang)
	x.langs = append(x.langs, lang)
	for _, g := range []*gathering{&x.titles, &x.bodies, &x.pairs, &x.grams} {
		g.begin()
	}
	x.last = 0
	for w := range a.words(doc.Title) {
		x.titles.add(w.stem, 1)
		x.body(w)
	}
	x.addPassages(a, doc)
	x.ends = append(x.ends, len(x.passages))
	x.count()
}

// body notes a word of the text that is searched as a whole.
func (x *indexer) body(w *word) {
	if x.last != 0 {
		x.pairs.add(pair(x.last, w.stem), 1)
	}
	x.last = w.stem
	if w.times == 0 {
		x.words = append(x.words, w)
	}
	w.times++
}

// count gathers the words of the document, each once with how often it occurred.
func (x *indexer) count() {
	for _, w := range x.words {
		x.bodies.add(w.stem, w.times)
		for _, g := range w.grams {
			x.grams.add(g, w.times)
		}
		w.times = 0
	}
	x.words = x.words[:0]
}

func (x *indexer) addPassages(a *analyser, doc Document) {
	section := -1
	for _, p := range passagesOf(doc) {
		for ; section < p.section; section++ {
			x.heading(a, doc.Sections[section+1].Heading)
		}
		x.texts.begin()
		for w := range a.words(headline(doc, p)) {
			x.texts.add(w.stem, 1)
		}
		for w := range a.words(p.text) {
			x.texts.add(w.stem, 1)
			x.body(w)
		}
		x.passages = append(x.passages, p)
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
