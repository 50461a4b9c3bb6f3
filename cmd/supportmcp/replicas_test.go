package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/policies"
)

// balance is a plain proxy in front of services: each request goes to the next, and
// to another one when the connection is refused, as docs/deploy/compose.yaml has it.
func balance(t *testing.T, services ...*runningService) (address string) {
	t.Helper()
	var next atomic.Int64
	quiet := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(quiet.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Transport: roundTripper(func(r *http.Request) (res *http.Response, err error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			for range services {
				to, _ := url.Parse(services[next.Add(1)%int64(len(services))].address)
				r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, to.Host
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				if res, err = quiet.RoundTrip(r); !strings.HasPrefix(fmt.Sprint(err), "dial ") {
					break
				}
			}
			return res, err
		}),
		Rewrite:      func(*httputil.ProxyRequest) {},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// era is how a client over HTTP asks.
type era struct{ version string }

// post asks once.
func (e era) post(ctx context.Context, address, tool string, args map[string]any) (got told, err error) {
	params := map[string]any{"name": tool, "arguments": args}
	header := http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Authorization": {"Bearer " + strings.Repeat("t", 40)}, "Mcp-Protocol-Version": {e.version},
	}
	if e.version == "2026-07-28" {
		params["_meta"] = map[string]any{"io.modelcontextprotocol/protocolVersion": e.version, "io.modelcontextprotocol/clientCapabilities": map[string]any{}}
		header.Set("Mcp-Method", "tools/call")
		header.Set("Mcp-Name", tool)
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	if err != nil {
		return got, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		return got, err
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return got, err
	}
	defer res.Body.Close()
	var m struct {
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil || len(m.Result.Content) == 0 {
		return got, fmt.Errorf("status %d: %w", res.StatusCode, errors.Join(err, io.ErrUnexpectedEOF))
	}
	got.Text = m.Result.Content[0].Text
	return got, json.Unmarshal([]byte(got.Text), &got)
}

// until asks again, as agents are told to, until an answer is as wanted.
func (e era) until(t *testing.T, address, tool string, args map[string]any, wanted func(told) bool) (got told) {
	t.Helper()
	for range 600 {
		var err error
		if got, err = e.post(t.Context(), address, tool, args); err == nil && wanted(got) {
			return got
		}
		if !wait(t.Context(), 100*time.Millisecond) {
			break
		}
	}
	t.Errorf("%s never answered as wanted; at last %s", tool, got)
	return got
}

// replicas are two services on one PostgreSQL, and the address of their balancer.
func replicas(t *testing.T) (p *place, both [2]*runningService, address string) {
	t.Helper()
	home := t.TempDir()
	policy, docs := filepath.Join(home, "policy.yaml"), filepath.Join(home, "handbook")
	text := strings.Replace(generous, "eur: {auto: 50.00", "eur: {auto: 20.00", 1)
	for path, text := range map[string]string{policy: text, filepath.Join(docs, "refunds.md"): "# Refunds\n\nWithin thirty days.\n"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := filepath.Join(home, "audit.key")
	if got := typeIn(t, bare(), "audit", "key", "--new", key); got.status != 0 {
		t.Fatal(got.err)
	}
	database := postgres.Fresh(t)
	p = settle(t, time.Now, "HOME="+home, "SUPPORTMCP_DATABASE_URL="+database, "SUPPORTMCP_POLICY="+policy, "SUPPORTMCP_KNOWLEDGE=handbook="+docs,
		"SUPPORTMCP_HTTP_TOKEN="+strings.Repeat("t", 40), "SUPPORTMCP_AUDIT_KEY_FILE="+key)
	p.Intercom.Settings.RateLimit = 1_000_000
	for i := range both {
		both[i] = openProgram(t, "supportmcp-hasty", p.environ, nil)
	}
	return p, both, balance(t, both[0], both[1])
}

// Any replica answers any call of either era. One that is killed in the middle of
// two hundred tickets takes nothing with it: each charge is refunded once.
func TestAKilledReplicaLosesNothing(t *testing.T) {
	t.Parallel()
	tickets := int64(200)
	if testing.Short() {
		tickets = 50
	}
	p, both, address := replicas(t)
	eras := []era{{"2025-11-25"}, {"2026-07-28"}}
	asked := eras[0].until(t, address, "create_refund", refundOf("duplicate-charge", "ch_maria_2", "amount", "20.00 EUR"), func(got told) bool { return got.State != "" })
	if asked.State != policies.Done {
		t.Fatalf("the first refund: %s", asked)
	}
	conversation, charge := addTicket(p, tickets)
	waits := eras[1].until(t, address, "create_refund", map[string]any{"conversation_id": conversation, "charge_id": charge, "amount": "30.00 EUR", "reason": "requested_by_customer"},
		func(got told) bool { return got.State != "" })
	if waits.State != policies.Awaiting {
		t.Fatalf("what a person must approve: %s", waits)
	}

	var done atomic.Int64
	kill := make(chan struct{})
	var agents sync.WaitGroup
	for n := range tickets {
		conversation, charge := addTicket(p, n)
		agents.Go(func() {
			e := eras[n%2]
			e.until(t, address, "search", map[string]any{"query": "refunds within thirty days"}, func(got told) bool { return strings.Contains(got.Text, "refunds.md") })
			args := map[string]any{"conversation_id": conversation, "charge_id": charge, "amount": "5.00 EUR", "reason": "requested_by_customer"}
			got := e.until(t, address, "create_refund", args, func(got told) bool { return got.State != "" })
			e.until(t, address, "get_action", map[string]any{"action_id": got.Action}, func(got told) bool { return got.State == policies.Done })
			if done.Add(1) == tickets/4 {
				close(kill)
			}
		})
	}
	<-kill
	both[0].kill()
	if got := typeIn(t, p.environ, "approvals", "approve", waits.Action, "--as", "robin"); got.status != 0 {
		t.Errorf("approve: %s", got.err)
	}
	agents.Wait()
	eras[1].until(t, address, "get_action", map[string]any{"action_id": waits.Action}, func(got told) bool { return got.State == policies.Done })
	for n := range tickets + 1 {
		if got := p.Stripe.RefundsOf(fmt.Sprintf("ch_soak%d", n)); len(got) != 1 {
			t.Errorf("ch_soak%d has %d refunds", n, len(got))
		}
	}
	both[1].stop()
	wantRefunds(t, p, int(tickets)+2)
}
