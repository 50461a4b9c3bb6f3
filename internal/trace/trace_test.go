package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is a collector that answers with a status and keeps what it took.
type collector struct {
	*httptest.Server
	came chan struct{} // for each batch
	gone chan struct{} // for each connection that ended

	mu     sync.Mutex
	status int
	asked  int
	spans  []span
}

func collect(t *testing.T, status int) *collector {
	t.Helper()
	c := &collector{status: status, came: make(chan struct{}, 100), gone: make(chan struct{}, 100)}
	c.Server = httptest.NewUnstartedServer(c)
	c.Config.ConnState = func(_ net.Conn, is http.ConnState) {
		if is == http.StateClosed {
			c.gone <- struct{}{}
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e export
	if err := json.Unmarshal(body, &e); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.status == http.StatusOK {
		c.spans = append(c.spans, e.ResourceSpans[0].ScopeSpans[0].Spans...)
	}
	w.WriteHeader(c.status)
	c.came <- struct{}{}
}

func (c *collector) answers(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func (c *collector) took() (spans, asked int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.spans), c.asked
}

func tracerTo(endpoint string, log io.Writer) *Tracer {
	return New(Config{Endpoint: endpoint, Version: "1", Log: slog.New(slog.NewTextHandler(log, nil)), Now: func() time.Time { return time.Unix(1, 5) }})
}

func record(t *Tracer, n int) {
	for range n {
		_, s := t.Call(context.Background(), "get_action", "agent", "call_1")
		s.Answered("ok", false)
	}
}

func TestATraceparentIsTakenOverAndWhatIsNoneIsIgnored(t *testing.T) {
	t.Parallel()
	const id, of = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, c := range []struct {
		parent       string
		trace, below string
		recorded     bool
	}{
		{"00-" + id + "-" + of + "-01", id, of, true},
		{"00-" + id + "-" + of + "-00", id, "", false}, // not sampled
		{"cc-" + id + "-" + of + "-03-more", id, of, true},
		{"00-" + id + "-" + of + "-01-more", "", "", true},
		{"ff-" + id + "-" + of + "-01", "", "", true},
		{"00-" + strings.ToUpper(id) + "-" + of + "-01", "", "", true},
		{"00-" + strings.Repeat("0", 32) + "-" + of + "-01", "", "", true},
		{"00-" + id + "-" + strings.Repeat("0", 16) + "-01", "", "", true},
		{"00-" + id + "-" + of, "", "", true},
		{"00-" + id + "x-" + of + "-01", "", "", true},
		{"", "", "", true},
	} {
		ctx := WithParent(t.Context(), c.parent)
		if ID(ctx) != c.trace {
			t.Errorf("%s: the log names %q", c.parent, ID(ctx))
		}
		within, s := tracerTo("http://127.0.0.1:1", io.Discard).Call(ctx, "get_action", "agent", "call_1")
		if (s != nil) != c.recorded {
			t.Errorf("%s: recorded is %v", c.parent, s != nil)
		}
		if s == nil {
			continue
		}
		if s.parent != c.below || c.trace != "" && s.at.trace != c.trace || len(s.at.trace) != 32 || len(s.at.span) != 16 || ID(within) != s.at.trace {
			t.Errorf("%s: the span is %+v below %q", c.parent, s.at, s.parent)
		}
	}
}

func TestAPathIsShownWithoutIDs(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/charges/ch_1":                 "/v1/charges/{id}",
		"/v1/refunds":                      "/v1/refunds",
		"/v1/customers/search":             "/v1/customers/search",
		"/v1/subscriptions/sub_1/discount": "/v1/subscriptions/{id}/discount",
		"/v1/coupons/maria":                "/v1/coupons/{id}",
		"/v1/billing_portal/sessions":      "/v1/billing_portal/sessions",
		"/conversations/215472/reply":      "/conversations/{id}/reply",
		"/contacts/maria/tags/vip":         "/contacts/{id}/tags/{id}",
		"/contacts/find/maria@example.com": "/contacts/{id}/{id}",
		"/maria@example.com":               "/{id}",
		"/me":                              "/me",
	} {
		if got := template(path); got != want {
			t.Errorf("%s is shown as %s", path, got)
		}
	}
}

func TestOnlyRequestsOfRecordedCallsAreSpans(t *testing.T) {
	t.Parallel()
	tracer := tracerTo("http://127.0.0.1:1", io.Discard)
	parent := WithParent(t.Context(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
	skipped, _ := tracer.Call(parent, "get_action", "agent", "call_1")
	for _, ctx := range []context.Context{t.Context(), parent, skipped} {
		if s := tracer.Request(ctx, "Stripe", http.MethodGet, "/v1/refunds"); s != nil {
			t.Errorf("recorded %+v", s)
		}
	}
}

func TestWithoutACollectorNothingIsRecorded(t *testing.T) {
	t.Parallel()
	none := New(Config{})
	ctx, s := none.Call(t.Context(), "get_action", "agent", "call_1")
	if none != nil || s != nil || ctx != t.Context() || none.Request(ctx, "Stripe", http.MethodGet, "/v1/refunds") != nil {
		t.Error("something is recorded")
	}
	s.Answered("ok", false)
	s.Responded(200)
	none.Run(t.Context())
	none.Close()
}

func TestACollectorThatIsAwayIsToldOnceAndGetsWhatFitsLater(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := collect(t, http.StatusServiceUnavailable)
	tracer := tracerTo(c.URL, &log)
	record(tracer, most+10)
	for range 3 {
		tracer.send(t.Context())
	}
	if _, asked := c.took(); asked != 3 || strings.Count(log.String(), "does not take spans") != 1 {
		t.Errorf("asked %d times; the log says\n%s", asked, log.String())
	}
	c.answers(http.StatusOK)
	tracer.Close()
	if spans, _ := c.took(); spans != most || !strings.Contains(log.String(), "takes spans again\" dropped=10") {
		t.Errorf("the collector has %d spans; the log says\n%s", spans, log.String())
	}
}

func TestWhatACollectorRefusesIsNotSentAgain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := collect(t, http.StatusBadRequest)
	tracer := tracerTo(c.URL, &log)
	record(tracer, batch+1)
	tracer.send(t.Context())
	tracer.Close()
	if _, asked := c.took(); asked != 2 || !strings.Contains(log.String(), "lost\" count=513") {
		t.Errorf("asked %d times; the log says\n%s", asked, log.String())
	}
}

func TestAFullBatchIsSentAtOnceAndTheRestAtTheEnd(t *testing.T) {
	t.Parallel()
	c := collect(t, http.StatusOK)
	tracer := tracerTo(c.URL+"/", io.Discard)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { tracer.Run(ctx) })
	record(tracer, batch)
	<-c.came
	stop()
	running.Wait()
	record(tracer, 3)
	tracer.Close()
	if spans, _ := c.took(); spans < batch+3 {
		t.Errorf("the collector has %d spans", spans)
	}
}

func TestATracerThatIsClosedKeepsNoConnection(t *testing.T) {
	t.Parallel()
	c := collect(t, http.StatusOK)
	tracer := tracerTo(c.URL, io.Discard)
	record(tracer, 1)
	tracer.Close()
	<-c.gone // else the test hangs
	if spans, _ := c.took(); spans != 1 {
		t.Errorf("the collector has %d spans", spans)
	}
}

// A collector that hangs keeps its connection; calls go on and the end is bounded
// by the context.
func TestAnEndDoesNotWaitForACollectorThatHangs(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(asked); <-release }))
	defer hanging.Close()
	defer close(release)
	tracer := tracerTo(hanging.URL, io.Discard)
	record(tracer, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	tracer.send(ctx)
	record(tracer, 1)
	if n := len(tracer.next()); n != 2 {
		t.Errorf("%d spans wait", n)
	}
}
