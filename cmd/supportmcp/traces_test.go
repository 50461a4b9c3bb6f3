package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/tools"
)

// collected is what a collector reads of a span.
type collected struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	StartTimeUnixNano, EndTimeUnixNano  string
	Attributes                          []struct {
		Key   string
		Value struct{ StringValue, IntValue string }
	}
	Status struct{ Code int }
}

func (c collected) says(key string) string {
	for _, a := range c.Attributes {
		if a.Key == key {
			return a.Value.StringValue + a.Value.IntValue
		}
	}
	return ""
}

// collector takes spans over HTTP.
type collector struct {
	mu    sync.Mutex
	bytes string
	spans []collected
}

func openCollector(t *testing.T) (c *collector, endpoint string) {
	t.Helper()
	c = &collector{}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return c, s.URL
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var sent struct {
		ResourceSpans []struct {
			ScopeSpans []struct{ Spans []collected }
		}
	}
	if err := json.Unmarshal(body, &sent); err != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += string(body)
	for _, r := range sent.ResourceSpans {
		for _, s := range r.ScopeSpans {
			c.spans = append(c.spans, s.Spans...)
		}
	}
}

const callersTrace, callersSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

// refundTraced refunds as a client that traces, and gives what it was told.
func refundTraced(t *testing.T, address string) told {
	t.Helper()
	c := connect(t, &mcp.StreamableClientTransport{Endpoint: address}, "2025-11-25")
	res, err := c.session.CallTool(t.Context(), &mcp.CallToolParams{
		Name: "create_refund", Arguments: refundOf("duplicate-charge", "ch_maria_2"),
		Meta: mcp.Meta{"traceparent": "00-" + callersTrace + "-" + callersSpan + "-01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got told
	if err := json.Unmarshal([]byte(res.Content[0].(*mcp.TextContent).Text), &got); err != nil {
		t.Fatal(err)
	}
	c.session.Close()
	return got
}

func TestACollectorGetsTheTreeOfARefundAndNothingOfTheCustomer(t *testing.T) {
	t.Parallel()
	collector, endpoint := openCollector(t)
	p := settle(t, time.Now, tracesEndpoint+"="+endpoint)
	s := openService(t, p.environ)
	if got := refundTraced(t, s.address); got.State != policies.Done {
		t.Fatalf("the refund is answered %+v", got)
	}
	s.stop()
	i := slices.IndexFunc(collector.spans, func(c collected) bool { return c.Name == "tools/call create_refund" })
	if i < 0 {
		t.Fatalf("the collector has %+v", collector.spans)
	}
	call := collector.spans[i]
	if call.TraceID != callersTrace || call.ParentSpanID != callersSpan || call.Kind != 2 || call.Status.Code != 0 {
		t.Errorf("the call is %+v", call)
	}
	if call.says("supportmcp.outcome") != "ok" || call.says("supportmcp.principal") != "agent" || !strings.HasPrefix(call.says("supportmcp.call_id"), "call_") {
		t.Errorf("the call says %+v", call.Attributes)
	}
	var names []string
	for _, r := range slices.Delete(slices.Clone(collector.spans), i, i+1) {
		names = append(names, r.Name)
		if r.TraceID != callersTrace || r.ParentSpanID != call.SpanID || r.Kind != 3 || r.says("http.response.status_code") != "200" || r.EndTimeUnixNano < r.StartTimeUnixNano {
			t.Errorf("a request is %+v", r)
		}
	}
	for _, want := range []string{"Stripe GET /v1/charges/{id}", "Stripe POST /v1/refunds", "Intercom GET /conversations/{id}"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	wantNothingTold(t, collector.bytes)
}

func wantNothingTold(t *testing.T, bytes string) {
	t.Helper()
	told := []string{
		sandbox.StripeKey, sandbox.IntercomToken, sandbox.Conversation("duplicate-charge"), "maria", "@", "20.00", `"2000"`, "EUR",
		"ch_", "cus_", "re_1", "requested_by_customer", "arguments",
	}
	for _, canary := range told {
		if strings.Contains(strings.ToLower(bytes), strings.ToLower(canary)) {
			t.Errorf("the collector is told %s:\n%s", canary, bytes)
		}
	}
}

func TestACollectorThatIsAwayKeepsNoCallAndNoEnd(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now, tracesEndpoint+"=http://127.0.0.1:1")
	s := openService(t, p.environ)
	if got := refundTraced(t, s.address); got.State != policies.Done {
		t.Errorf("the refund is answered %+v", got)
	}
	s.stop()
	if n := strings.Count(s.log(), "the collector of traces does not take spans"); n != 1 || !strings.Contains(s.log(), "spans are lost") {
		t.Errorf("the log says\n%s", s.log())
	}
	wantRefunds(t, p, 1)
}

func TestASpanSaysHowItsCallEnded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call    func() (any, bool, error)
		outcome string
		status  int
	}{
		"answered": {func() (any, bool, error) { return nil, false, nil }, "ok", 0},
		"denied":   {func() (any, bool, error) { return nil, true, nil }, "denied", 0},
		"failed":   {func() (any, bool, error) { return nil, false, &fault.Error{Code: fault.Upstream, Message: "maria"} }, "upstream", 2},
		"panicked": {func() (any, bool, error) { panic("maria") }, "internal", 2},
	} {
		collector, endpoint := openCollector(t)
		h := hands{tracer: newTracer(settings{traces: endpoint, log: newLogger(io.Discard, "error")})}
		call := h.traced([]tools.Tool{{Call: func(context.Context, policies.Principal, json.RawMessage) (any, bool, error) { return c.call() }}})[0].Call
		func() {
			defer func() { _ = recover() }()
			_, _, _ = call(t.Context(), "agent", nil)
		}()
		h.tracer.Close()
		if len(collector.spans) != 1 || collector.spans[0].says("supportmcp.outcome") != c.outcome || collector.spans[0].Status.Code != c.status {
			t.Errorf("%s: the collector has %+v", name, collector.spans)
		}
		wantNothingTold(t, collector.bytes)
	}
}

func TestWithoutACollectorNoCallAndNoRequestIsWrapped(t *testing.T) {
	t.Parallel()
	h := hands{meters: newMeters(), tracer: newTracer(settings{})}
	if _, plain := h.vendor("Stripe").Transport.(countedTransport); !plain {
		t.Error("requests are traced")
	}
	if all := []tools.Tool{{}}; &h.traced(all)[0] != &all[0] {
		t.Error("calls are traced")
	}
}
