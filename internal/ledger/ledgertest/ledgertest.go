// Package ledgertest is the conformance suite of the ledger: what must hold
// whatever database is below. It talks to real databases only, and after every
// test it verifies the whole ledger.
package ledgertest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Fresh gives the URL of a new, empty place for a ledger, which is gone when the
// test ends.
type Fresh func(t testing.TB) string

// Run runs the suite on ledgers at fresh places.
func Run(t *testing.T, fresh Fresh) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Fresh)
	}{
		{"transitions", transitions},
		{"leases", leases},
		{"resuming", resuming},
		{"resumed by two", resumedByTwo},
		{"follow-ups", followups},
		{"aftermaths", aftermaths},
		{"approvals", approvals},
		{"signed approvals", signedApprovals},
		{"signed acts", signedActs},
		{"review", review},
		{"links", links},
		{"adoption", adoption},
		{"comparison", comparison},
		{"account", account},
		{"expiry", expiry},
		{"expiry found by a denial", expiryFoundByADenial},
		{"repeats", repeats},
		{"identity", identity},
		{"repeating on purpose", repeatOf},
		{"windows", windows},
		{"edges of windows", edges},
		{"currencies", currencies},
		{"a wrong clock", wrongClock},
		{"usage", usage},
		{"around", around},
		{"accepted policies", acceptedPolicies},
		{"history", history},
		{"budgets in parallel", BudgetsInParallel},
		{"equal requests in parallel", equalInParallel},
		{"exclusive targets", exclusives},
		{"deadlocks", deadlocks},
		{"several processes", processes},
		{"processes under load", crowded},
		{"killed processes", killed},
		{"opening", opening},
		{"interrupted work", interrupted},
		{"hostile input", hostile},
		{"audit", audit},
		{"erasing", erasing},
		{"audit of erasures", erasureAudit},
		{"pruning", pruning},
		{"tampering", tampering},
		{"checkpoints", checkpoints},
		{"proofs", proofs},
		{"exports", exports},
		{"unrecorded work", unrecorded},
		{"tally", tally},
		{"filling", filling},
		{"model", model},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh) })
	}
}

// Clock is a clock that only tests move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed moment.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk is a ledger under test with its clock, and with the database behind it.
type desk struct {
	t     *testing.T
	url   string
	clock *Clock
	db    *sql.DB
	*ledger.Ledger
}

// newDesk opens a fresh ledger, which must be sound when the test ends.
func newDesk(t *testing.T, fresh Fresh) *desk {
	t.Helper()
	d := openDesk(t, fresh(t))
	t.Cleanup(func() { d.sound() })
	return d
}

func openDesk(t *testing.T, url string) *desk {
	t.Helper()
	d := &desk{t: t, url: url, clock: NewClock()}
	d.Ledger = d.open()
	d.db = behind(t, url)
	return d
}

// in is the same desk in a subtest.
func (d *desk) in(t *testing.T) *desk {
	sub := *d
	sub.t = t
	return &sub
}

func (d *desk) open() *ledger.Ledger {
	d.t.Helper()
	l, err := ledger.Open(context.Background(), d.url, ledger.Options{Now: d.clock.Now, Mode: "test"})
	if err != nil {
		d.t.Fatalf("open: %v", err)
	}
	d.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			d.t.Errorf("close: %v", err)
		}
	})
	return l
}

func (d *desk) sound() {
	d.t.Helper()
	report, err := d.Verify(context.Background())
	if err != nil {
		d.t.Errorf("verify: %v", err)
	}
	for _, p := range report.Problems {
		d.t.Errorf("verify: %s", p)
	}
}

const (
	lease   = time.Minute
	expires = time.Hour
	charged = "ch_1"
)

// refund drafts the refund of minor units of a charge.
func refund(charge string, minor int64) policies.Draft {
	cost := money.Of(minor, "eur")
	return policies.Draft{
		Kind: policies.KindRefund, Principal: "agent",
		Subject: policies.Subject{
			Conversation: "conv_1", Customer: "cus_1", Charge: charge,
			Exclusive: "charge:" + charge, Same: charge + " " + cost.String(), Cost: cost,
		},
		Input: json.RawMessage(`{"charge_id":"` + charge + `"}`), Facts: json.RawMessage(`{"charge":"` + charge + `"}`),
		Digest: "facts of " + charge, Lease: lease, Expires: expires,
		Reads: reads(policies.Query{Scope: "customer:cus_1", Currency: "eur", Window: 24 * time.Hour}),
	}
}

// message drafts a message of a kind.
func message(kind policies.Kind, same string) policies.Draft {
	return policies.Draft{
		Kind: kind, Principal: "agent", Subject: policies.Subject{Conversation: "conv_1", Same: same},
		Input: json.RawMessage(`{}`), Facts: json.RawMessage(`{"same":"` + same + `"}`), Digest: "facts", Lease: lease, Expires: expires,
	}
}

// reads asks queries about refunds.
func reads(queries ...policies.Query) policies.Reads {
	for i := range queries {
		queries[i].Kinds = []policies.Kind{policies.KindRefund}
	}
	return policies.Reads{Queries: queries}
}

// says is a judgement that is always the same.
func says(effect policies.Effect) func(policies.Snapshot) policies.Decision {
	return func(policies.Snapshot) policies.Decision {
		return policies.Decision{
			Effect: effect, Revision: "rev_1",
			Findings: []policies.Finding{{Rule: "test", Effect: effect, Message: "as the test wants", Limit: "1", Actual: "2"}},
		}
	}
}

// upTo allows until the first query's sum would pass limit.
func upTo(limit, cost int64) func(policies.Snapshot) policies.Decision {
	return func(s policies.Snapshot) policies.Decision {
		if s.Usage[0].Sum+cost > limit {
			return says(policies.Deny)(s)
		}
		return says(policies.Allow)(s)
	}
}

// begin records a draft that nothing answers yet.
func (d *desk) begin(draft policies.Draft, effect policies.Effect) policies.Entry {
	d.t.Helper()
	e, replayed, err := d.Begin(d.t.Context(), draft, says(effect))
	if err != nil || replayed {
		d.t.Fatalf("begin: replayed %v, %v", replayed, err)
	}
	return e
}

func (d *desk) settle(id string, s policies.State) policies.Entry {
	d.t.Helper()
	return must(d.t)(d.Settle(d.t.Context(), id, settlement(s)))
}

// settlement ends an attempt in a state, with what belongs to it.
func settlement(s policies.State) policies.Settlement {
	if s == policies.Done {
		return policies.Settlement{State: s, Receipt: json.RawMessage(`{"id":"re_1"}`)}
	}
	return policies.Settlement{State: s, Failure: &fault.Error{Code: fault.Upstream, Message: "the vendor said so", NextStep: "wait", RequestID: "req_1"}}
}

// must ends the test when there is an error.
func must(t *testing.T) func(policies.Entry, error) policies.Entry {
	return func(e policies.Entry, err error) policies.Entry {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

// stored reads an entry back, which must equal the one that was answered.
func (d *desk) stored(answered policies.Entry) policies.Entry {
	d.t.Helper()
	e := must(d.t)(d.Entry(d.t.Context(), answered.ID))
	if diff := cmp.Diff(plain(answered), plain(e)); diff != "" {
		d.t.Errorf("answered (-) and stored (+) differ:\n%s", diff)
	}
	return e
}

// plain is an entry as JSON, without what a ledger does not keep.
func plain(e policies.Entry) string {
	e.Reads = policies.Reads{}
	b, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func wantCode(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("got code %q, want %q: %v", got, want, err)
	}
}

// count is how many refunds count for cus_1 within a window.
func (d *desk) count(window time.Duration) int64 {
	d.t.Helper()
	s, err := d.Read(d.t.Context(), reads(policies.Query{Scope: "customer:cus_1", Currency: "eur", Window: window}))
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Usage[0].Count
}

func charge(n int) string { return fmt.Sprintf("ch_%d", n) }
