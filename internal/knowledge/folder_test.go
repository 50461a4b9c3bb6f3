package knowledge_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/knowledge"
)

func TestReadFolderTakesDocumentsWithAllTheirFacts(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	body := "# Refunds\n\nText.\n\n## Duplicates\n\nAt once.\n"
	docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{
		"billing/refunds.md": {Data: []byte(body), ModTime: at},
	})
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	want := []knowledge.Document{{
		Source: "desk", Path: "billing/refunds.md", URI: "kb://desk/billing/refunds.md",
		Version: "703b284134e7ab46", Lang: "en", Audience: knowledge.ForAgents, Priority: 0.5,
		Title: "Refunds", MIME: "text/markdown", Body: strings.TrimSpace(body), Size: 41,
		UpdatedAt: at.UTC(), Hash: "703b284134e7ab467fc47684578b3d24b1b82d04593490949d8c3fad7bc9888d",
		Sections: []knowledge.Section{
			{Slug: "refunds", Heading: "Refunds", Start: 0, End: 41},
			{Slug: "duplicates", Heading: "Refunds > Duplicates", Start: 18, End: 41},
		},
	}}
	if diff := cmp.Diff(want, docs); diff != "" {
		t.Error(diff)
	}
}

func TestReadFolderPassesOverWhatIsHiddenOrNoDocument(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{
		"b.md", "A.MD", "c.markdown", "sub/d.txt", "e.html", // taken
		".hidden.md", ".git/x.md", "sub/.cache/y.md", "logo.png", "page.pdf", "md", "notes.md.bak",
	} {
		files[name] = &fstest.MapFile{Data: []byte("text")}
	}
	docs, refused, err := knowledge.ReadFolder("desk", files)
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	got := map[string]string{}
	for _, d := range docs {
		got[d.Path] = d.MIME
	}
	want := map[string]string{
		"A.MD": "text/markdown", "b.md": "text/markdown", "c.markdown": "text/markdown", "e.html": "text/markdown", "sub/d.txt": "text/plain",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadFolderRefusesWithAReasonAndReadsOn(t *testing.T) {
	const mib = 1 << 20
	for name, tc := range map[string]struct{ file, content, reason string }{
		"latin-1":                  {"a.md", "K\xfcndigung", "not UTF-8"},
		"utf-16":                   {"a.md", "\xff\xfeK\x00", "not UTF-8"},
		"too large":                {"a.md", strings.Repeat("x", mib+1), "larger than 1048576 bytes"},
		"empty":                    {"a.md", "", "no text"},
		"only invisible text":      {"a.md", "\ufeff\u200b \n", "no text"},
		"only a comment":           {"a.md", "<!-- later -->", "no text"},
		"control in the name":      {"a\nb.md", "text", "control, bidirectional or invisible"},
		"bidi in the name":         {"a\u202edm.md", "text", "control, bidirectional or invisible"},
		"name is not UTF-8":        {"a\xff.md", "text", "not UTF-8"},
		"name too long":            {strings.Repeat("folder/", 58) + "a.md", "text", "more than 400 bytes"},
		"too many headings":        {"a.md", strings.Repeat("#\n", 1001), "more than 1000 headings"},
		"open comment":             {"a.md", "text <!-- and no end", `"<!--" is opened and never closed`},
		"open script":              {"a.md", "<script>alert(1)", `"<script" is opened and never closed`},
		"script not quite closed":  {"a.md", "<script>alert(1)</script", `"<script" is opened and never closed`},
		"unknown key":              {"a.md", "---\ntitle: A\npolcy: {}\n---\ntext", "line 3: field polcy is unknown"},
		"key twice":                {"a.md", "---\ntitle: A\ntitle: B\n---\ntext", "line 3"},
		"front matter not closed":  {"a.md", "---\ntitle: A\n\ntext", "line 1"},
		"front matter is no YAML":  {"a.md", "---\ntitle: A\ntags: [a\n---\ntext", "near line"},
		"front matter of any text": {"a.md", "---\nhello there\n---\ntext", "keys and values"},
		"wrong type":               {"a.md", "---\ntags: {a: b}\n---\ntext", "line 2"},
		"no date":                  {"a.md", "---\neffective_to: soon\n---\ntext", `line 2: "soon" is not a date such as 2026-01-31`},
	} {
		t.Run(name, func(t *testing.T) {
			docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{
				tc.file: {Data: []byte(tc.content)}, "good.md": {Data: []byte("text")},
			})
			if err != nil || len(docs) != 1 || len(refused) != 1 {
				t.Fatalf("documents %v, refused %v, error %v", docs, refused, err)
			}
			got := refused[0]
			if got.Source != "desk" || !strings.Contains(got.Reason, tc.reason) || strings.Contains(got.Reason, "knowledge.") {
				t.Errorf("got %+v, want the reason %q", got, tc.reason)
			}
			if strings.ContainsAny(got.Path, "\n\u202e\xff") {
				t.Errorf("path %q is not safe to print", got.Path)
			}
		})
	}
}

func TestReadFolderTakesAFileOfExactlyTheLargestSize(t *testing.T) {
	docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{
		"a.md": {Data: []byte(strings.Repeat("word\n", 1<<20/5) + "x")},
	})
	if err != nil || len(docs) != 1 {
		t.Fatal(refused, err)
	}
}

func TestReadFolderRefusesTheSecondOfTwoNamesThatLookEqual(t *testing.T) {
	docs, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{
		"ku\u0308ndigung.md": {Data: []byte("first")},
		"k\u00fcndigung.md":  {Data: []byte("second")},
	})
	if err != nil || len(docs) != 1 || len(refused) != 1 {
		t.Fatal(docs, refused, err)
	}
	if docs[0].Path != "k\u00fcndigung.md" || !strings.Contains(refused[0].Reason, "Unicode form") {
		t.Error(docs[0].Path, refused[0])
	}
}

func TestReadFolderChecksTheSourceName(t *testing.T) {
	for name, ok := range map[string]bool{
		"desk": true, "a": true, "help-center-2": true, strings.Repeat("a", 32): true,
		"": false, "Desk": false, "2desk": false, "-desk": false, "desk_1": false, "désk": false,
		"a/b": false, "a:b": false, strings.Repeat("a", 33): false,
	} {
		if _, _, err := knowledge.ReadFolder(name, fstest.MapFS{}); (err == nil) != ok {
			t.Errorf("ReadFolder(%q): %v", name, err)
		}
	}
}

// brokenDisk fails to open one name.
type brokenDisk struct {
	fs.FS
	name string
}

func (d brokenDisk) Open(name string) (fs.File, error) {
	if name == d.name {
		return nil, &fs.PathError{Op: "open", Path: "/secret/mount/" + name, Err: errors.New("input/output error")}
	}
	return d.FS.Open(name)
}

func TestReadFolderReportsWhatCannotBeRead(t *testing.T) {
	files := fstest.MapFS{"good.md": {Data: []byte("text")}, "sub/bad.md": {Data: []byte("text")}}
	for _, broken := range []string{"sub", "sub/bad.md"} {
		docs, refused, err := knowledge.ReadFolder("desk", brokenDisk{files, broken})
		want := []knowledge.Refused{{Source: "desk", Path: broken, Reason: "input/output error"}}
		if err != nil || len(docs) != 1 || !slices.Equal(refused, want) {
			t.Errorf("%s: documents %d, refused %v, error %v", broken, len(docs), refused, err)
		}
	}
	if _, _, err := knowledge.ReadFolder("desk", brokenDisk{files, "."}); err == nil {
		t.Error("a folder that cannot be read is no error")
	}
}

// openFolder reads a real folder as a source does.
func openFolder(t *testing.T, name, dir string) (docs []knowledge.Document, refused []knowledge.Refused, err error) {
	t.Helper()
	f, err := knowledge.NewFolder(name, dir)
	if err != nil {
		return nil, nil, err
	}
	_, err = f.Sync(t.Context(), knowledge.State{}, func(f knowledge.File) error {
		doc, err := knowledge.Parse(name, f)
		if err != nil {
			refused = append(refused, knowledge.Refuse(name, f.Path, err))
			return nil
		}
		docs = append(docs, doc)
		return nil
	})
	return docs, refused, err
}

func TestAFolderStaysInside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.md"), "secret")
	write(t, filepath.Join(dir, "real.md"), "text")
	write(t, filepath.Join(dir, "..data", "mounted.md"), "from a mounted volume")
	for link, target := range map[string]string{
		"mounted.md":  "..data/mounted.md",
		"absolute.md": filepath.Join(outside, "secret.md"),
		"climbing.md": "../" + filepath.Base(outside) + "/secret.md",
		"away":        outside,
		"dangling.md": "nowhere.md",
		"loop.md":     "loop.md",
		"self":        ".",
		".hidden.md":  filepath.Join(outside, "secret.md"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	docs, refused, err := openFolder(t, "desk", dir)
	if err != nil {
		t.Fatal(err)
	}
	var taken, left []string
	for _, d := range docs {
		taken = append(taken, d.Path)
		if strings.Contains(d.Body, "secret") {
			t.Errorf("%s left the folder", d.Path)
		}
	}
	for _, r := range refused {
		left = append(left, r.Path)
		if !strings.Contains(r.Reason, "link") || strings.Contains(r.Reason, outside) {
			t.Errorf("%s: reason %q", r.Path, r.Reason)
		}
	}
	if want := []string{"mounted.md", "real.md"}; !slices.Equal(taken, want) {
		t.Errorf("took %v, want %v", taken, want)
	}
	if want := []string{"absolute.md", "away", "climbing.md", "dangling.md", "loop.md", "self"}; !slices.Equal(left, want) {
		t.Errorf("refused %v, want %v", left, want)
	}
}

// Of a huge file no more is read than shows that it is one.
func TestAFolderRefusesAHugeFileAndReadsOn(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "good.md"), "text")
	write(t, filepath.Join(dir, "huge.md"), "text")
	if err := os.Truncate(filepath.Join(dir, "huge.md"), 50_000_000); err != nil {
		t.Fatal(err)
	}
	docs, refused, err := openFolder(t, "desk", dir)
	if err != nil || len(docs) != 1 || len(refused) != 1 || refused[0].Path != "huge.md" || !strings.Contains(refused[0].Reason, "larger than 1048576 bytes") {
		t.Errorf("documents %v, refused %v, error %v", docs, refused, err)
	}
}

func TestAFolderDoesNotWaitForASocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "kb") // socket paths must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, refused, err := openFolder(t, "desk", dir)
	want := []knowledge.Refused{{Source: "desk", Path: "s.md", Reason: "it is not a regular file"}}
	if err != nil || !slices.Equal(refused, want) {
		t.Error(refused, err)
	}
}

func TestAFolderFailsForAMissingFolder(t *testing.T) {
	if _, _, err := openFolder(t, "desk", filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
