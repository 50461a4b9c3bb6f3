package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/meter"
	"supportmcp/policies"
)

const (
	// freshProbe and freshTally are for how long one look at the ledger answers
	// everybody who asks.
	freshProbe = 2 * time.Second
	freshTally = 10 * time.Second
	// longestProbe is how long a probe may take before the service is not ready.
	longestProbe = 5 * time.Second
	// longestBeat is how long the worker may be silent: it looks every second.
	longestBeat = 30 * time.Second
)

// operator tells those who run a service how it is: whether it lives, whether it
// can take work, and its numbers. It has an address of its own, that agents need
// not reach, and tells nothing about customers.
type operator struct {
	service  *service
	draining context.Context // done when the service takes no more work
	now      func() time.Time
	log      *slog.Logger

	probed lately[struct{}]
	tally  lately[ledger.Tally]
}

// lately keeps what was found out for a while.
type lately[T any] struct {
	mu    sync.Mutex
	at    time.Time
	value T
	err   error
}

// get looks again when the last look is older than fresh.
func (l *lately[T]) get(fresh time.Duration, look func() (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() || time.Since(l.at) > fresh {
		l.value, l.err = look()
		l.at = time.Now()
	}
	return l.value, l.err
}

// operate answers at an address until close is called. While ctx is done and close
// was not called, it says that the service is ending.
func (s *service) operate(ctx context.Context, address string) (end func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &fault.Error{
			Code: fault.Invalid, Message: fmt.Sprintf("--operator %s: %v", address, err),
			NextStep: "give an address of this machine with a free port, such as 127.0.0.1:9090",
		}
	}
	o := &operator{service: s, draining: ctx, now: s.guard.Now, log: s.log}
	s.meters.LookUp(o.page)
	h := &http.Server{
		Handler: o.routes(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Serve(l) }()
	s.log.Info("telling the operator", "operator", "http://"+l.Addr().String())
	return func() { _ = h.Close(); <-done }, nil
}

func (o *operator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.HandleFunc("GET /metrics", o.metrics)
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

func (o *operator) readyz(w http.ResponseWriter, r *http.Request) {
	if why := o.unready(r.Context()); len(why) > 0 {
		say(w, http.StatusServiceUnavailable, strings.Join(why, "\n"))
		return
	}
	say(w, http.StatusOK, "ok")
}

// unready is everything that keeps the service from taking work.
func (o *operator) unready(ctx context.Context) (why []string) {
	if o.draining.Err() != nil {
		return []string{"the service is ending"}
	}
	if silent := time.Since(*o.service.ledgered.beat.Load()); silent > longestBeat {
		why = append(why, fmt.Sprintf("the worker has not looked for %s", silent.Round(time.Second)))
	}
	if _, err := o.probed.get(freshProbe, func() (struct{}, error) { return struct{}{}, o.probe(ctx) }); err != nil {
		o.log.Warn("the service is not ready", "err", err)
		why = append(why, fmt.Sprintf("the ledger cannot be used (%s)", fault.CodeOf(err)))
	}
	return why
}

// probe wants a ledger that records, and whose end is as it was signed.
func (o *operator) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestProbe)
	defer cancel()
	if err := o.service.ledger.Probe(ctx); err != nil {
		return err
	}
	return o.service.ledger.CheckTail(ctx, o.service.notary.key.Verifier)
}

func (o *operator) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = o.service.meters.WriteTo(w)
}

// page is what is read when somebody asks. What cannot be read is left out, and the
// log says why.
func (o *operator) page(p *meter.Page) {
	ctx, cancel := context.WithTimeout(context.Background(), longestProbe)
	defer cancel()
	o.pageLedger(ctx, p)
	o.pageIndex(ctx, p)
	p.Gauge("supportmcp_worker_silent_seconds", "Since the worker last looked for work.", time.Since(*o.service.ledgered.beat.Load()).Seconds())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.Gauge("go_goroutines", "Goroutines that exist.", float64(runtime.NumGoroutine()))
	p.Gauge("go_memstats_heap_inuse_bytes", "Bytes of the heap in use.", float64(memory.HeapInuse))
}

func (o *operator) pageLedger(ctx context.Context, p *meter.Page) {
	t, err := o.tally.get(freshTally, func() (ledger.Tally, error) { return o.service.ledger.Tally(ctx) })
	if err != nil {
		o.log.Warn("the ledger's numbers cannot be told", "err", err)
		return
	}
	for _, s := range states() {
		p.Gauge("supportmcp_entries", "Actions in the ledger, by state.", float64(t.States[s]), "state", string(s))
	}
	p.Gauge("supportmcp_oldest_unknown_seconds", "For how long the oldest action is in doubt; 0 when none is.", t.Doubt.Seconds())
	for _, h := range t.Holds {
		p.Gauge("supportmcp_holds", "Actions under way or in doubt that budgets count, by scope.", float64(h.Actions), "scope", string(h.Scope), "currency", string(h.Currency))
	}
	for _, h := range t.Holds {
		p.Gauge("supportmcp_held_minor_units", "What they hold.", float64(h.Minor), "scope", string(h.Scope), "currency", string(h.Currency))
	}
}

// states are all that an action can be in, so that a number that falls to nothing
// is told as 0.
func states() []policies.State {
	return []policies.State{
		policies.Denied, policies.Awaiting, policies.Approved, policies.Executing, policies.Done, policies.Failed,
		policies.InDoubt, policies.Review, policies.Rejected, policies.Expired, policies.Stale,
	}
}

func (o *operator) pageIndex(ctx context.Context, p *meter.Page) {
	sources, err := o.service.readers.shelf.Status(ctx)
	if err != nil {
		o.log.Warn("the documents' age cannot be told", "err", err)
		return
	}
	for _, s := range sources {
		if !s.SyncedAt.IsZero() {
			p.Gauge("supportmcp_index_age_seconds", "Since a source of documents was last read whole.", o.now().Sub(s.SyncedAt).Seconds(), "source", s.Source)
		}
	}
	p.Gauge("supportmcp_index_documents", "Documents that are served.", float64(len(o.service.readers.library.Documents())))
}
