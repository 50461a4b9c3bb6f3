// Package trace owns the spans of tool calls and of the requests to vendors that
// are made for them, and how they are sent to a collector: OTLP over HTTP, as JSON
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp). A span has names, codes and
// times; the package never takes arguments, texts, amounts, ids of customers or
// secrets, never tells vendors of a trace, and never makes a call wait.
package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	most          = 2048            // spans that wait at once; more are dropped
	batch         = 512             // spans in one request
	everyBatch    = 5 * time.Second // how long a span waits at most for others
	longestPost   = 5 * time.Second // for the collector to answer
	longestEnding = 3 * time.Second // for what is left at the end
)

// Config is where spans are sent, and by whom.
type Config struct {
	Endpoint string // the collector's address; spans go to /v1/traces below it
	Version  string // of this program
	Log      *slog.Logger
	Now      func() time.Time
}

// Tracer records spans and sends them in batches. A nil Tracer records nothing.
// Its methods are safe for concurrent use, but for Run and Close, which follow
// each other.
type Tracer struct {
	address, version string
	log              *slog.Logger
	now              func() time.Time
	client           *http.Client
	full             chan struct{} // a batch is

	mu      sync.Mutex
	waiting []*Span
	dropped int // since the collector last took some

	away bool // the collector did not take the last batch
}

// New is a tracer; nil, which costs nothing, without an endpoint.
func New(c Config) *Tracer {
	if c.Endpoint == "" {
		return nil
	}
	return &Tracer{
		address: strings.TrimRight(c.Endpoint, "/") + "/v1/traces", version: c.Version, log: c.Log, now: c.Now, full: make(chan struct{}, 1),
		client: &http.Client{
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// take queues a span that has ended.
func (t *Tracer) take(s *Span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) >= most {
		t.dropped++
		return
	}
	t.waiting = append(t.waiting, s)
	if len(t.waiting)%batch == 0 {
		select {
		case t.full <- struct{}{}:
		default:
		}
	}
}

// Run sends what has come together, until ctx is done.
func (t *Tracer) Run(ctx context.Context) {
	if t == nil {
		return
	}
	tick := time.NewTicker(everyBatch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-t.full:
		}
		t.send(ctx)
	}
}

// Close sends what is left, for a few seconds at most, and lets go of the collector.
// Run must have ended.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), longestEnding)
	defer cancel()
	t.send(ctx)
	t.client.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	if lost := len(t.waiting) + t.dropped; lost > 0 {
		t.log.Warn("spans are lost", "count", lost)
	}
}

// send sends batches until none is left or the collector does not take one. What it
// may take later stays.
func (t *Tracer) send(ctx context.Context) {
	for ctx.Err() == nil {
		spans := t.next()
		if len(spans) == 0 {
			return
		}
		again, err := t.post(ctx, spans)
		if err != nil && ctx.Err() != nil {
			return
		}
		t.heard(ctx, err)
		if err != nil && again {
			return
		}
		t.remove(len(spans), err == nil)
	}
}

func (t *Tracer) next() []*Span {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting[:min(batch, len(t.waiting))]
}

// remove takes the first n spans, which were sent or refused, from the queue.
func (t *Tracer) remove(n int, sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append([]*Span(nil), t.waiting[n:]...)
	if !sent {
		t.dropped += n
	}
}

// heard says once that the collector is away, and once that it is back.
func (t *Tracer) heard(ctx context.Context, err error) {
	if (err != nil) == t.away {
		return
	}
	t.away = err != nil
	if t.away {
		t.log.WarnContext(ctx, "the collector of traces does not take spans; what does not fit into the queue is dropped", "err", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log.InfoContext(ctx, "the collector of traces takes spans again", "dropped", t.dropped)
	t.dropped = 0
}

// post sends one batch. If it fails, again says whether it may be sent once more
// (https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes).
func (t *Tracer) post(ctx context.Context, spans []*Span) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, longestPost)
	defer cancel()
	body, err := encode(t.version, spans)
	if err != nil {
		return false, fmt.Errorf("write spans: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("the address cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "supportmcp/"+t.version)
	response, err := t.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return true, failed.Err
	}
	if err != nil {
		return true, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 1<<16)
	return verdict(response.StatusCode)
}

func verdict(status int) (again bool, err error) {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	if status/100 != 2 {
		err = fmt.Errorf("answered with status %d", status)
	}
	return again, err
}
