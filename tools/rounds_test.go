package tools_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/samples"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/tools"
)

// gate holds back every request to a vendor until the test opens it. When all
// goroutines of a bubble wait, the requests that are held depend on none of each
// other: together they are one round.
type gate struct {
	mu     sync.Mutex
	held   []chan struct{}
	paths  []string
	vendor map[string]http.Handler // by host
}

// RoundTrip implements http.RoundTripper without a network.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	turn := make(chan struct{})
	g.mu.Lock()
	g.held = append(g.held, turn)
	g.paths = append(g.paths, r.Method+" "+r.URL.Path)
	g.mu.Unlock()
	select {
	case <-turn:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	g.vendor[r.URL.Host].ServeHTTP(rec, in)
	return rec.Result(), nil
}

// open lets one round pass and reports whether there was any.
func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, turn := range g.held {
		close(turn)
	}
	any := len(g.held) > 0
	g.held = nil
	return any
}

func TestUpstreamCallsAndTheirRounds(t *testing.T) {
	maria, acme, mila, yara := sandbox.Conversation("duplicate-charge"), sandbox.Conversation("company-pays"), sandbox.Conversation("known-by-attribute"), sandbox.Conversation("card-fixed")
	for _, c := range []struct {
		tool          string
		args          args
		rounds, calls int
	}{
		{"get_conversation", args{"conversation_id": maria}, 4, 10},
		{"get_conversation", args{"conversation_id": acme}, 4, 10},
		{"get_conversation", args{"conversation_id": mila}, 3, 9},
		{"get_conversation", args{"conversation_id": maria, "without_billing": true}, 1, 1},
		{"get_conversation", args{"conversation_id": maria, "cursor": made("m." + maria + "..source.0.")}, 1, 1},
		{"get_billing_overview", args{"conversation_id": maria}, 4, 10}, // 7 of them at Stripe
		{"get_billing_overview", args{"conversation_id": acme}, 4, 10},
		{"get_billing_overview", args{"conversation_id": maria, "cursor": made("p." + maria + ".cus_maria.ch_maria_2.0.")}, 4, 8},
		{"get_payment", args{"conversation_id": maria, "charge_id": "ch_maria_2"}, 4, 8},
		{"list_payments", args{"conversation_id": maria}, 4, 7},
		{"list_invoices", args{"conversation_id": maria}, 4, 6},
		{"cancel_subscription", args{"conversation_id": maria, "subscription_id": "sub_maria", "how": "at_period_end"}, 4, 8},
		{"resume_subscription", args{"conversation_id": maria, "subscription_id": "sub_maria"}, 4, 8},
		{"grant_credit", args{"conversation_id": maria, "amount": "5.00 EUR"}, 4, 7},
		{"retry_invoice", args{"conversation_id": yara, "invoice_id": "in_yara_2"}, 5, 9},
		{"find_customers", args{"email": "maria.jensen@example.com"}, 1, 2},
		{"create_refund", args{"conversation_id": maria, "charge_id": "ch_maria_2", "reason": "duplicate"}, 4, 9},
		{"create_refund", args{"conversation_id": maria, "payment_intent_id": "pi_maria_2", "reason": "duplicate", "dry_run": true}, 3, 8},
		{"reply_to_conversation", args{"conversation_id": maria, "body": "Hello"}, 2, 3},
		{"reply_to_conversation", args{"conversation_id": maria, "body": "We cannot refund it, sorry. Your plan costs 20.00 EUR."}, 2, 3},
		{"reply_to_conversation", args{"conversation_id": maria, "body": "We have refunded it."}, 5, 10},
		{"reply_to_conversation", args{"conversation_id": maria, "body": "Hello {card_update}"}, 6, 9},
		{"reply_to_conversation", args{"conversation_id": maria, "body": "{receipt:ch_maria_1} {receipt:ch_maria_2}"}, 7, 12},
		{"add_internal_note", args{"conversation_id": maria, "body": "Hello"}, 2, 3},
		{"set_conversation_state", args{"conversation_id": maria, "state": "closed"}, 3, 4},
		{"tag_conversation", args{"conversation_id": maria, "add": []string{"billing"}}, 4, 5},
		{"get_action", args{"action_id": "act_1"}, 0, 0},
		{"search", args{"query": "refund"}, 0, 0},
		{"fetch", args{"id": "kb://northwind/refund-policy.md"}, 0, 0},
		{"search_conversations", args{"state": "open"}, 1, 1},
		{"search_conversations", args{"tag": "billing"}, 2, 2},
		{"list_desk_options", args{"of": "macros"}, 1, 1},
		{"find_contacts", args{"email": "mila@work.example"}, 1, 1},
		{"list_segments", args{}, 1, 1},
		{"assign_conversation", args{"conversation_id": maria, "team": "billing"}, 4, 5},
		{"tag_contact", args{"contact_id": "64f0000000000000000000aa", "add": []string{"billing"}}, 6, 6},
		{"update_contact", args{"contact_id": "64f0000000000000000000aa", "attribute": "plan_note", "value": "x"}, 6, 6},
		{"create_contact", args{"role": "lead", "email": "new@example.com"}, 3, 3},
		{"list_segments", args{"segment_id": "64f0d0000000000000000001"}, 1, 1},
	} {
		t.Run(c.tool, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rounds, paths := roundsOf(t, policy, c.tool, c.args)
				t.Logf("%s: %d calls in %d rounds: %v", c.tool, len(paths), rounds, paths)
				if n := len(slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !strings.Contains(path, " /v1/") })); n > 7 && c.tool == "get_billing_overview" {
					t.Errorf("%d calls to Stripe, want at most 7: %v", n, paths)
				}
				if rounds > c.rounds || len(paths) > c.calls {
					t.Errorf("%d calls in %d rounds, want at most %d in %d: %v", len(paths), rounds, c.calls, c.rounds, paths)
				}
			})
		})
	}
}

// What only some policies look at is read beside the rest: it costs calls and no round.
func TestFactsForRulesCostNoRound(t *testing.T) {
	maria := sandbox.Conversation("duplicate-charge")
	for _, c := range []struct {
		tool          string
		args          args
		rounds, calls int
	}{
		{"get_conversation", args{"conversation_id": maria}, 4, 14},
		{"create_refund", args{"conversation_id": maria, "charge_id": "ch_maria_2", "reason": "duplicate", "dry_run": true}, 3, 12},
		{"tag_conversation", args{"conversation_id": maria, "add": []string{"billing"}}, 4, 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			rounds, paths := roundsOf(t, looking, c.tool, c.args)
			if rounds > c.rounds || len(paths) > c.calls {
				t.Errorf("%s: %d calls in %d rounds, want at most %d in %d: %v", c.tool, len(paths), rounds, c.calls, c.rounds, paths)
			}
		})
	}
}

// roundsOf calls a tool and counts how often it had to wait for a vendor.
func roundsOf(t *testing.T, policy, name string, a args) (rounds int, paths []string) {
	t.Helper()
	g, all := gated(t, policy)
	ended := make(chan error, 1)
	go func() {
		for _, tool := range all {
			if tool.Name == name {
				b, err := json.Marshal(a)
				if err == nil {
					_, _, err = tool.Call(access.With(t.Context(), access.Everything("agent")), "agent", b)
				}
				ended <- err
			}
		}
	}()
	for synctest.Wait(); g.open(); synctest.Wait() {
		rounds++
	}
	if err := <-ended; err != nil && name != "get_action" {
		t.Fatal(err)
	}
	return rounds, g.paths
}

// gated are all tools over a sandbox behind a gate, inside this process.
func gated(t *testing.T, policy string) (*gate, []tools.Tool) {
	t.Helper()
	clock := control.NewClock(time.Now)
	s := sandbox.New(clock)
	g := &gate{vendor: map[string]http.Handler{"127.0.0.1:1": s.Stripe.Handler(), "127.0.0.1:2": s.Intercom.Handler()}}
	st, err := stripe.New(stripe.Config{Key: sandbox.StripeKey, BaseURL: "http://127.0.0.1:1", HTTP: &http.Client{Transport: g}, Now: clock.Now})
	must(t, err)
	ic, err := intercom.New(intercom.Config{Token: sandbox.IntercomToken, BaseURL: "http://127.0.0.1:2", HTTP: &http.Client{Transport: g}, AdminID: sandbox.AdminID, Now: clock.Now})
	must(t, err)
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "private", "ledger.db"), ledger.Options{Now: clock.Now, Mode: "sandbox"})
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	docs, _, err := knowledge.ReadFolder("northwind", samples.Knowledge())
	must(t, err)
	library, err := knowledge.New(docs)
	must(t, err)
	p, err := policies.Parse("policy.yaml", []byte(policy))
	must(t, err)
	guard := &policies.Guard{Ledger: l, Now: clock.Now, Log: slog.New(slog.DiscardHandler), Timeout: time.Minute, Lease: 2 * time.Minute, Wait: time.Minute}
	guard.Use(p)
	return g, tools.All(tools.Deps{Guard: guard, Stripe: st, Intercom: ic, Library: library, Now: clock.Now})
}
