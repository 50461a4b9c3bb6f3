package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

func TestAnApprovalIsCarriedOutByARunningServer(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	a := hire(t, p.environ, "serve")
	asked := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	if asked.State != policies.Awaiting || len(p.Stripe.RefundsOf("ch_tom_1")) != 0 {
		t.Fatalf("asked: %s", asked)
	}
	if got := typeIn(t, p.environ, "approvals", "approve", asked.Action, "--as", "robin"); got.status != 0 {
		t.Fatalf("approve: %s", got.err)
	}
	took := eventually(t, 5*time.Second, "the refund in Stripe", func() bool { return len(p.Stripe.RefundsOf("ch_tom_1")) == 1 })
	t.Logf("carried out %s after the approval", took.Round(time.Millisecond))
	var now told
	eventually(t, 5*time.Second, "the action done", func() bool {
		now = a.call("get_action", map[string]any{"action_id": asked.Action})
		return now.State == policies.Done
	})
	if again := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1")); !again.Replayed || again.Receipt != now.Receipt {
		t.Errorf("asked again: %s, want the receipt %v", again, now.Receipt)
	}
	a.leave()
	if n := len(p.Stripe.RefundsOf("ch_tom_1")); n != 1 {
		t.Errorf("%d refunds", n)
	}
}

func TestARejectionIsToldAndNothingIsDone(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	a := hire(t, p.environ, "serve")
	asked := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	if got := typeIn(t, p.environ, "approvals", "reject", asked.Action, "--note", "ask for the invoice first"); got.status != 0 {
		t.Fatalf("reject: %s", got.err)
	}
	now := a.call("get_action", map[string]any{"action_id": asked.Action})
	if now.State != policies.Rejected || !strings.Contains(now.Text, "ask for the invoice first") {
		t.Errorf("the agent hears %s", now)
	}
	a.leave()
	if n := len(p.Stripe.RefundsOf("ch_tom_1")); n != 0 {
		t.Errorf("%d refunds", n)
	}
}

func TestAnApprovalThatComesTooLateIsRefused(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	a := hire(t, p.environ, "serve")
	asked := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	a.leave()
	later := func() time.Time { return time.Now().Add(24*time.Hour + time.Minute) }
	if got := typeAt(t, later, p.environ, "approvals", "list"); strings.Contains(got.out, " in ") {
		t.Errorf("listed as if it could be approved: %s", got.out)
	}
	for _, verdict := range []string{"approve", "reject"} {
		got := typeAt(t, later, p.environ, "approvals", verdict, asked.Action, "--as", "robin")
		if got.status != 1 || got.out != "" || !strings.Contains(got.err, "expired") {
			t.Errorf("%s: status %d, %q, %q", verdict, got.status, got.out, got.err)
		}
	}
	sooner := func() time.Time { return time.Now().Add(23*time.Hour + 55*time.Minute) }
	if got := typeAt(t, sooner, p.environ, "approvals", "list"); !strings.Contains(got.out, "in 4 min") && !strings.Contains(got.out, "in 5 min") {
		t.Errorf("five minutes before, listed as %s", got.out)
	}
	if got := typeAt(t, sooner, p.environ, "approvals", "approve", asked.Action, "--as", "robin"); got.status != 0 {
		t.Errorf("five minutes before: %s", got.err)
	}
}

func TestAClientThatDiesLeavesNoRefundHalfDone(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	if err := p.Stripe.Desk.Inject(control.Fault{Method: http.MethodPost, Path: "/v1/refunds", Kind: control.Slow, Delay: control.Duration(time.Second)}); err != nil {
		t.Fatal(err)
	}
	a := hire(t, p.environ, "serve")
	go a.ask("tools/call", map[string]any{"name": "create_refund", "arguments": refundOf("duplicate-charge", "ch_maria_2")})
	eventually(t, patience, "the refund under way", func() bool { return len(p.Stripe.RefundsOf("ch_maria_2")) == 1 })
	go a.ask("tools/list", map[string]any{}) // its answer meets a closed pipe
	a.die()
	if listed := typeIn(t, p.environ, "approvals", "list", "--all").out; !strings.Contains(listed, " done ") {
		t.Errorf("listed\n%s", listed)
	}
	wantRefunds(t, p, 1)
}

// twoServers are two processes on one ledger, as when a desktop client starts a server twice.
func twoServers(t *testing.T, p *place) [2]*agent {
	t.Helper()
	return [2]*agent{hire(t, p.environ, "serve"), hire(t, p.environ, "serve")}
}

// together lets both agents call 25 times each at once.
func together(agents [2]*agent, call func(a *agent, i int) told) []told {
	answers := make([]told, 50)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = call(agents[i%2], i) })
	}
	all.Wait()
	return answers
}

func TestFiftyEqualRefundsFromTwoServersAreOne(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	agents := twoServers(t, p)
	answers := together(agents, func(a *agent, _ int) told {
		return a.insist("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
	})
	receipts, actions, done := map[string]bool{}, map[string]bool{}, 0
	for _, got := range answers {
		actions[got.Action] = true
		switch {
		case got.State == policies.Done:
			receipts[got.Receipt.ID] = true
			done++
		case got.State != policies.Executing || !got.Replayed:
			t.Errorf("answered %s", got)
		}
	}
	if len(actions) != 1 || len(receipts) != 1 || done == 0 {
		t.Errorf("%d actions with %d receipts, %d answers done", len(actions), len(receipts), done)
	}
	for _, a := range agents {
		a.leave()
	}
	wantRefunds(t, p, 1)
}

func TestFiftyDifferentRefundsFromTwoServersKeepALimitOfTwo(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "two.yaml")
	text := "version: 1\nrefund:\n  window: 30d\n  currencies:\n    eur: {auto: 50.00, max: 500.00}\n  budgets:\n    - {scope: customer, window: 90d, count: 2}\n"
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string]func(i int) map[string]any{
		"of one charge": func(i int) map[string]any {
			return refundOf("budget-used-up", "ch_noor_1", "amount", fmt.Sprintf("1.%02d EUR", i))
		},
		"of as many charges": func(i int) map[string]any { return refundOf("budget-used-up", fmt.Sprintf("ch_many_%d", i)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := settle(t, time.Now, "SUPPORTMCP_POLICY="+policy)
			for i := range 50 {
				p.Stripe.AddCharge(stripeapi.Charge{
					ID: fmt.Sprintf("ch_many_%d", i), PaymentIntent: fmt.Sprintf("pi_many_%d", i), Customer: "cus_noor",
					Amount: 500 + int64(i), Currency: "eur", Created: time.Now().Add(-time.Hour),
				})
			}
			agents := twoServers(t, p)
			states := map[policies.State]int{}
			for _, got := range together(agents, func(a *agent, i int) told { return a.insist("create_refund", args(i)) }) {
				states[got.State]++
				if got.State == policies.Denied && (!got.Error || !strings.Contains(got.Message, "budget.customer")) {
					t.Errorf("denied with %s", got)
				}
			}
			if states[policies.Done] != 2 || states[policies.Denied] != 48 {
				t.Errorf("answered %v", states)
			}
			for _, a := range agents {
				a.leave()
			}
			wantRefunds(t, p, 2)
		})
	}
}

// wantRefunds counts the refunds that Stripe has made since the stories were
// seeded, and wants a ledger that is sound.
func wantRefunds(t *testing.T, p *place, want int) {
	t.Helper()
	made := slices.DeleteFunc(p.Stripe.Refunds(), func(r stripeapi.Refund) bool { return !strings.HasPrefix(r.ID, "re_0") })
	if len(made) != want {
		t.Errorf("Stripe made %d refunds, want %d: %v", len(made), want, made)
	}
	if got := typeIn(t, p.environ, "audit", "verify"); got.status != 0 {
		t.Errorf("the ledger is not sound: %s%s", got.out, got.err)
	}
}

func TestAServerKilledInTheMiddleOfARefundHasRefundedOnce(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"after Stripe got it": true, "before Stripe got it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := settle(t, time.Now)
			wire := interrupt(t, p, arrives)
			environ := append(slices.Clone(p.environ), "STRIPE_API_BASE="+wire.url)
			first := hireProgram(t, "supportmcp-hasty", environ)
			go first.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
			select {
			case <-wire.reached:
			case <-time.After(patience):
				t.Fatal("no refund was asked for")
			}
			first.fire()
			second := hireProgram(t, "supportmcp-hasty", environ)
			var listed string
			eventually(t, patience, "the refund done", func() bool {
				listed = typeIn(t, p.environ, "approvals", "list", "--all").out
				return strings.Contains(listed, " done ")
			})
			again := second.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
			if !again.Replayed || again.State != policies.Done || !strings.Contains(listed, again.Action) {
				t.Errorf("asked again: %s; listed\n%s", again, listed)
			}
			second.leave()
			wantRefunds(t, p, 1)
		})
	}
}

// interruption is a line to Stripe that is cut at the first refund.
type interruption struct {
	url     string
	reached chan struct{}
}

// interrupt passes everything on, but never answers the first refund; arrives
// says whether it still gets to Stripe.
func interrupt(t *testing.T, p *place, arrives bool) interruption {
	t.Helper()
	to, err := url.Parse(p.StripeURL)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	i := interruption{reached: make(chan struct{})}
	var cut atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/refunds" || !cut.CompareAndSwap(false, true) {
			pass.ServeHTTP(w, r)
			return
		}
		if arrives {
			pass.ServeHTTP(httptest.NewRecorder(), r)
		} else {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		close(i.reached)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}
