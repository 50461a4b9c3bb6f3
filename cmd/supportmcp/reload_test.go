package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/server"
)

// A source that is looked at once an hour is looked at when an operator says so.
func TestSourcesAreLookedAtWhenAnOperatorSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r, published := following(t, dir)
		defer r.close()
		r.feeds.all[0].every = time.Hour
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
		if err := os.WriteFile(filepath.Join(dir, "new.md"), []byte("# New\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // of the bubble's clock
		if n := len(r.library.Documents()); n != 0 {
			t.Fatalf("%d documents before anybody said so", n)
		}
		r.lookAgain()
		time.Sleep(everyGeneration + time.Second)
		if n := len(r.library.Documents()); n != 1 {
			t.Errorf("%d documents afterwards", n)
		}
	})
}
