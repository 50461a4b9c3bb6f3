package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/resources"
	"supportmcp/server"
)

// Documents are served as their files are, and while they cannot be read as they
// last were.
func TestDocumentsAreServedAsTheirFilesAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "handbook")
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(everyDocuments + time.Second) // of the bubble's clock
			synctest.Wait()
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		library, err := knowledge.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		published := func() []resources.Resource { return resources.Documents(library) }
		srv, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Resources: published()})
		if err != nil {
			t.Fatal(err)
		}
		s := &service{library: library, sources: "handbook=" + dir, server: srv, hands: hands{log: slog.New(slog.DiscardHandler)}, resources: published}
		go s.follow(t.Context())
		synctest.Wait()
		serves := func(what, want string) {
			t.Helper()
			var got []string
			for _, d := range library.Documents() {
				got = append(got, d.Path+" "+strings.TrimSpace(d.Body))
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("%s, %q is served, want %q", what, got, want)
			}
		}
		write("a.md", "one")
		serves("with a first file", "a.md one")
		write("a.md", "other")
		serves("when it has changed", "a.md other")
		write("b.md", "two")
		serves("with another file", "a.md other, b.md two")
		if err := os.Rename(dir, dir+".gone"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(everyDocuments + time.Second)
		synctest.Wait()
		serves("without the folder", "a.md other, b.md two")
		if err := os.Rename(dir+".gone", dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "a.md")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(everyDocuments + time.Second)
		synctest.Wait()
		serves("when a file is gone", "b.md two")
	})
}
