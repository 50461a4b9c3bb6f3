package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/meter"
	"supportmcp/policies"
	"supportmcp/tools"
)

// meters count what a service does. They see no text: only kinds, rules, names of
// tools and vendors, and how long things took.
type meters struct {
	meter.Meter
	decisions meter.Counter
	findings  meter.Counter
	requests  meter.Counter
	waits     meter.Histogram
	calls     meter.Histogram
}

func newMeters() *meters {
	m := &meters{}
	quick := []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20}
	m.decisions = m.Counter("supportmcp_decisions_total", "Judged actions, by kind and verdict.", "kind", "effect")
	m.findings = m.Counter("supportmcp_findings_total", "Rules that did not allow an action.", "rule", "effect")
	m.requests = m.Counter("supportmcp_vendor_requests_total", "Requests to vendors by class of status; none is no answer.", "vendor", "method", "status")
	m.waits = m.Histogram("supportmcp_vendor_seconds", "How long vendors took to answer.", quick, "vendor")
	m.calls = m.Histogram("supportmcp_tool_seconds", "How long tool calls took, by how they ended.", quick, "tool", "outcome")
	return m
}

// watched is a ledger whose decisions are counted, and of which is known when the
// worker last looked into it.
type watched struct {
	policies.Ledger
	meters *meters
	beat   atomic.Pointer[time.Time]
}

func (m *meters) watch(l policies.Ledger) *watched {
	w := &watched{Ledger: l, meters: m}
	w.beats()
	return w
}

func (w *watched) beats() {
	now := time.Now()
	w.beat.Store(&now)
}

// Begin implements [policies.Ledger].
func (w *watched) Begin(ctx context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	e, replayed, err := w.Ledger.Begin(ctx, d, judge)
	if err == nil && !replayed && !d.DryRun {
		w.meters.judged(e)
	}
	return e, replayed, err
}

// Resume implements [policies.Ledger].
func (w *watched) Resume(ctx context.Context, id string, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	e, ok, err := w.Ledger.Resume(ctx, id, d, judge)
	if err == nil && ok {
		w.meters.judged(e)
	}
	return e, ok, err
}

// Due implements [policies.Ledger]. Nobody but the worker asks.
func (w *watched) Due(ctx context.Context, what policies.Due, n int) ([]policies.Entry, error) {
	due, err := w.Ledger.Due(ctx, what, n)
	if err == nil {
		w.beats()
	}
	return due, err
}

func (m *meters) judged(e policies.Entry) {
	m.decisions.Inc(string(e.Kind), e.Decision.Effect.String())
	for _, f := range e.Decision.Against() {
		m.findings.Inc(f.Rule, f.Effect.String())
	}
}

// vendor is a client whose requests are counted, with as many connections as an
// adapter's own.
func (m *meters) vendor(name string) *http.Client {
	next := http.DefaultTransport
	if standard, ok := next.(*http.Transport); ok {
		t := standard.Clone()
		t.MaxIdleConnsPerHost = 16
		next = t
	}
	return &http.Client{Transport: countedTransport{next, m, name}, Timeout: 20 * time.Second}
}

type countedTransport struct {
	next   http.RoundTripper
	meters *meters
	vendor string
}

// RoundTrip implements http.RoundTripper.
func (c countedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	res, err := c.next.RoundTrip(r)
	status := "none"
	if err == nil {
		status = strconv.Itoa(res.StatusCode/100) + "xx"
	}
	if err == nil && res.StatusCode == http.StatusTooManyRequests {
		status = strconv.Itoa(res.StatusCode)
	}
	c.meters.requests.Inc(c.vendor, r.Method, status)
	c.meters.waits.Observe(time.Since(began).Seconds(), c.vendor)
	return res, err
}

// timed are tools whose calls are measured.
func (m *meters) timed(all []tools.Tool) []tools.Tool {
	out := make([]tools.Tool, len(all))
	for i, t := range all {
		call := t.Call
		t.Call = func(ctx context.Context, by policies.Principal, args json.RawMessage) (any, bool, error) {
			began, outcome := time.Now(), string(fault.Internal) // of a panic
			defer func() { m.calls.Observe(time.Since(began).Seconds(), t.Name, outcome) }()
			answer, refused, err := call(ctx, by, args)
			outcome = outcomeOf(refused, err)
			return answer, refused, err
		}
		out[i] = t
	}
	return out
}

func outcomeOf(refused bool, err error) string {
	switch {
	case err != nil:
		return string(fault.CodeOf(err))
	case refused:
		return "denied"
	}
	return "ok"
}
