package tools_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/sandbox/samples"
	"supportmcp/server/servertest"
)

// document is what a test reads of fetch.
type document struct {
	ID, Title, Text, URL string
	Metadata             struct{ Truncated bool }
	Next                 string `json:"next_cursor"`
}

// file is a document of the folder that the tests read.
func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func reading(t *testing.T, files fs.FS) *servertest.Desk {
	t.Helper()
	return servertest.Start(t, servertest.Setup{Policy: policy, Knowledge: files})
}

// whole reads a document to its end.
func whole(t *testing.T, d *servertest.Desk, id string) (text string, pieces int) {
	t.Helper()
	for call := (args{"id": id}); ; {
		a := d.Call("fetch", call)
		if a.IsError {
			t.Fatalf("answered %s", a.Text)
		}
		checkText(t, a.Text)
		var doc document
		a.Into(t, &doc)
		if doc.ID != id || doc.URL != id || doc.Title == "" || doc.Text == "" || doc.Metadata.Truncated != (doc.Next != "") {
			t.Fatalf("a piece is %.300s…", a.Text)
		}
		text += doc.Text
		if pieces++; doc.Next == "" {
			return text, pieces
		}
		call = with(call, "cursor", doc.Next)
	}
}

func TestEveryDocumentIsReadWhole(t *testing.T) {
	t.Parallel()
	var manual strings.Builder
	for i := range 400 {
		fmt.Fprintf(&manual, "## Part %d\n\nTo “refund” — if <b>asked</b> & {\"allowed\"} — see part %d. 日本語 Ünïcödé 😀\n\n", i, i+1)
	}
	files := fstest.MapFS{
		"manual.md": file("# Manual\n\n" + manual.String()), "long-line.txt": file(strings.Repeat("word ", 20_000)),
		"one-word.txt": file(strings.Repeat("字", 9000)), "short.md": file("# Short\n\nIt is short."),
		"empty-lines.md": file("# Lines\n" + strings.Repeat("\n", 30_000) + "end"),
		"worst.md":       file("# " + strings.Repeat("\U00012000", 300) + "\n\n" + strings.Repeat("\U00012000\U000121f3", 9000)),
		"symbols.txt":    file(strings.Repeat(`q"Zx{%7\~Kj#^v|}`, 2000)),
	}
	for _, folder := range []fs.FS{files, samples.Knowledge()} {
		docs, refused, err := knowledge.ReadFolder("northwind", folder)
		must(t, err)
		if len(refused) > 0 {
			t.Fatalf("refused are %v", refused)
		}
		d := reading(t, folder)
		for _, doc := range docs {
			text, pieces := whole(t, d, doc.URI)
			if text != doc.Body {
				t.Errorf("%s: read are %d bytes of %d", doc.URI, len(text), len(doc.Body))
			}
			if long := doc.Size > 16_000; long != (pieces > 1) && !strings.Contains(doc.Path, "worst") {
				t.Errorf("%s: %d bytes are read in %d pieces", doc.URI, doc.Size, pieces)
			}
		}
	}
}

func TestALongSectionIsReadWhole(t *testing.T) {
	t.Parallel()
	section := "## Long\n\n" + strings.Repeat("A line of the section.\n", 900)
	d := reading(t, fstest.MapFS{"a.md": file("# A\n\nBefore.\n\n" + section + "## After\n\nNot this.")})
	text, pieces := whole(t, d, "kb://northwind/a.md#long")
	if text != section || pieces < 3 {
		t.Errorf("read are %d bytes of %d in %d pieces", len(text), len(section), pieces)
	}
}

// Two versions of a document are never put together, in the same process or the
// next one.
func TestADocumentThatChangedIsReadAnew(t *testing.T) {
	t.Parallel()
	long := "# Terms\n\n" + strings.Repeat("Refunds within 30 days.\n", 1000)
	d := reading(t, fstest.MapFS{"terms.md": file(long), "twin.md": file(long)})
	call := args{"id": "kb://northwind/terms.md"}
	var first document
	d.Call("fetch", call).Into(t, &first)
	call["cursor"] = first.Next
	for name, text := range map[string]string{
		"changed before": strings.Replace(long, "30", "14", 1), "changed after": long + "Not in sales.",
		"shortened": "# Terms\n\nNo refunds.",
	} {
		later := d.Another(servertest.Setup{Policy: policy, Knowledge: fstest.MapFS{"terms.md": file(text)}})
		if got := stray(t, later, "fetch", call); !strings.Contains(got, "the text has changed since; start again") {
			t.Errorf("%s: answered %s", name, got)
		}
	}
	same := d.Another(servertest.Setup{Policy: policy, Knowledge: fstest.MapFS{"terms.md": file(long), "new.md": file("# New")}})
	if a := same.Call("fetch", call); a.IsError {
		t.Errorf("beside a new document the old one is answered %s", a.Text)
	}
	garbled := stray(t, d, "fetch", with(call, "cursor", "garbled"))
	if got := stray(t, d, "fetch", with(call, "id", "kb://northwind/twin.md")); got != garbled {
		t.Errorf("a cursor into another document is answered %s, a garbled one %s", got, garbled)
	}
}

// results is what a test reads of search.
type results struct {
	Results []struct{ ID, Title, URL, Section, Snippet string }
	Next    string `json:"next_cursor"`
}

func search(t *testing.T, d *servertest.Desk, call args) results {
	t.Helper()
	a := d.Call("search", call)
	if a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	checkText(t, a.Text)
	var r results
	a.Into(t, &r)
	return r
}

// shelf are n documents about refunds, whose every text is long.
func shelf(n int, text string) fstest.MapFS {
	files := fstest.MapFS{}
	for i := range n {
		name := fmt.Sprintf("doc-%02d.md", i)
		files[name] = file(fmt.Sprintf("# Title %d %s\n\n## Section %s\n\n### Part %s\n\nA refund %s", i, text, text, text, strings.Repeat(text+" ", i+1)))
	}
	return files
}

func TestEveryHitIsReachedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n    int
		text string
	}{
		"none": {0, "x"}, "a page": {5, "short"}, "a page and a hit": {6, "short"}, "pages": {23, "short"},
		"long texts": {9, strings.Repeat("\U00012000", 150)}, "odd texts": {9, strings.Repeat(`Zx{%7~Kj#^v|}`, 12)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := reading(t, shelf(c.n, c.text))
			seen := map[string]int{}
			for call, more := (args{"query": "refund"}), true; more; {
				r := search(t, d, call)
				for _, hit := range r.Results {
					id, _, _ := strings.Cut(hit.ID, "#")
					seen[id]++
				}
				if len(r.Results) > 5 || len(r.Results) == 0 && c.n > 0 {
					t.Fatalf("a page has %d hits", len(r.Results))
				}
				call, more = with(call, "cursor", r.Next), r.Next != ""
			}
			if len(seen) != c.n {
				t.Errorf("%d documents are found of %d: %v", len(seen), c.n, seen)
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("%s is found %d times", id, n)
				}
			}
		})
	}
}

func TestHitsGoOnOnlyWhereTheyWere(t *testing.T) {
	t.Parallel()
	files := shelf(12, "short")
	d := reading(t, files)
	call := args{"query": "refund"}
	call["cursor"] = search(t, d, call).Next
	files["doc-00.md"] = file("# Refund\n\nrefund, refund, refund")
	changed := d.Another(servertest.Setup{Policy: policy, Knowledge: files})
	if got := stray(t, changed, "search", call); !strings.Contains(got, "what is found has changed since; start again") {
		t.Errorf("answered %s", got)
	}
	told, err := base64.RawURLEncoding.DecodeString(fmt.Sprint(call["cursor"]))
	must(t, err)
	for _, cursor := range []string{made(strings.Replace(string(told), ".5.", ".999999999.", 1)), "garbled", strings.Repeat("A", 500)} {
		stray(t, d, "search", with(call, "cursor", cursor))
	}
	stray(t, d, "search", with(call, "query", "refunds"))
}

// terms are documents of two languages, ages and audiences.
func terms() fstest.MapFS {
	return fstest.MapFS{
		"refunds.md":  file("---\ntitle: Refunds\naudience: customer\neffective_from: 2026-01-01\n---\n## Window\n\nRefunds are made within 14 days of the charge."),
		"old.md":      file("---\ntitle: Refunds of 2025\naudience: customer\neffective_to: 2025-12-31\n---\n## Window\n\nRefunds were made within 30 days of the charge."),
		"next.md":     file("---\ntitle: Refunds of 2099\neffective_from: 2099-01-01\n---\nRefunds will be made within 7 days of the charge."),
		"de.md":       file("---\ntitle: Erstattung\n---\nErstattungen gibt es innerhalb von 14 Tagen nach der Abbuchung."),
		"internal.md": file("# Goodwill\n\nA goodwill voucher is for agents to decide, and it is not announced."),
	}
}

// hits are the ids of what is found, with what is said of each.
func found(t *testing.T, d *servertest.Desk, call args) (ids []string, coverage string) {
	t.Helper()
	a := d.Call("search", call)
	var r struct {
		Coverage string
		Results  []struct {
			ID, Version string
			Stale       bool
			Internal    bool
		}
	}
	a.Into(t, &r)
	if a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	for _, hit := range r.Results {
		if hit.Version == "" {
			t.Errorf("%s has no version", hit.ID)
		}
		id := strings.TrimPrefix(hit.ID, "kb://northwind/")
		if hit.Stale {
			id += " stale"
		}
		if hit.Internal {
			id += " internal"
		}
		ids = append(ids, id)
	}
	return ids, r.Coverage
}

func TestASearchCanBeNarrowed(t *testing.T) {
	t.Parallel()
	d := reading(t, terms())
	for name, c := range map[string]struct {
		call args
		want []string
	}{
		"as it is now":        {args{"query": "refunds within days"}, []string{"refunds.md#window", "old.md#window stale"}},
		"on a day of then":    {args{"query": "refunds within days", "as_of": "2025-06-30"}, []string{"old.md#window"}},
		"on its last day":     {args{"query": "refunds within days", "as_of": "2025-12-31"}, []string{"old.md#window"}},
		"on a day to come":    {args{"query": "refunds within days", "as_of": "2100-01-01"}, []string{"refunds.md#window", "next.md internal"}},
		"in a language":       {args{"query": "Erstattung Refunds", "lang": "de"}, []string{"de.md internal"}},
		"in two wordings":     {args{"query": "refunds within days", "queries": []string{"Erstattungen innerhalb von Tagen"}, "as_of": "2026-02-01"}, []string{"de.md internal", "refunds.md#window"}},
		"of a source":         {args{"query": "goodwill voucher", "source": "northwind"}, []string{"internal.md#goodwill internal"}},
		"to what agents read": {args{"query": "voucher announced"}, []string{"internal.md#goodwill internal"}},
	} {
		if got, coverage := found(t, d, c.call); !slices.Equal(got, c.want) || coverage != "some" {
			t.Errorf("%s: found %q, want %q; coverage %s", name, got, c.want, coverage)
		}
	}
	for field, call := range map[string]args{
		"as_of":   {"query": "refund", "as_of": "soon"},
		"source":  {"query": "refund", "source": "wiki"},
		"queries": {"query": "refund", "queries": []string{"a", "b", "c", "d", "e", "f"}},
	} {
		if a := d.Call("search", call); a.Code != "invalid" || !strings.HasPrefix(a.Message, field+": ") {
			t.Errorf("%v is answered %s", call, a.Text)
		}
	}
}

// What nobody has written about is told as such, not as the nearest document, and
// once to those who write.
func TestWhatNoDocumentAnswersIsTold(t *testing.T) {
	t.Parallel()
	var missed []string
	d := servertest.Start(t, servertest.Setup{Policy: policy, Knowledge: terms(), Unanswered: func(_ context.Context, q string) { missed = append(missed, q) }})
	for _, call := range []args{
		{"query": "opening hours of the office in Paris"},
		{"query": "the and of"},
		{"query": "gift card", "lang": "de"}, // there may be one in another language
	} {
		if got, coverage := found(t, d, call); len(got) > 0 || coverage != "none" {
			t.Errorf("%v: found %q, coverage %s", call, got, coverage)
		}
	}
	if want := []string{"opening hours of the office in Paris", "the and of"}; !slices.Equal(missed, want) {
		t.Errorf("told are %q, want %q", missed, want)
	}
}

func TestADocumentIsReadWithWhatACitationNeeds(t *testing.T) {
	t.Parallel()
	d := reading(t, terms())
	type read struct {
		Text     string
		Metadata struct {
			Citation, Section, Lang string
			To                      string `json:"effective_to"`
			Stale, Internal         bool
			Truncated               bool
		}
	}
	var old, again, short read
	d.Call("fetch", args{"id": "kb://northwind/old.md#window"}).Into(t, &old)
	if m := old.Metadata; m.Section != "Window" || m.Lang != "en" || m.To != "2025-12-31" || !m.Stale || m.Internal || !strings.Contains(m.Citation, "old.md?version=") {
		t.Errorf("read is %+v", old)
	}
	if d.Call("fetch", args{"id": old.Metadata.Citation}).Into(t, &again); again.Text != old.Text || again.Metadata.Citation != old.Metadata.Citation {
		t.Errorf("by its citation is read %+v", again)
	}
	if a := d.Call("fetch", args{"id": "kb://northwind/old.md?version=0123456789abcdef"}); a.Code != "not_found" {
		t.Errorf("a version that never was is answered %s", a.Text)
	}
	long := reading(t, fstest.MapFS{"a.md": file(strings.Repeat("A line of text.\n", 400))})
	long.Call("fetch", args{"id": "kb://northwind/a.md", "max_bytes": 300}).Into(t, &short)
	if len(short.Text) > 300 || len(short.Text) < 150 || !short.Metadata.Truncated {
		t.Errorf("of at most 300 bytes are read %d", len(short.Text))
	}
}
