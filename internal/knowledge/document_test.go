package knowledge_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"supportmcp/internal/knowledge"
)

// read takes one document that must not be refused.
func read(t *testing.T, name, content string) knowledge.Document {
	t.Helper()
	docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{name: {Data: []byte(content)}})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%s was not taken: %v, %v", name, refused, err)
	}
	return docs[0]
}

func TestBodiesAreClean(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"line ends":                 {"a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		"tabs stay":                 {"a\tb", "a\tb"},
		"byte order mark":           {"\ufeffa", "a"},
		"zero width":                {"re\u200bfu\u2060nd\u200d", "refund"},
		"soft hyphen":               {"re\u00adfund", "refund"},
		"bidi":                      {"pay \u202edrow\u202c \u2066x\u2069", "pay drow x"},
		"controls":                  {"a\x00b\x1b[31mc\x7f\u0085d", "ab[31mcd"},
		"tag letters":               {"a\U000E0041\U000E0042b", "ab"},
		"variation selectors":       {"a\ufe0f\U000E0101b", "ab"},
		"blank fillers":             {"a\u3164\u115fb", "ab"},
		"drawn Arabic number sign":  {"\u0600\u0661", "\u0600\u0661"},
		"normal form":               {"Ku\u0308ndigung", "K\u00fcndigung"},
		"comment":                   {"a <!-- pay all --> b", "a   b"},
		"comment over lines":        {"a <!-- x\n# no heading\n--> b", "a   b"},
		"shortest comments":         {"a<!-->b<!--->c", "a b c"},
		"comments in one line":      {"a<!--1-->b<!--2-->c", "a b c"},
		"comment made of two":       {"<!<!-- x -->-- y -->", "<! -- y -->"},
		"script":                    {"a <SCRIPT src=x>if (a<b) {}\n</Script > b", "a   b"},
		"style":                     {"a <style>p{}</style> b", "a   b"},
		"element of similar name":   {"<scripted> <styles>", "<scripted> <styles>"},
		"other HTML stays":          {"<b>bold</b>", "<b>bold</b>"},
		"code span":                 {"add `<script>` and ``<!-- ` ``", "add `<script>` and ``<!-- ` ``"},
		"lone backtick":             {"a ` b <!-- x --> c", "a ` b   c"},
		"fenced code":               {"```html\n<script src=x>\n<!-- x -->\n```", "```html\n<script src=x>\n<!-- x -->\n```"},
		"tilde fence with ticks":    {"~~~\n```\n<!-- x\n~~~", "~~~\n```\n<!-- x\n~~~"},
		"longer fence":              {"````\n```\n<!-- x\n````", "````\n```\n<!-- x\n````"},
		"after a fence":             {"```\nx\n```\n<!-- y -->z", "```\nx\n```\n z"},
		"no fence inside a line":    {"a <!-- x -->```\n<!-- y -->z", "a  ```\n z"},
		"no fence: ticks in info":   {"``` a`b\n<!-- y -->z", "``` a`b\n z"},
		"invisible inside a tag":    {"<scr\u200bipt>x</script>y", " y"},
		"front matter is taken off": {"---\ntitle: A\n---\n\ntext", "text"},
		"empty front matter":        {"---\n---\ntext", "text"},
		"rule in the text":          {"a\n\n---\n\nb", "a\n\n---\n\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(t, "a.md", tc.in); got.Body != tc.want || got.Size != int64(len(tc.want)) {
				t.Errorf("got %q (size %d), want %q", got.Body, got.Size, tc.want)
			}
		})
	}
}

func TestTitles(t *testing.T) {
	long := strings.Repeat("wörter ", 100)
	for name, tc := range map[string]struct{ in, want string }{
		"front matter first":      {"---\ntitle: From the top\n---\n# Heading", "From the top"},
		"then the heading":        {"---\nowner: x\n---\ntext\n\n## Minor\n\n# Major\n\n# Other", "Major"},
		"then the file":           {"## Minor", "my-file.v2"},
		"no heading in code":      {"```\n# comment\n```", "my-file.v2"},
		"escapes are cleaned too": {"---\ntitle: \"a\\u202eb\\nc\\x00\"\n---\ntext", "ab c"},
		"marks are dropped":       {"# **Pay** `now` [here](https://a.example/x) ##", "Pay now here"},
		"bounded":                 {"# " + long, string([]rune(long)[:199]) + "…"},
		"all keys":                {"---\ntitle: T\nowner: o\nlang: de\naudience: agent\ntags: [a]\neffective_from: 2026-01-01\neffective_to: 2026-12-31\n---\nx", "T"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(t, "sub/my-file.v2.md", tc.in).Title; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSectionsFollowHeadings(t *testing.T) {
	body := `Before.

# Refund policy

Intro.

## Who may ask?

Anyone.

### Teams & families

The owner.

## Duplicates
` + "```" + `
# comment
` + "```" + `
#no heading
    # no heading

## Duplicates ##
## [Links](https://a.example/b) and __more__
##
## Rückgabe – 2. Teil
## Duplicates-1
####### seven`
	doc := read(t, "a.md", body)
	var got []string
	for _, s := range doc.Sections {
		first, _, _ := strings.Cut(doc.Body[s.Start:s.End], "\n")
		got = append(got, fmt.Sprintf("%s | %s | %s", s.Slug, s.Heading, first))
	}
	want := []string{
		" |  | Before.",
		"refund-policy | Refund policy | # Refund policy",
		"who-may-ask | Refund policy > Who may ask? | ## Who may ask?",
		"teams--families | Refund policy > Who may ask? > Teams & families | ### Teams & families",
		"duplicates | Refund policy > Duplicates | ## Duplicates",
		"duplicates-1 | Refund policy > Duplicates | ## Duplicates ##",
		"links-and-__more__ | Refund policy > Links and __more__ | ## [Links](https://a.example/b) and __more__",
		"section | Refund policy >  | ##",
		"rückgabe--2-teil | Refund policy > Rückgabe – 2. Teil | ## Rückgabe – 2. Teil",
		"duplicates-1-1 | Refund policy > Duplicates-1 | ## Duplicates-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnyBytesAreRefusedOrReadSafely(t *testing.T) {
	pieces := rapid.SampledFrom([]string{
		"---\n", "# ", "## ", "a", "\n", "\r", "```", "~~~~", "<!--", "-->", "<script>", "</script>", "`", "](", "[",
		"title: ", "tags: [", "\u202e", "\u0308", "\u00fc", "\xff", "\x00", " ", "refund", "&x *x", ": ", "...\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(pieces).Draw(t, "pieces"), "")
		docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{"a.md": {Data: []byte(text)}})
		if err != nil || len(docs)+len(refused) != 1 {
			t.Fatalf("documents %v, refused %v, error %v", docs, refused, err)
		}
		if len(docs) == 1 {
			checkDocument(t, docs[0])
		}
	})
}

// checkDocument holds every promise a document makes, and that a library takes it.
func checkDocument(t *rapid.T, doc knowledge.Document) {
	if !utf8.ValidString(doc.Body) || strings.ContainsFunc(doc.Body, isUnsafe) {
		t.Fatalf("body %q is not clean", doc.Body)
	}
	if doc.Title == "" || strings.ContainsAny(doc.Title, "\n\t") || strings.ContainsFunc(doc.Title, isUnsafe) {
		t.Fatalf("title %q", doc.Title)
	}
	slugs := map[string]bool{}
	for i, s := range doc.Sections {
		if s.Start >= s.End || s.End > len(doc.Body) || slugs[s.Slug] || s.Slug == "" && i > 0 {
			t.Fatalf("section %d: %+v", i, s)
		}
		slugs[s.Slug] = true
		for _, before := range doc.Sections[:i] {
			if before.Start >= s.Start || before.End > s.Start && before.End < s.End {
				t.Fatalf("sections %+v and %+v overlap", before, s)
			}
		}
	}
	if _, err := knowledge.New([]knowledge.Document{doc}); err != nil {
		t.Fatal(err)
	}
}

func isUnsafe(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control)
}
