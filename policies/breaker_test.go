package policies

import (
	"testing"
	"time"

	"supportmcp/internal/money"
)

// broken is a desk whose breaker allows 100.00 EUR a day, in a policy that would
// let an agent refund more alone.
func broken(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	p, err := Parse("policy.yaml", []byte(`version: 1
refund: {window: 30d, currencies: {eur: {auto: 60.00, max: 500.00}, usd: {auto: 60.00, max: 500.00}}}
breaker: {window: 24h, sum: {eur: 100.00}}
denials: {count: 2, window: 1h}
`))
	if err != nil {
		t.Fatal(err)
	}
	d.Use(p)
	return d
}

// on is a refund on a charge of its own, in a conversation of its own.
func on(charge string, minor int64) Refund {
	r := refundOf(minor)
	r.Charge.ID, r.Asker.Conversation, r.Asker.Contact = charge, charge, charge
	return r
}

func TestTheBreakerTripsOnWhatIsSpentAndNotOnWhatIsAsked(t *testing.T) {
	d := broken(t)
	for range 3 {
		if o := enforce(t, d, d.ask(), d.refunding(on("ch_big", 40000))); o.State != Awaiting && o.State != Denied {
			t.Fatalf("a large refund is %s", o.State)
		}
	}
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_1", 5000))); o.State != Done {
		t.Fatalf("the first is %s: %+v", o.State, o.Decision.Against())
	}
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_2", 5001))); o.State != Awaiting || !against(o.Decision, "breaker") {
		t.Fatalf("what would pass the breaker is %s: %+v", o.State, o.Decision.Against())
	}
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_3", 4999))); o.State != Done {
		t.Fatalf("asking tripped it: %s, %+v", o.State, o.Decision.Against())
	}
}

func TestATrippedBreakerLeavesAllMoneyToAPersonUntilItIsReleased(t *testing.T) {
	d := broken(t)
	enforce(t, d, d.ask(), d.refunding(on("ch_1", 5000)))
	enforce(t, d, d.ask(), d.refunding(on("ch_2", 5000)))
	dollars := on("ch_3", 100)
	dollars.Amount, dollars.Charge.Amount, dollars.Charge.Remaining = money.Of(100, "usd"), money.Of(40000, "usd"), money.Of(40000, "usd")
	if o := enforce(t, d, d.ask(), d.refunding(dollars)); o.State != Awaiting || !against(o.Decision, "breaker") {
		t.Errorf("other money is %s", o.State)
	}
	d.pass(25 * time.Hour)
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_4", 100))); o.State != Awaiting {
		t.Errorf("a day later it is %s", o.State)
	}
	d.release(t)
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_5", 5000))); o.State != Done {
		t.Errorf("released, it is %s: %+v", o.State, o.Decision.Against())
	}
}

// release approves and carries out what stands for the breaker.
func (d *desk) release(t *testing.T) {
	t.Helper()
	for _, e := range d.ledger.entries {
		if e.Kind != KindBreaker || e.State != Awaiting {
			continue
		}
		d.ledger.approve(e.ID)
		if err := Resume(t.Context(), d.Guard, *e, Release(*e)); err != nil {
			t.Fatal(err)
		}
		if got := d.state(t, e.ID); got != Done {
			t.Fatalf("the breaker is %s", got)
		}
		return
	}
	t.Fatal("no breaker has tripped")
}

func against(d Decision, rule string) bool {
	for _, f := range d.Against() {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func TestDenialsSlowOneConversationAndContactOnly(t *testing.T) {
	d := broken(t)
	foreign := on("ch_1", 100)
	foreign.Charge.Customer = "cus_2"
	for range 2 {
		if _, err := Enforce(t.Context(), d.Guard, d.ask(), d.refunding(foreign)); err == nil {
			t.Fatal("a foreign charge was refunded")
		}
	}
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_1", 100))); o.State != Denied || !against(o.Decision, "denials") {
		t.Errorf("the same conversation is %s", o.State)
	}
	elsewhere := on("ch_2", 100)
	elsewhere.Asker.Contact = "ch_1"
	if o := enforce(t, d, d.ask(), d.refunding(elsewhere)); o.State != Denied {
		t.Errorf("the same contact elsewhere is %s", o.State)
	}
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_3", 100))); o.State != Done {
		t.Errorf("another contact is %s: %+v", o.State, o.Decision.Against())
	}
	d.pass(time.Hour)
	if o := enforce(t, d, d.ask(), d.refunding(on("ch_1", 100))); o.State != Done {
		t.Errorf("an hour later it is %s: %+v", o.State, o.Decision.Against())
	}
}
