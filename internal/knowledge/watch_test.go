package knowledge_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
)

// Whatever way a file is changed, it is told, also in folders that are new, and
// where the folder of the source is a link.
func TestAFolderTellsWhenItHasChanged(t *testing.T) {
	t.Parallel()
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	f, err := knowledge.NewFolder("desk", link)
	if err != nil {
		t.Fatal(err)
	}
	changed, ended := make(chan struct{}, 100), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- f.Watch(ctx, func() { changed <- struct{}{} }) }()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string) error { return os.WriteFile(path(name), []byte("text"), 0o600) }
	told := func(what string, do func() error) {
		t.Helper()
		late := time.After(20 * time.Second)
		for again := time.NewTicker(time.Second); ; {
			if err := do(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-changed:
				return
			case <-again.C: // the watch may not have begun when the first file was written
			case <-late:
				t.Fatalf("%s is not told", what)
			}
		}
	}
	told("a file", func() error { return write("a.md") })
	told("a folder", func() error { return os.MkdirAll(path("new/deep"), 0o700) })
	told("a file in a new folder", func() error { return write("new/deep/b.md") })
	told("a replaced file", func() error {
		if err := write("b.tmp"); err != nil {
			return err
		}
		return os.Rename(path("b.tmp"), path("a.md"))
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAFolderThatIsMissingCannotBeWatched(t *testing.T) {
	t.Parallel()
	f, err := knowledge.NewFolder("desk", filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Watch(t.Context(), func() { t.Error("it has changed") }); err == nil {
		t.Error("it is watched")
	}
}
