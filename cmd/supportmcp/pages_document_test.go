package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
)

// Every relative link of every page leads to a file that is there and, where it
// names one, to a heading.
func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	links := 0
	for _, page := range pages(t) {
		for _, to := range relativeLinks(readDocument(t, page)) {
			links++
			if why := leadsNowhere(page, to); why != "" {
				t.Errorf("%s: the link %s leads nowhere: %s", page, to, why)
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links were found", links)
	}
}

func TestALinkThatLeadsNowhereIsFound(t *testing.T) {
	t.Parallel()
	for to, good := range map[string]bool{
		"ledger.md": true, "../README.md": true, "deploy": true, "ledger.md#the-states": true, "#webhooks": true,
		"none.md": false, "none.md#the-states": false, "ledger.md#no-states": false, "#none": false,
	} {
		if why := leadsNowhere("docs/operations.md", to); (why == "") != good {
			t.Errorf("%s: %q", to, why)
		}
	}
}

func TestPagesListWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, story := range sandbox.Stories() {
		if !strings.Contains(readDocument(t, "docs/sandbox.md"), "`"+story.Name+"`") {
			t.Errorf("docs/sandbox.md does not list the story %s", story.Name)
		}
	}
	packages, err := os.ReadDir(path.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if !strings.Contains(readDocument(t, "docs/architecture.md"), "`internal/"+p.Name()+"`") {
			t.Errorf("docs/architecture.md does not say what internal/%s owns", p.Name())
		}
	}
}

// pages are the names of all Markdown files but those of folders with a dot, where
// what others have written may lie, and of the sandbox's company.
func pages(t *testing.T) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "samples" || e.Name() == "testdata"):
			return fs.SkipDir
		case !e.IsDir() && path.Ext(name) == ".md":
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// prose is a page without its blocks of code.
func prose(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}

func relativeLinks(text string) (out []string) {
	scheme := regexp.MustCompile(`^[a-z]+:`)
	for _, found := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(prose(text), -1) {
		if !scheme.MatchString(found[1]) {
			out = append(out, found[1])
		}
	}
	return out
}

// leadsNowhere says what is wrong with a link of a page; "" is nothing.
func leadsNowhere(page, to string) string {
	file, anchor, _ := strings.Cut(to, "#")
	name := page
	if file != "" {
		name = path.Join(path.Dir(page), file)
	}
	if anchor == "" {
		if _, err := os.Stat(path.Join(root, name)); err != nil {
			return err.Error()
		}
		return ""
	}
	b, err := os.ReadFile(path.Join(root, name))
	if err != nil {
		return err.Error()
	}
	if !slices.Contains(anchors(string(b)), anchor) {
		return fmt.Sprintf("%s has no heading #%s", name, anchor)
	}
	return ""
}

// anchors are those that GitHub gives to the headings of a page.
func anchors(text string) (out []string) {
	marks := regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	for line := range strings.Lines(prose(text)) {
		if level, title, ok := strings.Cut(line, " "); ok && level != "" && strings.Trim(level, "#") == "" {
			title = marks.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			out = append(out, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return out
}
