package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"supportmcp/internal/fault"
)

// namedSections is how many sections an error lists.
const namedSections = 20

// Archive finds states of documents that a library holds no longer. Implemented by
// shelf.Shelf.
type Archive interface {
	// Version gives one state of a document; ok is false when it never was there.
	Version(ctx context.Context, source, path, version string) (doc Document, ok bool, err error)
}

// Library is a set of documents with its search index. It is safe for concurrent
// use: who reads while the documents are replaced sees the old ones or the new
// ones, and never some of both.
type Library struct {
	current atomic.Pointer[edition]

	// Archive is asked for states that are held no longer, and Audience, unless it
	// is empty, leaves out documents for others. Both are set before use.
	Archive  Archive
	Audience Audience
}

// edition is what a library holds at one time. It never changes.
type edition struct {
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
	e := &edition{docs: slices.DeleteFunc(slices.Clone(docs), l.hides), byURI: make(map[string]int, len(docs))}
	slices.SortFunc(e.docs, func(a, b Document) int { return cmp.Compare(a.URI, b.URI) })
	for i, doc := range e.docs {
		if err := check(doc); err != nil {
			return err
		}
		if _, taken := e.byURI[doc.URI]; taken {
			return fmt.Errorf("document %s is there twice", doc.URI)
		}
		e.byURI[doc.URI] = i
	}
	e.index = newIndex(e.docs)
	l.current.Store(e)
	return nil
}

// hides reports a document that readers of this library must not see.
func (l *Library) hides(doc Document) bool {
	return l.Audience == ForCustomers && doc.Audience != ForCustomers
}

func check(doc Document) error {
	a, ok := parseURI(doc.URI)
	if !ok || doc.URI != a.document() || doc.URI != uri(doc.Source, doc.Path, "", "") {
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

// Sources are the names of all sources with a document, in their order.
func (l *Library) Sources() []string {
	var names []string
	for _, doc := range l.current.Load().docs {
		names = append(names, doc.Source)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Excerpt is what a URI names.
type Excerpt struct {
	Document Document
	Section  Section // zero for the whole document
	Text     string  // of the section with its heading and the sections nested in it, or the whole body
	Citation string  // the URI with the version: names this very text for ever
	Former   bool    // the document is no longer like this
}

// Find reads what a URI names, however it is percent-encoded: a document, with
// ?version= one state of it, with #slug one section. Decisions cite by such URIs.
// An unknown one is a [fault.Error] with the code not_found; where the document
// exists, its next step names the sections there are.
func (l *Library) Find(ctx context.Context, raw string) (Excerpt, error) {
	a, ok := parseURI(raw)
	if !ok {
		return Excerpt{}, unknownURI(raw)
	}
	doc, former, err := l.state(ctx, a, raw)
	if err != nil {
		return Excerpt{}, err
	}
	x := Excerpt{Document: doc, Former: former, Citation: uri(doc.Source, doc.Path, doc.Version, a.slug)}
	if a.slug == "" {
		x.Text = doc.Body
		return x, nil
	}
	for _, s := range doc.Sections {
		if s.Slug == a.slug {
			x.Section, x.Text = s, doc.Body[s.Start:s.End]
			return x, nil
		}
	}
	return Excerpt{}, notFound(sectionsOf(doc), "%s has no section %q", doc.URI, oneLine(a.slug))
}

// state finds a document as it is, or as it was in the version asked for.
func (l *Library) state(ctx context.Context, a address, raw string) (doc Document, former bool, err error) {
	e := l.current.Load()
	i, held := e.byURI[a.document()]
	if held && (a.version == "" || a.version == e.docs[i].Version) {
		return e.docs[i], false, nil
	}
	if a.version == "" || l.Archive == nil {
		return Document{}, false, unknownURI(raw)
	}
	doc, ok, err := l.Archive.Version(ctx, a.source, a.path, a.version)
	switch {
	case err != nil:
		return Document{}, false, fmt.Errorf("read version %s of %s: %w", oneLine(a.version), a.document(), err)
	case !ok || l.hides(doc):
		return Document{}, false, unknownURI(raw)
	}
	return doc, true, nil
}

func unknownURI(raw string) error {
	return notFound("search for the document's URI", "there is no document %q", oneLine(raw))
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
