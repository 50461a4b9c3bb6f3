// Package control owns what a sandbox server can be told to do from outside:
// move its clock, fail on demand, and show which requests it got. It knows
// nothing of Stripe or Intercom; each server says how its own errors look.
package control

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"sync"
	"time"
)

// Kind is a way for a request to go wrong.
type Kind string

// The faults a sandbox can play.
const (
	RateLimit   Kind = "rate_limit"   // 429 with the vendor's headers; nothing applied
	ErrorBefore Kind = "error_before" // 5xx; nothing applied
	ErrorAfter  Kind = "error_after"  // applied, then 5xx
	CutBefore   Kind = "cut_before"   // connection closed; nothing applied
	CutAfter    Kind = "cut_after"    // applied, then connection closed without an answer
	Slow        Kind = "slow"         // applied and answered after Delay
	Hang        Kind = "hang"         // nothing applied and never answered; ends when the client hangs up
	Half        Kind = "half"         // applied, then answered with half of the body
)

// Fault makes matching requests go wrong.
type Fault struct {
	Method string   `json:"method"` // "" matches every method
	Path   string   `json:"path"`   // a path.Match pattern, such as "/v1/refunds" or "/conversations/*/reply"; "" matches every path
	Kind   Kind     `json:"kind"`
	Status int      `json:"status,omitempty"` // of error_before and error_after; 500 when 0
	Skip   int      `json:"skip,omitempty"`   // matching requests that still pass first
	Times  int      `json:"times,omitempty"`  // requests that go wrong; 1 when 0, without end when negative
	Delay  Duration `json:"delay,omitempty"`  // of slow
}

// Duration is a time.Duration that is written as "1.5s" in JSON.
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration such as "1.5s".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

func (f Fault) check() error {
	switch f.Kind {
	case RateLimit, ErrorBefore, ErrorAfter, CutBefore, CutAfter, Slow, Half, Hang:
	default:
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	_, err := path.Match(f.Path, "/")
	return err
}

func (f Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	ok, err := path.Match(f.Path, r.URL.Path)
	return f.Path == "" || err == nil && ok
}

// Request is one request a sandbox server answered, for tests to look at.
type Request struct {
	Method         string `json:"method"`
	Path           string `json:"path"`
	Query          string `json:"query,omitempty"`
	Body           string `json:"body,omitempty"`
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	Status         int    `json:"status"` // as applied; 0 when nothing was applied
	Fault          Kind   `json:"fault,omitempty"`
}

// Desk injects faults into a server and keeps the list of its requests. The
// zero value passes everything on. It is safe for concurrent use.
type Desk struct {
	// Keep, when set before the first request, is handed every write that passes
	// the desk, and calls apply to let it happen. An error means that the write is
	// not kept: the client then gets no answer.
	Keep func(r *http.Request, body []byte, apply func() (status int)) error

	mu       sync.Mutex
	faults   []Fault
	requests []Request
}

// Inject adds a fault. The first one that matches a request is played.
func (d *Desk) Inject(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Times == 0 {
		f.Times = 1
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, f)
	return nil
}

// Clear removes all faults.
func (d *Desk) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// Requests lists what was asked since the start or the last Forget, oldest first.
func (d *Desk) Requests() []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Request{}, d.requests...)
}

// Forget empties the list of requests.
func (d *Desk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = nil
}

func (d *Desk) next(r *http.Request) (Fault, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.faults {
		f := &d.faults[i]
		if f.Times == 0 || !f.matches(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		f.Times--
		return *f, true
	}
	return Fault{}, false
}

func (d *Desk) note(r Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, r)
}

// Failer writes a vendor's error answer for a status of 429 or 5xx.
type Failer func(w http.ResponseWriter, status int)

// Wrap puts the desk in front of a vendor's handler.
func (d *Desk) Wrap(next http.Handler, fail Failer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		f, faulty := d.next(r)
		req := Request{
			Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body),
			IdempotencyKey: r.Header.Get("Idempotency-Key"), Fault: f.Kind,
		}
		var rec *recorder
		if !faulty || f.applies() {
			rec = &recorder{header: http.Header{}, status: http.StatusOK}
			if err := d.apply(next, rec, r, body); err != nil {
				cut(w)
				return
			}
			req.Status = rec.status
		}
		d.note(req)
		if !faulty {
			rec.send(w)
			return
		}
		f.play(w, r, rec, fail)
	})
}

// apply lets the vendor take a request. What it applies does not depend on whether
// the answer arrives.
func (d *Desk) apply(next http.Handler, rec *recorder, r *http.Request, body []byte) error {
	apply := func() int {
		next.ServeHTTP(rec, r.WithContext(context.WithoutCancel(r.Context())))
		return rec.status
	}
	if d.Keep == nil || r.Method == http.MethodGet {
		apply()
		return nil
	}
	return d.Keep(r, body, apply)
}

// Apply lets a handler take a request and gives the status of its answer.
func Apply(h http.Handler, r *http.Request) (status int) {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(rec, r)
	return rec.status
}

func (f Fault) applies() bool {
	return f.Kind == ErrorAfter || f.Kind == CutAfter || f.Kind == Slow || f.Kind == Half
}

func (f Fault) play(w http.ResponseWriter, r *http.Request, applied *recorder, fail Failer) {
	switch f.Kind {
	case RateLimit:
		fail(w, http.StatusTooManyRequests)
	case ErrorBefore, ErrorAfter:
		fail(w, cmp.Or(f.Status, http.StatusInternalServerError))
	case CutBefore, CutAfter:
		cut(w)
	case Slow:
		wait(r.Context(), time.Duration(f.Delay))
		applied.send(w)
	case Hang:
		<-r.Context().Done()
		cut(w)
	case Half:
		applied.sendHalf(w)
	}
}

// cut closes the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// recorder holds an answer until it is known whether it will be sent.
type recorder struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(status int)      { r.status = status }

func (r *recorder) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}

// sendHalf sends the first half of the body as if it were all.
func (r *recorder) sendHalf(w http.ResponseWriter) {
	r.body.Truncate(r.body.Len() / 2)
	r.send(w)
}
