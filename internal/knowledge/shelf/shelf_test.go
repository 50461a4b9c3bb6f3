package shelf_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
)

var postgres ledgertest.Postgres

func TestMain(m *testing.M) { ledgertest.Main(m, postgres.Stop) }

// clock is moved by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// onBoth runs a test on a ledger of each engine.
func onBoth(t *testing.T, test func(t *testing.T, db *ledger.Ledger, c *clock)) {
	t.Parallel()
	file := func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "state", "ledger.db") }
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": file, "PostgreSQL": postgres.Fresh} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
			l, err := ledger.Open(t.Context(), fresh(t), ledger.Options{Now: c.Now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, l, c)
		})
	}
}

// drawer is a source whose files the test puts in.
type drawer struct {
	files   map[string]string
	fails   error // after so many files
	after   int
	put     []string // paths handed out by the newest sync
	cursors []string // that it was told
	during  func()   // at the beginning of a sync
	between func()   // before each document
}

func (d *drawer) Name() string { return "desk" }

func (d *drawer) Sync(_ context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	d.put, d.cursors = nil, append(d.cursors, last.Cursor)
	now := knowledge.State{Cursor: fmt.Sprint("c", len(d.cursors)), Marks: map[string]string{}}
	if d.during != nil {
		d.during()
	}
	for i, path := range slices.Sorted(maps.Keys(d.files)) {
		if d.fails != nil && i >= d.after {
			return knowledge.State{}, d.fails
		}
		mark := fmt.Sprintf("%x", sha256.Sum256([]byte(d.files[path])))
		now.Marks[path] = mark
		if last.Marks[path] == mark {
			continue
		}
		d.put = append(d.put, path)
		if d.between != nil {
			d.between()
		}
		if err := put(knowledge.File{Path: path, Content: []byte(d.files[path]), Mark: mark}); err != nil {
			return knowledge.State{}, err
		}
	}
	return now, d.fails
}

func newShelf(db shelf.Database, c *clock) *shelf.Shelf {
	return shelf.New(db, c.Now, map[string]shelf.Defaults{"desk": {}})
}

// served is what a shelf serves, as path and text.
func served(t *testing.T, s *shelf.Shelf) map[string]string {
	t.Helper()
	docs, unread, err := s.Load(t.Context(), nil)
	if err != nil || len(unread) > 0 {
		t.Fatal(err, unread)
	}
	out := map[string]string{}
	for _, d := range docs {
		out[d.Path] = d.Body
	}
	return out
}

func sync(t *testing.T, s *shelf.Shelf, src knowledge.Source) shelf.Report {
	t.Helper()
	r, err := s.Sync(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantServed(t *testing.T, s *shelf.Shelf, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, served(t, s)); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

func TestDocumentsFollowTheirSource(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		s, src := newShelf(db, c), &drawer{files: map[string]string{"a.md": "one", "b/c.md": "two"}}
		if r := sync(t, s, src); r.Taken != 2 || r.Gone != 0 || len(r.Refused) != 0 {
			t.Errorf("the first sync did %+v", r)
		}
		wantServed(t, s, map[string]string{"a.md": "one", "b/c.md": "two"})
		before, _ := s.Generation(t.Context())
		if r := sync(t, s, src); r.Changed() || len(src.put) != 0 {
			t.Errorf("nothing had changed, and the sync did %+v with %v", r, src.put)
		}
		if after, _ := s.Generation(t.Context()); after != before {
			t.Errorf("the generation went from %d to %d without a change", before, after)
		}
		delete(src.files, "a.md")
		src.files["b/c.md"] = "other"
		if r := sync(t, s, src); r.Taken != 1 || r.Gone != 1 {
			t.Errorf("a change and a removal did %+v", r)
		}
		wantServed(t, s, map[string]string{"b/c.md": "other"})
		if after, _ := s.Generation(t.Context()); after != before+1 {
			t.Errorf("the generation went from %d to %d with one change", before, after)
		}
		if !slices.Equal(src.cursors, []string{"", "c1", "c2"}) {
			t.Errorf("the source was told the cursors %q", src.cursors)
		}
	})
}

// What was cited in March can be read in June, also when the document is gone.
func TestEveryStateThatWasServedCanBeReadAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		s, src := newShelf(db, c), &drawer{files: map[string]string{"a.md": "# Refunds\n\n30 days"}}
		sync(t, s, src)
		docs, _, err := s.Load(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		library, err := knowledge.New(docs)
		if err != nil {
			t.Fatal(err)
		}
		library.Archive = s
		cited, err := library.Find(t.Context(), docs[0].URI+"#refunds")
		if err != nil {
			t.Fatal(err)
		}
		c.now = c.now.AddDate(0, 3, 0)
		src.files["a.md"] = "# Refunds\n\n14 days"
		sync(t, s, src)
		for _, state := range []string{"changed", "gone"} {
			if docs, _, err = s.Load(t.Context(), docs); err != nil {
				t.Fatal(err)
			}
			if err := library.Replace(docs); err != nil {
				t.Fatal(err)
			}
			again, err := library.Find(t.Context(), cited.Citation)
			if err != nil || again.Text != cited.Text || !again.Former || again.Section.Slug != "refunds" {
				t.Errorf("when it has %s, %s is read as %+v: %v", state, cited.Citation, again, err)
			}
			delete(src.files, "a.md")
			sync(t, s, src)
		}
		for _, uri := range []string{"kb://desk/a.md?version=0123456789abcdef", "kb://desk/b.md?version=x", "kb://other/a.md?version=x", "kb://desk/a.md"} {
			if x, err := library.Find(t.Context(), uri); err == nil {
				t.Errorf("%s is read as %+v", uri, x)
			}
		}
	})
}

func TestAFailingSourceKeepsItsLastGoodDocuments(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		s, src := newShelf(db, c), &drawer{files: map[string]string{"a.md": "one", "b.md": "two", "c.md": "three"}}
		sync(t, s, src)
		good := c.now
		c.now = c.now.Add(time.Hour)
		src.files = map[string]string{"a.md": "new", "c.md": "changed"}
		src.fails, src.after = errors.New("the token\x00 was revoked"), 1
		if _, err := s.Sync(t.Context(), src); !errors.Is(err, src.fails) {
			t.Errorf("the sync ended with %v", err)
		}
		wantServed(t, s, map[string]string{"a.md": "new", "b.md": "two", "c.md": "three"})
		st := status(t, s)
		if st.Failure != "the token was revoked" || !st.SyncedAt.Equal(good) || !st.TriedAt.Equal(c.now) || st.Documents != 3 {
			t.Errorf("the status is %+v", st)
		}
		src.fails = nil
		if r := sync(t, s, src); r.Taken != 1 || r.Gone != 1 || slices.Contains(src.put, "a.md") {
			t.Errorf("when it works again the sync did %+v with %v", r, src.put)
		}
		if st = status(t, s); st.Failure != "" || !st.SyncedAt.Equal(c.now) {
			t.Errorf("when it works again the status is %+v", st)
		}
	})
}

func status(t *testing.T, s *shelf.Shelf) shelf.Status {
	t.Helper()
	all, err := s.Status(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

// A document that is broken by an edit is served as it was, and told.
func TestABrokenEditLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		s, src := newShelf(db, c), &drawer{files: map[string]string{"a.md": "good", "new.md": "\xff"}}
		if r := sync(t, s, src); r.Taken != 1 || len(r.Refused) != 1 {
			t.Errorf("the sync did %+v", r)
		}
		for _, broken := range []string{"---\ntitel: A\n---\ngood", "---\nopen", "<script>", strings.Repeat("x", knowledge.MaxSize+1)} {
			src.files["a.md"] = broken
			if r := sync(t, s, src); r.Changed() || len(r.Refused) != 2 {
				t.Errorf("%.20q: the sync did %+v", broken, r)
			}
			wantServed(t, s, map[string]string{"a.md": "good"})
			if st := status(t, s); len(st.Refused) != 2 || st.Refused[0].Path != "a.md" || st.Refused[0].Reason == "" {
				t.Errorf("%.20q: the status is %+v", broken, st)
			}
		}
		src.files["a.md"] = "better"
		delete(src.files, "new.md")
		sync(t, s, src)
		wantServed(t, s, map[string]string{"a.md": "better"})
		if st := status(t, s); len(st.Refused) != 0 {
			t.Errorf("mended, the status is %+v", st)
		}
	})
}

func TestOneProcessSyncsASourceAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		mine, theirs := newShelf(db, c), newShelf(db, c)
		src := &drawer{files: map[string]string{"a.md": "one"}}
		src.during = func() {
			if _, err := theirs.Sync(t.Context(), &drawer{}); !errors.Is(err, shelf.ErrBusy) {
				t.Errorf("a second process meets %v", err)
			}
		}
		sync(t, mine, src)
		wantServed(t, theirs, map[string]string{"a.md": "one"})
		// A source that takes its time stays with who syncs it, document by document.
		src.files = map[string]string{"a.md": "two", "b.md": "two", "c.md": "two", "d.md": "two"}
		src.during = nil
		src.between = func() {
			c.now = c.now.Add(40 * time.Second)
			if _, err := theirs.Sync(t.Context(), &drawer{}); !errors.Is(err, shelf.ErrBusy) {
				t.Errorf("after %v, a second process meets %v", c.now, err)
			}
		}
		sync(t, mine, src)
		// Whoever died in the middle keeps it for a minute, and then has lost it.
		src.between, src.files = nil, map[string]string{"a.md": "late"}
		src.during = func() {
			c.now = c.now.Add(2 * time.Minute)
			sync(t, theirs, &drawer{files: map[string]string{"b.md": "new"}})
		}
		if _, err := mine.Sync(t.Context(), src); !errors.Is(err, shelf.ErrBusy) {
			t.Errorf("who comes back late meets %v", err)
		}
		wantServed(t, theirs, map[string]string{"b.md": "new"})
	})
}

func TestOnlyConfiguredSourcesAreServed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		sync(t, newShelf(db, c), &drawer{files: map[string]string{"a.md": "one"}})
		other := shelf.New(db, c.Now, map[string]shelf.Defaults{"shop": {}})
		wantServed(t, other, map[string]string{})
		internal := shelf.New(db, c.Now, map[string]shelf.Defaults{"desk": {Lang: "de", Audience: knowledge.ForCustomers}})
		docs, _, err := internal.Load(t.Context(), nil)
		if err != nil || len(docs) != 1 || docs[0].Lang != "de" || docs[0].Audience != knowledge.ForCustomers {
			t.Errorf("with defaults the documents are %+v: %v", docs, err)
		}
	})
}

func TestGapsAreCountedWithoutPersonalData(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		s := newShelf(db, c)
		for _, q := range []string{
			"Widget for anna@example.com?", "widget FOR bob@example.org?", "gift card 4242 4242 4242 4242",
			"refund ch_3PqRsT2eZvKYlo2C", "call +49 170 1234567", "anna@example.com", "",
		} {
			if err := s.RecordGap(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			c.now = c.now.Add(time.Minute)
		}
		gaps, err := s.Gaps(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range gaps {
			got = append(got, fmt.Sprintf("%d %s", g.Asked, g.Query))
		}
		want := []string{"2 widget for …", "1 call …", "1 refund …", "1 gift card …"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		c.now = c.now.AddDate(0, 4, 0)
		if err := s.RecordGap(t.Context(), "loyalty points"); err != nil {
			t.Fatal(err)
		}
		if gaps, err = s.Gaps(t.Context()); err != nil || len(gaps) != 1 || gaps[0].Query != "loyalty points" {
			t.Errorf("months later, the gaps are %+v: %v", gaps, err)
		}
	})
}

// A first sync of a large source is stored in pieces, and served as one.
func TestManyDocumentsAreStored(t *testing.T) {
	onBoth(t, func(t *testing.T, db *ledger.Ledger, c *clock) {
		src := &drawer{files: map[string]string{}}
		for i := range 450 {
			src.files[fmt.Sprintf("%03d.md", i)] = fmt.Sprint("text ", i)
		}
		s := newShelf(db, c)
		if r := sync(t, s, src); r.Taken != 450 {
			t.Errorf("the sync did %+v", r)
		}
		wantServed(t, s, src.files)
	})
}
