package knowledge_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"supportmcp/internal/fault"
	"supportmcp/internal/knowledge"
)

// desk is the library of the hand-written documents in testdata.
func desk(t testing.TB) *knowledge.Library {
	t.Helper()
	docs, refused, err := knowledge.ReadFolder("desk", os.DirFS("testdata/desk"))
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	return library(t, docs)
}

func library(t testing.TB, docs []knowledge.Document) *knowledge.Library {
	t.Helper()
	l, err := knowledge.New(docs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// section reads the text that a URI names.
func section(t *testing.T, l *knowledge.Library, uri string) (string, error) {
	t.Helper()
	x, err := l.Find(t.Context(), uri)
	return x.Text, err
}

func TestDocumentsAreOrderedByURI(t *testing.T) {
	var got []string
	for _, d := range desk(t).Documents() {
		got = append(got, d.URI)
	}
	want := "kb://desk/billing/failed-payments.md kb://desk/cancellation.md kb://desk/de/kuendigung.md kb://desk/refund-policy.md"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}

func TestDocumentIsFoundHoweverItsURIIsEscaped(t *testing.T) {
	docs, _, err := knowledge.ReadFolder("desk", fstest.MapFS{"für alle/50% off? #1.md": {Data: []byte("text")}})
	if err != nil {
		t.Fatal(err)
	}
	l := library(t, docs)
	want := "kb://desk/f%C3%BCr%20alle/50%25%20off%3F%20%231.md"
	if docs[0].URI != want {
		t.Fatalf("URI is %s", docs[0].URI)
	}
	for uri, found := range map[string]bool{
		want:              true,
		want + "#section": false, // there is none
		"kb://desk/f%c3%bcr%20alle/50%25%20off%3f%20%231.md":    true,
		"kb://desk/für alle/50%25 off%3F %231.md":               true,
		"kb://desk/fu\u0308r alle/50%25 off%3F %231.md":         true,
		"KB://desk/f%C3%BCr%20alle/50%25%20off%3F%20%231.md":    true,
		"kb://desk/für alle/50% off? #1.md":                     false,
		"kb://other/f%C3%BCr%20alle/50%25%20off%3F%20%231.md":   false,
		"kb://me@desk/f%C3%BCr%20alle/50%25%20off%3F%20%231.md": false,
		"http://desk/f%C3%BCr%20alle/50%25%20off%3F%20%231.md":  false,
		want + "?version=1": false,
		"":                  false,
		"kb:":               false,
		"kb://desk/../desk/f%C3%BCr%20alle/50%25%20off%3F%20%231.md": false,
		"kb://desk/\x00":                    false,
		"kb://desk/%zz":                     false,
		"kb://" + strings.Repeat("a", 10e3): false,
	} {
		x, err := l.Find(t.Context(), uri)
		if (err == nil) != found || found && x.Document.URI != want {
			t.Errorf("Find(%q) = %v, %v", uri, x.Document.URI, err)
		}
	}
}

func TestSectionReadsWithWhatIsNestedInIt(t *testing.T) {
	l := desk(t)
	got, err := section(t, l, "kb://desk/refund-policy.md#change-of-mind")
	want := "## Change of mind\n\nWithin 30 days of the charge a customer may change their mind.\n\n" +
		"### Annual plans\n\nFor an annual plan the unused months count. Round down to whole months.\n\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	doc := l.Documents()[3]
	if got, err := section(t, l, doc.URI); err != nil || got != doc.Body {
		t.Errorf("without a section: %q, %v", got, err)
	}
	if got, err := section(t, l, "kb://desk/de/kuendigung.md#r%C3%BCckerstattung"); err != nil || !strings.HasPrefix(got, "## Rückerstattung") {
		t.Errorf("umlaut in the section: %q, %v", got, err)
	}
}

func TestSectionThatIsMissingNamesThoseThereAre(t *testing.T) {
	docs, _, err := knowledge.ReadFolder("desk", fstest.MapFS{
		"few.md":  {Data: []byte("intro\n# One\n# Two")},
		"none.md": {Data: []byte("text")},
		"many.md": {Data: []byte(strings.Repeat("# A\n", 25))},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := library(t, docs)
	for uri, next := range map[string]string{
		"kb://desk/few.md#three":                            "sections: one, two",
		"kb://desk/none.md#one":                             "read the whole document",
		"kb://desk/many.md#b":                               "a-19, and 5 more",
		"kb://desk/away.md#one":                             "search for",
		"kb://desk/" + strings.Repeat("a", 9e3) + "\u202e.": "search for",
	} {
		text, err := section(t, l, uri)
		if text != "" || fault.CodeOf(err) != fault.NotFound || fault.TookOf(err) != fault.No {
			t.Fatalf("Section(%q) = %q, %v", uri, text, err)
		}
		f, _ := errors.AsType[*fault.Error](err)
		if !strings.Contains(f.NextStep, next) || len(f.Message) > 500 {
			t.Errorf("Section(%.50q): message %q, next step %q", uri, f.Message, f.NextStep)
		}
	}
}

func TestNewRefusesDocumentsThatCouldNotBeReadAgain(t *testing.T) {
	good := knowledge.Document{Source: "desk", Path: "a b.md", URI: "kb://desk/a%20b.md", Title: "A", Body: "text"}
	with := func(change func(*knowledge.Document)) knowledge.Document {
		doc := good
		change(&doc)
		return doc
	}
	section := func(start, end int) knowledge.Document {
		return with(func(d *knowledge.Document) { d.Sections = []knowledge.Section{{Slug: "s", Start: start, End: end}} })
	}
	for name, tc := range map[string]struct {
		docs []knowledge.Document
		ok   bool
	}{
		"none":               {nil, true},
		"one":                {[]knowledge.Document{good}, true},
		"twice":              {[]knowledge.Document{good, good}, false},
		"no URI":             {[]knowledge.Document{{}}, false},
		"other spelling":     {[]knowledge.Document{with(func(d *knowledge.Document) { d.URI = "kb://desk/a b.md" })}, false},
		"other path":         {[]knowledge.Document{with(func(d *knowledge.Document) { d.Path = "b.md" })}, false},
		"section in body":    {[]knowledge.Document{section(0, 4)}, true},
		"section too long":   {[]knowledge.Document{section(0, 5)}, false},
		"section before":     {[]knowledge.Document{section(-1, 4)}, false},
		"section turned":     {[]knowledge.Document{section(3, 2)}, false},
		"sections unordered": {[]knowledge.Document{with(func(d *knowledge.Document) { d.Sections = []knowledge.Section{{Start: 2, End: 3}, {Start: 0, End: 1}} })}, false},
	} {
		if _, err := knowledge.New(tc.docs); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLibraryDoesNotChangeWithTheSlicesAroundIt(t *testing.T) {
	docs, _, err := knowledge.ReadFolder("desk", os.DirFS("testdata/desk"))
	if err != nil {
		t.Fatal(err)
	}
	l := library(t, docs)
	want := l.Documents()[0].URI
	clear(docs)
	clear(l.Documents())
	if got := l.Documents()[0].URI; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// archive has one state of one document.
type archive struct{ doc knowledge.Document }

func (a archive) Version(_ context.Context, source, path, version string) (knowledge.Document, bool, error) {
	return a.doc, a.doc.Source == source && a.doc.Path == path && a.doc.Version == version, nil
}
