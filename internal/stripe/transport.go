package stripe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	repeats    = 2                      // of a read that failed in passing
	firstPause = 200 * time.Millisecond // doubled each time, and shortened by up to a half
	longest    = 2 * time.Second        // that Stripe may make a read wait
	largest    = 16 << 20               // bytes of one answer
)

// transport carries requests to Stripe: at a pace the account stands, reads
// again when a read failed in passing, and one line in the log for each try,
// which holds nobody's data.
type transport struct {
	next http.RoundTripper
	pace *pacer
	log  *slog.Logger
	now  func() time.Time
}

// RoundTrip sends a write once and a read up to three times. The answer's body
// has been read whole, so that an answer which breaks off is an error here.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		res, err := t.send(r)
		if r.Method != http.MethodGet || try == repeats || !passing(res, err) {
			return res, err
		}
		if wait, ok := pause(try, res); !ok || !waited(r.Context(), wait) {
			return res, err
		}
	}
}

// send makes one try.
func (t *transport) send(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := t.pace.wait(ctx, r); err != nil {
		return nil, &unsent{err}
	}
	var connected atomic.Bool
	out := r.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))
	// It holds the output of uname, and with it the name of this host.
	out.Header.Del("X-Stripe-Client-User-Agent")
	if r.Method == http.MethodGet {
		out.Body = http.NoBody
	}
	start := t.now()
	res, err := whole(t.next.RoundTrip(out))
	t.note(r, start, res, err)
	// net/http may itself repeat a request that carries a key, so a failure to
	// connect proves nothing once there has been a connection.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" && !connected.Load() {
		err = &unsent{err}
	}
	return res, err
}

// whole reads an answer to its end.
func whole(res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, largest+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > largest:
		return nil, odd("is larger than %d MiB", largest>>20)
	case res.StatusCode < 200 || res.StatusCode > 299 && res.StatusCode < 400:
		return nil, odd("has the status %d", res.StatusCode)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

func (t *transport) note(r *http.Request, start time.Time, res *http.Response, err error) {
	line := []any{"method", r.Method, "path", r.URL.Path, "took", t.now().Sub(start)}
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled): // who asked has left
		t.log.Debug("stripe request", append(line, "err", harmless(err))...)
		return
	case err != nil:
		t.log.Warn("stripe request", append(line, "err", harmless(err))...)
		return
	}
	t.log.Debug("stripe request", append(line, "status", res.StatusCode, "request_id", word(res.Header.Get("Request-Id")))...)
}

// passing reports whether asking again can help.
func passing(res *http.Response, err error) bool {
	if err != nil {
		_, strange := errors.AsType[*oddAnswer](err)
		return !strange
	}
	return res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError
}

// pause is how long to wait before asking again; ok is false when Stripe asks
// for more patience than a caller has.
func pause(try int, res *http.Response) (wait time.Duration, ok bool) {
	wait = firstPause << try
	wait -= rand.N(wait / 2)
	if res == nil {
		return wait, true
	}
	if asked, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && asked > 0 {
		return max(wait, time.Duration(asked)*time.Second), time.Duration(asked) <= longest/time.Second
	}
	return wait, true
}

// waited waits, and reports false when the caller gave up first.
func waited(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// unsent is a failure before the first byte of a request was written.
type unsent struct{ cause error }

func (u *unsent) Error() string { return "not sent: " + u.cause.Error() }
func (u *unsent) Unwrap() error { return u.cause }
