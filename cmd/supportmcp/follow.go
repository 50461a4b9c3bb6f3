package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/resources"
	"supportmcp/server"
)

const (
	// everyGeneration is how often it is looked whether another process has changed
	// the documents.
	everyGeneration = 2 * time.Second
	// longestPause is how long a source that fails is left alone at most, unless its
	// vendor says otherwise.
	longestPause = time.Hour
)

// readers keep the library as the sources are.
type readers struct {
	feeds   feeds
	shelf   *shelf.Shelf
	library *knowledge.Library
	log     *slog.Logger
	changed chan struct{}   // has room for one
	hints   []chan struct{} // of each source, with room for one: look at it now
	served  int64           // the generation that the library has
}

func newReaders(f feeds, s *shelf.Shelf, l *knowledge.Library, log *slog.Logger) *readers {
	l.Archive, l.Audience = s, f.audience
	r := &readers{feeds: f, shelf: s, library: l, log: log, changed: make(chan struct{}, 1)}
	for range f.all {
		r.hints = append(r.hints, make(chan struct{}, 1))
	}
	return r
}

// lookAgain has all sources looked at as soon as may be.
func (r *readers) lookAgain() {
	for _, hint := range r.hints {
		poke(hint)
	}
}

// start takes the folders in, which is quick, and serves what there is. The other
// sources are taken in while the first clients are answered.
func (r *readers) start(ctx context.Context) error {
	for _, f := range r.feeds.all {
		if f.folder != nil {
			_ = r.take(ctx, f) // it has told what fails
		}
	}
	_, err := r.load(ctx)
	return err
}

// follow keeps the documents as their sources are until ctx is done. While a
// source cannot be read, the last good documents stay.
func (r *readers) follow(ctx context.Context, srv *server.Server, published func() []resources.Resource) {
	var busy sync.WaitGroup
	defer busy.Wait()
	for i, f := range r.feeds.all {
		busy.Go(func() { r.feed(ctx, f, r.hints[i]) })
	}
	tick := time.NewTicker(everyGeneration)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.changed:
		}
		changed, err := r.load(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			r.log.Warn("the documents stay as they were", "err", err)
		case changed:
			srv.Publish(published())
			r.log.Info("the documents have changed", "documents", len(r.library.Documents()))
		}
	}
}

// load puts the documents of the shelf into the library when they have changed.
func (r *readers) load(ctx context.Context) (changed bool, err error) {
	now, err := r.shelf.Generation(ctx)
	if err != nil || now == r.served {
		return false, err
	}
	docs, unread, err := r.shelf.Load(ctx, r.library.Documents())
	if err != nil {
		return false, err
	}
	for _, err := range unread {
		r.log.Warn("a document is not served", "err", err)
	}
	if err := r.library.Replace(docs); err != nil {
		return false, err
	}
	r.served = now
	return true, nil
}

// feed takes in one source again and again.
func (r *readers) feed(ctx context.Context, f feed, hint chan struct{}) {
	var watching sync.WaitGroup
	defer watching.Wait()
	pause := time.Duration(0)
	if f.folder != nil {
		watching.Go(func() { r.watch(ctx, f, hint) })
		pause = f.every // start has just looked
	}
	for {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-hint:
			t.Stop()
		case <-t.C:
		}
		pause = r.again(r.take(ctx, f), f.every, pause)
	}
}

func (r *readers) watch(ctx context.Context, f feed, hint chan struct{}) {
	if err := f.folder.Watch(ctx, func() { poke(hint) }); err != nil {
		r.log.Info("a folder is looked at now and then, since it cannot be watched", "source", f.Name(), "err", err)
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is going to look anyway
	}
}

// again is how long to wait after a sync: longer each time that it fails.
func (r *readers) again(failed error, every, last time.Duration) time.Duration {
	if later, ok := errors.AsType[*knowledge.Later](failed); ok {
		return max(later.In, every)
	}
	if failed == nil || errors.Is(failed, shelf.ErrBusy) {
		return every
	}
	pause := min(max(2*last, every), max(longestPause, every))
	return pause + rand.N(pause/10+1) // so that replicas do not come at once
}

// take takes a source in and tells what became of it.
func (r *readers) take(ctx context.Context, f feed) error {
	report, err := r.shelf.Sync(ctx, f.Source)
	switch {
	case errors.Is(err, shelf.ErrBusy), ctx.Err() != nil:
	case err != nil:
		r.log.Warn("a source fails; its last good documents stay", "source", f.Name(), "err", err)
	}
	for _, refused := range report.Refused {
		r.log.Warn("knowledge document refused", "source", refused.Source, "path", refused.Path, "reason", refused.Reason)
	}
	if report.Changed() {
		poke(r.changed)
	}
	return err
}
