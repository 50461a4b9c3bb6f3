package knowledge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"supportmcp/internal/knowledge"
)

// hit is what the tests read of a hit.
type hit struct {
	URI, Title, Heading, Snippet string
	Score                        float64
}

// look asks one question.
func look(l *knowledge.Library, query string, k int) []hit {
	var out []hit
	for _, h := range l.Search(knowledge.Query{Texts: []string{query}, K: k}).Hits {
		out = append(out, hit{h.At, h.Title, h.Heading, h.Snippet, h.Score})
	}
	return out
}

func TestSearchFindsTheSectionThatAnswers(t *testing.T) {
	l := desk(t)
	for query, want := range map[string]string{
		"customer was charged twice":        "kb://desk/refund-policy.md#duplicates",
		"CHARGED TWICE!!!":                  "kb://desk/refund-policy.md#duplicates",
		"duplicate":                         "kb://desk/refund-policy.md#duplicates",
		"refund of an annual plan":          "kb://desk/refund-policy.md#annual-plans",
		"the bank opened a dispute":         "kb://desk/refund-policy.md#disputes",
		"give money back":                   "kb://desk/refund-policy.md",
		"keep access after cancelling":      "kb://desk/cancellation.md#cancelling-a-subscription",
		"immediate cancellation in writing": "kb://desk/cancellation.md#immediate-cancellation",
		"how long are notes kept":           "kb://desk/cancellation.md#coming-back",
		"why was my card declined":          "kb://desk/billing/failed-payments.md#why-cards-are-declined",
		"retry":                             "kb://desk/billing/failed-payments.md#retries",
		"tax":                               "kb://desk/billing/failed-payments.md#taxes",
		"Kündigung":                         "kb://desk/de/kuendigung.md#k%C3%BCndigung",
		"KUENDIGUNG":                        "kb://desk/de/kuendigung.md#k%C3%BCndigung",
		"Ku\u0308ndigung":                   "kb://desk/de/kuendigung.md#k%C3%BCndigung",
		"groessere teams":                   "kb://desk/de/kuendigung.md#k%C3%BCndigung",
		"moechte koennen größere":           "kb://desk/de/kuendigung.md#k%C3%BCndigung",
		"strasse":                           "kb://desk/de/kuendigung.md#r%C3%BCckerstattung",

		"wann erstatten wir doppelte Abbuchungen?": "kb://desk/de/kuendigung.md#r%C3%BCckerstattung",
		"dis\u200bpute\u202e":                      "kb://desk/refund-policy.md#disputes",
	} {
		hits := look(l, query, 5)
		if len(hits) == 0 || hits[0].URI != want {
			t.Errorf("Search(%q) = %+v, want %s first", query, hits, want)
		}
	}
}

func TestSearchDescribesAHit(t *testing.T) {
	hits := look(desk(t), "unused months", 1)
	want := []hit{{
		URI: "kb://desk/refund-policy.md#annual-plans", Title: "Refund policy",
		Heading: "Refunds > Change of mind > Annual plans",
		Snippet: "For an annual plan the unused months count. Round down to whole months.",
	}}
	if len(hits) == 1 && hits[0].Score > 0 {
		want[0].Score = hits[0].Score
	}
	if diff := cmp.Diff(want, hits); diff != "" {
		t.Error(diff)
	}
}

func TestSearchFindsNothingWithoutAWordThatSaysSomething(t *testing.T) {
	l := desk(t)
	for _, query := range []string{
		"", "   ", "the", "and is to it", "wie und wann ist das", "?!\"'()*:^", "it's", "\x00\x01", "\u202e\u200b",
		"xylophone", strings.Repeat("the ", 5000), "\xff\xfe",
	} {
		if hits := look(l, query, 5); len(hits) > 0 {
			t.Errorf("Search(%.40q) = %+v", query, hits)
		}
	}
}

func TestSearchGivesAtMostSoManyHitsOnePerDocument(t *testing.T) {
	l := desk(t)
	all := look(l, "customer subscription Abo charge", 100)
	if len(all) != 4 {
		t.Fatalf("want every document once, got %+v", all)
	}
	for k, want := range map[int]int{math.MinInt: 0, -1: 0, 0: 0, 1: 1, 3: 3, math.MaxInt: 4} {
		got := look(l, "customer subscription Abo charge", k)
		if !slices.Equal(got, all[:want]) {
			t.Errorf("k = %d: got %+v", k, got)
		}
	}
}

func TestSearchOfAnEmptyLibraryFindsNothing(t *testing.T) {
	if hits := look(library(t, nil), "refund", 5); len(hits) > 0 {
		t.Error(hits)
	}
}

func TestSearchBreaksTiesByURI(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"c.md", "a/z.md", "b.md", "a.md"} {
		files[name] = &fstest.MapFile{Data: []byte("---\ntitle: same\n---\nrefund")}
	}
	docs, _, err := knowledge.ReadFolder("desk", files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range look(library(t, docs), "refund", 9) {
		got = append(got, h.URI)
	}
	want := []string{"kb://desk/a.md", "kb://desk/a/z.md", "kb://desk/b.md", "kb://desk/c.md"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSearchReadsTitlesHeadingsAndText(t *testing.T) {
	docs, _, err := knowledge.ReadFolder("desk", fstest.MapFS{
		"title.md":   {Data: []byte("---\ntitle: Vouchers\n---\nSomething else.")},
		"heading.md": {Data: []byte("# Topic\n\n## Vouchers")},
		"parent.md":  {Data: []byte("# Vouchers\n\n## Buying\n\nIn the shop.")},
		"text.md":    {Data: []byte("Long ago we sold vouchers in the shop round the corner.")},
		"other.md":   {Data: []byte("Nothing of that.")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, h := range look(library(t, docs), "voucher", 9) {
		got[h.URI] = h.Snippet
	}
	want := map[string]string{
		"kb://desk/title.md":            "Something else.",
		"kb://desk/heading.md#vouchers": "",
		"kb://desk/parent.md#buying":    "In the shop.",
		"kb://desk/text.md":             "Long ago we sold vouchers in the shop round the corner.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSnippetsShowTheWordsAskedForInBoundedLength(t *testing.T) {
	filler := strings.Repeat("lorem ipsum dolor sit amet\n", 40)
	for name, tc := range map[string]struct{ text, query, want string }{
		"far inside":       {filler + "The zebra sleeps. " + filler, "zebra", "zebra"},
		"at the end":       {filler + "the zebra", "zebra", "zebra"},
		"most words first": {filler + "zebra " + filler + "the zebra has stripes", "zebra stripes", "zebra has stripes"},
		"one long line":    {strings.ReplaceAll(filler, "\n", " ") + "zebra", "zebra", "zebra"},
		"one long word":    {strings.Repeat("ü", 5000), strings.Repeat("ü", 5000), "üüü"},
		"table":            {"| animal | legs |\n|---|---|\n| zebra | 4 |", "zebra", "| zebra | 4 |"},
	} {
		t.Run(name, func(t *testing.T) {
			hits := look(library(t, []knowledge.Document{read(t, "a.md", tc.text)}), tc.query, 1)
			if len(hits) != 1 {
				t.Fatal("not found")
			}
			got := hits[0].Snippet
			if !strings.Contains(got, tc.want) || utf8.RuneCountInString(got) > 400 || strings.ContainsAny(got, "\n\t") {
				t.Errorf("got %q, want it to hold %q", got, tc.want)
			}
		})
	}
}

func TestSnippetIsCleanEvenWhenTheDocumentIsNot(t *testing.T) {
	body := "refund \u202ereversed\x00\u200b"
	l := library(t, []knowledge.Document{{
		Source: "x", Path: "a", URI: "kb://x/a", Body: body, Sections: []knowledge.Section{{End: len(body)}},
	}})
	if got := look(l, "refund", 1)[0].Snippet; got != "refund reversed" {
		t.Errorf("got %q", got)
	}
}

func TestSearchDoesNotDependOnTheOrderOfDocuments(t *testing.T) {
	docs := synthetic(t, 12, 20)
	want := library(t, docs)
	words := rapid.SampledFrom(vocabulary(40))
	rapid.Check(t, func(t *rapid.T) {
		asked := rapid.SliceOfN(words, 1, 6).Draw(t, "query")
		shuffled, err := knowledge.New(rapid.Permutation(docs).Draw(t, "documents"))
		if err != nil {
			t.Fatal(err)
		}
		before, after := look(want, strings.Join(asked, " "), 10), look(shuffled, strings.Join(asked, " "), 10)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSearchTakesAnyQuery(t *testing.T) {
	l := desk(t)
	pieces := rapid.SampledFrom([]string{
		"refund", "customer", `"`, "'", "AND", "NOT ", "-", "*", "(", "NEAR/2", "title:", "\x00", "\u202e", "\u200d", "\xff",
		" ", "\n", "ü", "u\u0308", "ß", "İ", "50.00", "%", "';--", strings.Repeat("refund customer ", 640),
	})
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		query := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "query"), "")
		hits := look(l, query, 3)
		for i, h := range hits {
			if h.Score <= 0 || math.IsNaN(h.Score) || math.IsInf(h.Score, 0) || i > 0 && h.Score > hits[i-1].Score {
				t.Fatalf("scores of %+v", hits)
			}
			if _, err := l.Find(ctx, h.URI); err != nil || strings.ContainsFunc(h.Snippet, isUnsafe) {
				t.Fatalf("hit %+v: %v", h, err)
			}
		}
	})
}

func TestLibraryIsSafeForConcurrentUse(t *testing.T) {
	l := desk(t)
	want := look(l, "refund customer", 4)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if got := look(l, "refund customer", 4); !slices.Equal(got, want) {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
	group.Wait()
}

// synthetic makes documents of five sections of so many words, common and
// rare words mixed as in a language.
func synthetic(t testing.TB, n, words int) []knowledge.Document {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.2, 4, 19_999)
	files := fstest.MapFS{}
	for i := range n {
		var text strings.Builder
		for section := range 5 {
			fmt.Fprintf(&text, "\n## w%d w%d\n", section, zipf.Uint64())
			for range words {
				fmt.Fprintf(&text, "w%d ", zipf.Uint64())
			}
		}
		files[fmt.Sprintf("%04d.md", i)] = &fstest.MapFile{Data: []byte(text.String())}
	}
	docs, refused, err := knowledge.ReadFolder("made", files)
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	return docs
}

func vocabulary(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i*i)
	}
	return words
}

// What is found does not depend on in how many parts the documents were indexed.
func TestSearchDoesNotDependOnTheProcessors(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	text := func(words int) string {
		var out strings.Builder
		for range words {
			out.WriteString(invented(random, 2+random.IntN(2)) + " ")
		}
		return out.String()
	}
	var docs []knowledge.Document
	for i := range 120 {
		doc, err := knowledge.Parse("made", knowledge.File{Path: fmt.Sprintf("%03d.md", i), Content: []byte(text(60)), Lang: []string{"en", "de", "fr"}[i%3]})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	one, several := libraryBy(t, 1, docs), libraryBy(t, 3, docs)
	for range 30 {
		q := knowledge.Query{Texts: []string{text(4), text(2)}, K: 5}
		if diff := cmp.Diff(one.Search(q), several.Search(q)); diff != "" {
			t.Fatalf("with three processors is found:\n%s", diff)
		}
	}
}

// libraryBy is a library made by so many processors.
func libraryBy(t *testing.T, processors int, docs []knowledge.Document) *knowledge.Library {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	return library(t, docs)
}
