package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The file lists of CONTRIBUTING.md are followed as a newcomer would: each file
// is there, and what the line says is in it is.
func TestTheStepsOfContributingCanBeFollowed(t *testing.T) {
	t.Parallel()
	for section, files := range map[string]int{"Add a tool that reads": 6, "Add a kind of write": 8} {
		_, text, ok := strings.Cut(readDocument(t, "CONTRIBUTING.md"), "\n## "+section+"\n")
		if !ok {
			t.Fatalf("the section %q is missing", section)
		}
		text, _, _ = strings.Cut(text, "\n## ")
		followed := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "- `") {
				followed += follow(t, line)
			}
		}
		if followed != files {
			t.Errorf("%s: %d files are listed, want %d", section, followed, files)
		}
	}
}

// follow opens the files before a line's colon, looks for the words behind it,
// and tells how many files there were. A command is no word of a file.
func follow(t *testing.T, line string) (files int) {
	t.Helper()
	paths, about, _ := strings.Cut(line, ":")
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, path := range quoted.FindAllStringSubmatch(paths, -1) {
		files++
		b, err := os.ReadFile(filepath.Join(root, path[1]))
		if err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
			continue
		}
		for _, word := range quoted.FindAllStringSubmatch(about, -1) {
			if !strings.Contains(word[1], " ") && !strings.Contains(string(b), word[1]) {
				t.Errorf("%s does not hold %s", path[1], word[1])
			}
		}
	}
	return files
}
