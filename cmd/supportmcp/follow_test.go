package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/internal/ledger"
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
			time.Sleep(looked + time.Second) // of the bubble's clock
			synctest.Wait()
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		r, published := following(t, dir)
		defer r.close()
		library := r.library
		srv, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Resources: published()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer func() {
			stop()
			synctest.Wait()
		}()
		go r.follow(ctx, srv, published)
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
		time.Sleep(looked + time.Second)
		synctest.Wait()
		serves("without the folder", "a.md other, b.md two")
		if err := os.Rename(dir+".gone", dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "a.md")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * looked) // a source that failed is looked at less often
		synctest.Wait()
		serves("when a file is gone", "b.md two")
	})
}

// looked is how often the folder of the test is looked at.
const looked = 10 * time.Second

// reading are readers with the ledger that they keep the documents in.
type reading struct {
	*readers
	ledger *ledger.Ledger
	t      *testing.T
}

func (r reading) close() {
	if err := r.ledger.Close(); err != nil {
		r.t.Error(err)
	}
}

// following follows one folder, which the system does not watch for it.
func following(t *testing.T, dir string) (reading, func() []resources.Resource) {
	t.Helper()
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"), ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	library, err := knowledge.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := knowledge.NewFolder("handbook", dir)
	if err != nil {
		t.Fatal(err)
	}
	f := feeds{all: []feed{{Source: folder, every: looked}}}
	r := newReaders(f, shelf.New(l, time.Now, f.defaults()), library, slog.New(slog.DiscardHandler))
	return reading{r, l, t}, func() []resources.Resource { return resources.Documents(library) }
}

// A source that fails is asked less and less often, and not before its vendor says.
func TestAFailingSourceIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := &readers{}
	broken, pause := errors.New("broken"), time.Minute
	var pauses []time.Duration
	for range 8 {
		pause = r.again(broken, time.Minute, pause)
		pauses = append(pauses, pause)
	}
	if pauses[0] < 2*time.Minute || pauses[7] < longestPause || !slices.IsSorted(pauses[:5]) || slices.Max(pauses) > longestPause*11/10+1 {
		t.Errorf("the pauses are %v", pauses)
	}
	if got := r.again(&knowledge.Later{In: 3 * time.Hour, Err: broken}, time.Minute, time.Minute); got != 3*time.Hour {
		t.Errorf("told to come in three hours, it comes in %v", got)
	}
	if got := r.again(nil, time.Minute, time.Hour); got != time.Minute {
		t.Errorf("when it works again, it is looked at in %v", got)
	}
}

// What another process takes in is served here, too, and nothing that was read
// before is read again.
func TestDocumentsOfAnotherProcessAreServedSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r, published := following(t, dir)
		defer r.close()
		srv, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler), Resources: published()})
		if err != nil {
			t.Fatal(err)
		}
		other := shelf.New(r.ledger, time.Now, r.feeds.defaults())
		r.feeds.all = nil // this process syncs nothing
		ctx, stop := context.WithCancel(t.Context())
		defer func() {
			stop()
			synctest.Wait()
		}()
		go r.follow(ctx, srv, published)
		folder, err := knowledge.NewFolder("handbook", dir)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n, ".md")), []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := other.Sync(t.Context(), folder); err != nil {
				t.Fatal(err)
			}
			time.Sleep(everyGeneration + time.Second) // of the bubble's clock
			synctest.Wait()
			if got := len(r.library.Documents()); got != n+1 {
				t.Errorf("%d documents are served, want %d", got, n+1)
			}
		}
	})
}
