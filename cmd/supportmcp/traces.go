package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/trace"
	"supportmcp/policies"
	"supportmcp/tools"
)

const tracesEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// checkTraces wants an address that can be logged: it has no password.
func (c Config) checkTraces() error {
	u, err := url.Parse(c.TracesEndpoint)
	if c.TracesEndpoint == "" || err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && u.RawQuery == "" && u.Fragment == "" {
		return nil
	}
	return problem(tracesEndpoint, "must be the address of a collector such as http://127.0.0.1:4318, without user, query and fragment")
}

// newTracer is nil when no collector is named. Spans have the time of collectors,
// also beside a sandbox with another.
func newTracer(s settings) *trace.Tracer {
	return trace.New(trace.Config{Endpoint: s.traces, Version: version, Log: s.log, Now: time.Now})
}

// traced are tools whose calls are spans.
func (h hands) traced(all []tools.Tool) []tools.Tool {
	if h.tracer == nil {
		return all
	}
	out := make([]tools.Tool, len(all))
	for i, t := range all {
		call := t.Call
		t.Call = func(ctx context.Context, by policies.Principal, args json.RawMessage) (any, bool, error) {
			ctx, span := h.tracer.Call(ctx, t.Name, string(by), fault.CallOf(ctx))
			outcome, failed := string(fault.Internal), true // of a panic
			defer func() { span.Answered(outcome, failed) }()
			answer, refused, err := call(ctx, by, args)
			outcome, failed = outcomeOf(refused, err), err != nil
			return answer, refused, err
		}
		out[i] = t
	}
	return out
}

// vendor is a client whose requests are counted and, for calls that are traced, spans.
func (h hands) vendor(name string) *http.Client {
	c := h.meters.vendor(strings.ToLower(name))
	if h.tracer != nil {
		c.Transport = tracedTransport{c.Transport, h.tracer, name}
	}
	return c
}

type tracedTransport struct {
	next   http.RoundTripper
	tracer *trace.Tracer
	vendor string
}

// RoundTrip implements http.RoundTripper.
func (t tracedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	span := t.tracer.Request(r.Context(), t.vendor, r.Method, r.URL.Path)
	res, err := t.next.RoundTrip(r)
	status := 0
	if err == nil {
		status = res.StatusCode
	}
	span.Responded(status)
	return res, err
}
