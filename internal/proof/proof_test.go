package proof_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// desk is a ledger and vendors that nothing ties together but the test.
type desk struct {
	t     *testing.T
	books proof.Books
	now   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	url := "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db")
	l, err := ledger.Open(t.Context(), url, ledger.Options{Now: clock, Mode: "test"})
	d.must(err)
	t.Cleanup(func() { d.must(l.Close()) })
	policy, err := policies.Parse("policy.yaml", []byte(proof.Policy()))
	d.must(err)
	d.books = proof.Books{Ledger: l, Database: url, Sandbox: sandbox.New(control.NewClock(clock)), Policy: policy}
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// refund records a refund, allowed whatever the budgets say, and how it ended.
func (d *desk) refund(minor int64, ends policies.State) policies.Entry {
	d.t.Helper()
	cost := money.Of(minor, "eur")
	return d.record(policies.Draft{Kind: policies.KindRefund, Subject: policies.Subject{
		Conversation: "conv_1", Customer: "cus_1", Charge: "ch_maria_1", Exclusive: "charge:ch_maria_1", Same: cost.String(), Cost: cost,
	}}, ends)
}

func (d *desk) note(body string, ends policies.State) policies.Entry {
	d.t.Helper()
	facts, err := json.Marshal(map[string]string{"body": body})
	d.must(err)
	return d.record(policies.Draft{
		Kind: policies.KindNote, Facts: facts,
		Subject: policies.Subject{Conversation: sandbox.Conversation("duplicate-charge"), Same: body},
	}, ends)
}

func (d *desk) credit(minor int64, ends policies.State) policies.Entry {
	d.t.Helper()
	cost := money.Of(minor, "eur")
	return d.record(policies.Draft{Kind: policies.KindCredit, Subject: policies.Subject{Conversation: "conv_1", Customer: "cus_otto", Same: cost.String(), Cost: cost}}, ends)
}

// credits makes Stripe's side of a credit.
func (d *desk) credits(e policies.Entry, minor int64) {
	d.t.Helper()
	form := fmt.Sprintf("amount=-%d&currency=eur&metadata[operation_id]=%s", minor, e.ID)
	r := httptest.NewRequest(http.MethodPost, "/v1/customers/cus_otto/balance_transactions", strings.NewReader(form))
	r.Header.Set("Authorization", "Bearer "+sandbox.StripeKey)
	if status := control.Apply(d.books.Sandbox.Stripe.Handler(), r); status != http.StatusOK {
		d.t.Fatalf("credit: %d", status)
	}
}

// cancels records a cancellation that Stripe knows nothing of.
func (d *desk) cancels(how policies.How) {
	d.t.Helper()
	facts, err := json.Marshal(policies.Cancel{Subscription: policies.Subscription{ID: "sub_anne"}, How: how})
	d.must(err)
	d.record(policies.Draft{Kind: policies.KindCancel, Facts: facts, Subject: policies.Subject{Conversation: "conv_1", Customer: "cus_anne"}}, policies.Done)
}

func (d *desk) record(draft policies.Draft, ends policies.State) policies.Entry {
	d.t.Helper()
	d.now = d.now.Add(time.Second)
	draft.Principal, draft.Lease, draft.Expires = "agent", time.Minute, time.Hour
	e, _, err := d.books.Ledger.Begin(d.t.Context(), draft, func(policies.Snapshot) policies.Decision {
		return policies.Decision{Effect: policies.Allow, Findings: []policies.Finding{}}
	})
	d.must(err)
	if ends == policies.Executing {
		return e
	}
	s := policies.Settlement{State: ends, Failure: &fault.Error{Code: fault.Upstream, Message: "no"}}
	if ends == policies.Done {
		s = policies.Settlement{State: ends, Receipt: json.RawMessage(`{"id":"re_0` + e.ID + `"}`)}
	}
	e, err = d.books.Ledger.Settle(d.t.Context(), e.ID, s)
	d.must(err)
	return e
}

// pays makes Stripe's side of a refund.
func (d *desk) pays(e policies.Entry, more string) {
	d.books.Sandbox.Stripe.AddRefund(stripeapi.Refund{
		ID: "re_0" + e.ID + more, Charge: e.Subject.Charge, Amount: e.Subject.Cost.Minor, Metadata: map[string]string{"operation_id": e.ID},
	})
}

func (d *desk) sql(statement string) {
	d.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(d.books.Database, "sqlite:"))
	d.must(err)
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(d.t.Context(), statement)
	d.must(err)
}

func TestBooksThatAgreeHaveNoProblem(t *testing.T) {
	d := newDesk(t)
	d.pays(d.refund(100, policies.Done), "")
	d.refund(200, policies.Failed)
	d.refund(300, policies.Review)
	d.note("not delivered", policies.Failed)
	r, err := d.books.Check(t.Context())
	if err != nil || len(r.Problems) > 0 || r.Refunds != 1 || r.Entries != 4 || r.Events != 8 || r.InReview != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A checker that finds nothing proves nothing: each thing it looks for is done here.
func TestEachDisagreementIsFound(t *testing.T) {
	for want, spoil := range map[string]func(*desk){
		"DOUBLE: ": func(d *desk) {
			e := d.refund(100, policies.Done)
			d.pays(e, "")
			d.pays(e, "again")
		},
		"paid 2 times":                    func(d *desk) { e := d.credit(100, policies.Done); d.credits(e, 100); d.credits(e, 100) },
		"is 1.00 EUR, and Stripe paid 99": func(d *desk) { d.credits(d.credit(100, policies.Done), 99) },
		"has paid nothing for it":         func(d *desk) { d.credit(100, policies.Done) },
		"Stripe paid for":                 func(d *desk) { d.credits(d.credit(100, policies.Failed), 100) },
		"subscription sub_anne goes on":   func(d *desk) { d.cancels(policies.AtPeriodEnd) },
		"LOST: ":                          func(d *desk) { d.refund(100, policies.Done) },
		"UNKNOWN: ":                       func(d *desk) { d.pays(d.refund(100, policies.Failed), "") },
		`"act_x", which is not in the led`: func(d *desk) {
			d.pays(policies.Entry{ID: "act_x", Draft: policies.Draft{Subject: policies.Subject{Charge: "ch_maria_1", Cost: money.Of(1, "eur")}}}, "")
		},
		"and Stripe refunded 99 eur": func(d *desk) {
			e := d.refund(100, policies.Done)
			e.Subject.Cost.Minor = 99
			d.pays(e, "")
		},
		"has the receipt":    func(d *desk) { d.pays(d.refund(100, policies.Done), "other") },
		"is still executing": func(d *desk) { d.refund(100, policies.Executing) },
		"OVERRUN: event 4 makes 3 actions": func(d *desk) {
			for minor := range int64(3) {
				d.pays(d.refund(minor+1, policies.Done), "")
			}
		},
		"OVERRUN: event 0 makes 60.01 EUR": func(d *desk) { d.refund(6001, policies.Review) },
		"is there 0 times, and 1 entries":  func(d *desk) { d.note("said", policies.Done) },
		"told of act_y":                    func(d *desk) { d.books.Told = []proof.Told{{Action: "act_y"}} },
		"is done, and it is failed": func(d *desk) {
			d.books.Told = []proof.Told{{Action: d.refund(100, policies.Failed).ID, State: policies.Done}}
		},
		"told the receipt re_1": func(d *desk) {
			e := d.refund(100, policies.Done)
			d.pays(e, "")
			d.books.Told = []proof.Told{{Action: e.ID, State: policies.Done, Receipt: "re_1"}}
		},
		"verify: ": func(d *desk) {
			d.pays(d.refund(100, policies.Done), "")
			d.sql(`UPDATE hold SET minor = 1`)
		},
		"its history ends with": func(d *desk) {
			d.pays(d.refund(100, policies.Done), "")
			d.sql(`DELETE FROM event WHERE seq = 1`)
		},
		"which is no way": func(d *desk) {
			d.pays(d.refund(100, policies.Done), "")
			d.sql(`UPDATE event SET body = replace(body, '"to":"executing"', '"to":"stale"') WHERE seq = 0`)
		},
	} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			d := newDesk(t)
			spoil(d)
			r, err := d.books.Check(t.Context())
			if err != nil || !strings.Contains(strings.Join(r.Problems, "\n"), want) {
				t.Errorf("want a problem with %q, got %q, %v", want, r.Problems, err)
			}
		})
	}
}
