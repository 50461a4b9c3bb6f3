package bridge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// listen keeps a subscription open until it is answered, refused or cancelled. A
// service that restarts ends its streams without an answer; the subscription then
// goes on at the next one, and the client need not know.
func (b *bridge) listen(ctx context.Context, m message) {
	var told bool // the client has heard that the subscription begins
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		began, err := b.subscribe(ctx, m, &told)
		_, no := errors.AsType[*refused](err)
		switch {
		case err == nil, ctx.Err() != nil:
			return
		case no:
			b.fail(m, err)
			return
		case began:
			pause = firstPause
		}
		if !wait(ctx, pause) {
			return
		}
	}
}

// subscribe opens a subscription once; nil is one that was answered. A service that
// is busy or not ready is asked again like one that is away.
func (b *bridge) subscribe(ctx context.Context, m message, told *bool) (began bool, err error) {
	res, err := b.post(ctx, m)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	switch {
	case streams(res):
		return true, b.follow(m, res, told)
	case res.StatusCode >= http.StatusInternalServerError:
		return false, unanswered(errors.New(res.Status))
	}
	return false, b.answer(m, res)
}

// follow hands on what a stream tells until it ends; nil is an answered one. That
// it begins is told once.
func (b *bridge) follow(m message, res *http.Response, told *bool) error {
	return events(res.Body, func(data []byte) (more bool) {
		got := messageOf(data)
		begins := got.Method == "notifications/subscriptions/acknowledged"
		if !begins || !*told {
			b.write(oneLine(data))
		}
		*told = *told || begins
		return !got.answers(m)
	})
}

// hear hands on what the service tells by itself in the era with sessions, through
// a stream of its own that is opened again whenever it ends.
func (b *bridge) hear(ctx context.Context) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		began, never := b.tune(ctx)
		if began {
			pause = firstPause
		}
		if never || !wait(ctx, pause) {
			return
		}
	}
}

// tune listens once; never says that there is nothing to hear.
func (b *bridge) tune(ctx context.Context) (began, never bool) {
	r, _, err := b.request(ctx, http.MethodGet, message{})
	if err != nil {
		return false, true
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := b.HTTP.Do(r)
	if err != nil {
		return false, false
	}
	defer res.Body.Close()
	if streams(res) {
		_ = events(res.Body, func(data []byte) bool { b.write(oneLine(data)); return true })
		return true, false
	}
	return false, res.StatusCode == http.StatusMethodNotAllowed || res.StatusCode == http.StatusNotFound
}

func streams(res *http.Response) bool {
	return res.StatusCode == http.StatusOK && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream")
}

// wait waits before the next attempt, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
