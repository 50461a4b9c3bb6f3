package stripe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// secret is what must never be seen in an error or a log.
const secret = "canary51Nx"

const testKey = "sk_test_" + secret

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// bench is a client in front of a sandbox account.
type bench struct {
	url string
	*stripe.Client
	account *stripeapi.Server
	clock   *control.Clock
	log     *logbook
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := control.NewClock(start)
	b := &bench{account: stripeapi.New(clock), clock: clock, log: &logbook{}}
	server := httptest.NewServer(b.account.Handler())
	t.Cleanup(server.Close)
	b.url, b.Client = server.URL, newClient(t, server.URL, b.log)
	return b
}

// against is a client in front of a handler that answers oddly.
func against(t *testing.T, h http.HandlerFunc) (*stripe.Client, *logbook) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	log := &logbook{}
	return newClient(t, server.URL, log), log
}

func newClient(t *testing.T, url string, log *logbook) *stripe.Client {
	t.Helper()
	c, err := stripe.New(stripe.Config{
		Key: testKey, BaseURL: url, HTTP: &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second},
		Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: start,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// logbook keeps what was logged.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// asked counts the requests of a method that reached the account.
func (b *bench) asked(method string) int {
	n := 0
	for _, r := range b.account.Desk.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

func (b *bench) inject(t *testing.T, f control.Fault) {
	t.Helper()
	if err := b.account.Desk.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// answering writes one status and body to every request, and counts them.
func answering(status int, body string) (http.HandlerFunc, *atomic.Int64) {
	n := new(atomic.Int64)
	return func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.Header().Set("Request-Id", "req_odd")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}, n
}

// refusing answers every write with one status and body, and counts them; reading
// the charge before a refund goes well.
func refusing(status int, body string) (http.HandlerFunc, *atomic.Int64) {
	answer, n := answering(status, body)
	return readable(answer), n
}

func readable(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(aCharge))
			return
		}
		next(w, r)
	}
}

// writes are the requests that asked the account to change something.
func (b *bench) writes() []control.Request {
	return slices.DeleteFunc(b.account.Desk.Requests(), func(r control.Request) bool { return r.Method == http.MethodGet })
}

func eur(minor int64) money.Money { return money.Of(minor, "eur") }

// refundOf is an action that a lenient policy allows.
func refundOf(charge string, amount, of money.Money) policies.Refund {
	return policies.Refund{
		Asker: policies.Asker{Conversation: "conv_1", Contact: "c1", Identity: policies.Proven, Ties: []policies.Tie{{Customer: "cus_maria", Way: "e-mail"}}},
		Charge: policies.Charge{
			ID: charge, Customer: "cus_maria", Amount: of, Remaining: of, Succeeded: true,
			Captured: true, CreatedAt: start(),
		},
		Amount: amount, Reason: policies.RequestedByCustomer,
	}
}

// permitted runs do with a real permit, under the key.
func permitted(t *testing.T, key string, a policies.Refund, do func(context.Context, *policies.Permit[policies.Refund]) (stripe.Refund, error)) {
	t.Helper()
	c := a.Amount.Currency
	guard := &policies.Guard{Ledger: &ledger{key: key}, Now: start, Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second, Lease: time.Minute}
	guard.Use(&policies.Policy{Refund: &policies.RefundRules{Window: time.Hour, DuplicateWithin: time.Hour, Connect: a.From, Currencies: map[money.Currency]policies.Limits{c: {Auto: 1 << 40, Max: 1 << 40}}}})
	ran := false
	_, err := policies.Enforce(t.Context(), guard, policies.Request{Principal: "agent"}, policies.Operation[policies.Refund, stripe.Refund]{
		Propose: func(context.Context) (policies.Refund, error) { return a, nil },
		Perform: func(ctx context.Context, p *policies.Permit[policies.Refund]) (stripe.Refund, error) {
			ran = true
			return do(ctx, p)
		},
	})
	if err != nil || !ran {
		t.Errorf("the guard did not let it through: %v", err)
	}
}

// refund makes one refund with a real permit.
func refund(t *testing.T, c *stripe.Client, key string, a policies.Refund) (out stripe.Refund, err error) {
	t.Helper()
	permitted(t, key, a, func(ctx context.Context, p *policies.Permit[policies.Refund]) (stripe.Refund, error) {
		out, err = c.CreateRefund(ctx, p)
		return out, err
	})
	return out, err
}

// ledger allows one action under a given key and forgets it.
type ledger struct {
	policies.Ledger // what is not needed here would panic

	key   string
	entry policies.Entry
}

func (l *ledger) Mark(context.Context) (policies.Mark, error) { return 1, nil }

func (l *ledger) Begin(_ context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	verdict := judge(policies.Snapshot{Now: start()})
	l.entry = policies.Entry{Draft: d, ID: l.key, State: policies.Next(verdict, false), Decision: verdict}
	if l.entry.State != policies.Executing {
		return l.entry, false, fmt.Errorf("denied: %+v", verdict.Against())
	}
	return l.entry, false, nil
}

func (l *ledger) Settle(_ context.Context, _ string, s policies.Settlement) (policies.Entry, error) {
	l.entry.State, l.entry.Receipt, l.entry.Failure = s.State, s.Receipt, s.Failure
	return l.entry, nil
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
