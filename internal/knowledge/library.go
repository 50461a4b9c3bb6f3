package knowledge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"supportmcp/internal/fault"
)

// namedSections is how many sections an error lists.
const namedSections = 20

// Library is a set of documents with its search index. It is safe for concurrent
// use: who reads while the documents are replaced sees the old ones or the new
// ones, and never some of both.
type Library struct{ current atomic.Pointer[shelf] }

// shelf is what a library holds at one time. It never changes.
type shelf struct {
	docs  []Document     // ordered by URI
	byURI map[string]int // index in docs
	index *index
}

// New makes a library of documents, which may come from several sources and in
// any order. Two documents of one URI are an error, and so is a document that
// could not be read again: a URI that is not its source and path as this package
// writes them, or sections that are not in its body.
func New(docs []Document) (*Library, error) {
	l := &Library{}
	return l, l.Replace(docs)
}

// Replace puts other documents in the place of all that there are, under the same
// conditions as New. On an error the library stays as it is.
func (l *Library) Replace(docs []Document) error {
	s := &shelf{docs: slices.Clone(docs), byURI: make(map[string]int, len(docs))}
	slices.SortFunc(s.docs, func(a, b Document) int { return cmp.Compare(a.URI, b.URI) })
	for i, doc := range s.docs {
		if err := check(doc); err != nil {
			return err
		}
		if _, taken := s.byURI[doc.URI]; taken {
			return fmt.Errorf("document %s is there twice", doc.URI)
		}
		s.byURI[doc.URI] = i
	}
	s.index = newIndex(s.docs)
	l.current.Store(s)
	return nil
}

func check(doc Document) error {
	canonical, _, ok := splitURI(doc.URI)
	if !ok || doc.URI != canonical || doc.URI != uri(doc.Source, doc.Path, "") {
		return fmt.Errorf("document %q: the URI is not its source and path", doc.URI)
	}
	start := 0
	for _, s := range doc.Sections {
		if s.Start < start || s.End < s.Start || s.End > len(doc.Body) {
			return fmt.Errorf("document %s: section %q is not in the body", doc.URI, s.Slug)
		}
		start = s.Start
	}
	return nil
}

// Documents are all documents, ordered by URI.
func (l *Library) Documents() []Document { return slices.Clone(l.current.Load().docs) }

// Document finds a document by its URI, however that is percent-encoded. A
// section behind # is passed over, whether it exists or not.
func (l *Library) Document(uri string) (Document, bool) {
	canonical, _, ok := splitURI(uri)
	if !ok {
		return Document{}, false
	}
	s := l.current.Load()
	i, ok := s.byURI[canonical]
	if !ok {
		return Document{}, false
	}
	return s.docs[i], true
}

// Section gives the text that a URI names: one section, with its heading and
// the sections nested in it, or the whole body when there is no # part. An
// unknown URI is a [fault.Error] with the code not_found; where the document
// exists, its next step names the sections there are.
func (l *Library) Section(uri string) (string, error) {
	doc, ok := l.Document(uri)
	if !ok {
		return "", notFound("search for the document's URI", "there is no document %q", oneLine(uri))
	}
	_, slug, _ := splitURI(uri)
	if slug == "" {
		return doc.Body, nil
	}
	for _, s := range doc.Sections {
		if s.Slug == slug {
			return doc.Body[s.Start:s.End], nil
		}
	}
	return "", notFound(sectionsOf(doc), "%s has no section %q", doc.URI, oneLine(slug))
}

func notFound(next, format string, args ...any) *fault.Error {
	return &fault.Error{Code: fault.NotFound, Message: fmt.Sprintf(format, args...), NextStep: next, Took: fault.No}
}

func sectionsOf(doc Document) string {
	var slugs []string
	for _, s := range doc.Sections {
		if s.Slug != "" {
			slugs = append(slugs, s.Slug)
		}
	}
	if len(slugs) == 0 {
		return "read the whole document; it has no sections"
	}
	if more := len(slugs) - namedSections; more > 0 {
		slugs = append(slugs[:namedSections:namedSections], fmt.Sprintf("and %d more", more))
	}
	return "sections: " + strings.Join(slugs, ", ")
}
