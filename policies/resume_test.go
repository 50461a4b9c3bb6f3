package policies

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// approved leaves an entry that a person has approved.
func (d *desk) approved(t *testing.T, a Refund) Entry {
	t.Helper()
	o := enforce(t, d, d.ask(), d.refunding(a))
	if o.State != Awaiting || len(d.sent) != 0 {
		t.Fatalf("%+v, sent %v", o, d.sent)
	}
	d.ledger.approve(o.Action)
	return d.entry(t, o.Action)
}

// doubtful leaves an entry whose fate is unknown and whose lease has lapsed.
func (d *desk) doubtful(t *testing.T) Entry {
	t.Helper()
	o := enforce(t, d, d.ask(), d.failing(refundOf(2000), errors.New("connection reset")))
	if o.State != InDoubt {
		t.Fatalf("%+v", o)
	}
	d.pass(d.Lease)
	return d.entry(t, o.Action)
}

func (d *desk) entry(t *testing.T, id string) Entry {
	t.Helper()
	e, err := d.ledger.Entry(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnApprovedActionIsPerformedUnderItsOwnEntry(t *testing.T) {
	d := newDesk(t)
	e := d.approved(t, refundOf(6000))
	if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000))); err != nil {
		t.Fatal(err)
	}
	if d.state(t, e.ID) != Done || !slices.Equal(d.sent, []string{e.ID}) {
		t.Errorf("%s, sent %v", d.state(t, e.ID), d.sent)
	}
	if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000))); err != nil || len(d.sent) != 1 {
		t.Errorf("resumed again: %v, sent %v", err, d.sent)
	}
}

// Two workers find the same approved action; the second proposes it while the
// first performs it.
func TestAnActionThatAnotherWorkerHasResumedIsLeftToIt(t *testing.T) {
	d := newDesk(t)
	e := d.approved(t, refundOf(6000))
	first := d.refunding(refundOf(6000))
	perform := first.Perform
	first.Perform = func(ctx context.Context, p *Permit[Refund]) (slip, error) {
		if err := Resume(ctx, d.Guard, e, d.refunding(refundOf(6000))); err != nil {
			t.Errorf("the second worker: %v", err)
		}
		return perform(ctx, p)
	}
	if err := Resume(t.Context(), d.Guard, e, first); err != nil || len(d.sent) != 1 {
		t.Errorf("%v, sent %v", err, d.sent)
	}
}

func TestAnApprovalEndsWhenWhatWasApprovedChanged(t *testing.T) {
	for name, change := range map[string]func(*Refund){
		"amount":    func(a *Refund) { a.Amount.Minor++ },
		"remaining": func(a *Refund) { a.Charge.Remaining.Minor-- },
		"customer":  func(a *Refund) { a.Charge.Customer = "cus_2"; a.Asker.Ties = []Tie{{Customer: "cus_2"}} },
		"dispute":   func(a *Refund) { a.Charge.Dispute = DisputeRefundable },
		"doubt":     func(a *Refund) { a.Asker.Doubt = "two contacts share an e-mail" },
		"twins":     func(a *Refund) { a.Twins = []Twin{{Charge: "ch_2"}} },
	} {
		d := newDesk(t)
		e := d.approved(t, refundOf(6000))
		changed := refundOf(6000)
		change(&changed)
		if err := Resume(t.Context(), d.Guard, e, d.refunding(changed)); err != nil || d.state(t, e.ID) != Stale || len(d.sent) != 0 {
			t.Errorf("%s: %s, %v, sent %v", name, d.state(t, e.ID), err, d.sent)
		}
	}
}

func TestAnApprovalEndsWhenTodaysPolicyDenies(t *testing.T) {
	for name, tighten := range map[string]func(*desk){
		"lower max":     func(d *desk) { d.Policy().Refund.Currencies["eur"] = Limits{Auto: 100, Max: 5999} },
		"no section":    func(d *desk) { d.Policy().Refund = nil },
		"window passed": func(d *desk) { d.pass(31 * day) },
		"vendor locked": func(d *desk) { d.Locked = map[Vendor]string{Stripe: "locked"} },
	} {
		d := newDesk(t)
		e := d.approved(t, refundOf(6000))
		tighten(d)
		if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000))); err != nil || d.state(t, e.ID) != Stale || len(d.sent) != 0 {
			t.Errorf("%s: %s, %v, sent %v", name, d.state(t, e.ID), err, d.sent)
		}
	}
}

func TestAnApprovedActionWaitsForItsTargetAndItsFacts(t *testing.T) {
	broken := errors.New("stripe is unreachable")
	for name, c := range map[string]struct {
		prepare func(*testing.T, *desk)
		op      func(*desk) Operation[Refund, slip]
		err     error
	}{
		"busy target": {
			func(t *testing.T, d *desk) {
				enforce(t, d, d.ask(), d.failing(refundOf(1000), errors.New("timed out")))
				d.sent = nil
			},
			func(d *desk) Operation[Refund, slip] { return d.refunding(refundOf(6000)) }, nil,
		},
		"facts unreadable": {
			func(*testing.T, *desk) {},
			func(d *desk) Operation[Refund, slip] {
				op := d.refunding(refundOf(6000))
				op.Propose = func(context.Context) (Refund, error) { return Refund{}, broken }
				return op
			}, broken,
		},
	} {
		d := newDesk(t)
		e := d.approved(t, refundOf(6000))
		c.prepare(t, d)
		if err := Resume(t.Context(), d.Guard, e, c.op(d)); !errors.Is(err, c.err) || d.state(t, e.ID) != Approved || len(d.sent) != 0 {
			t.Errorf("%s: %s, %v, sent %v", name, d.state(t, e.ID), err, d.sent)
		}
	}
}

func TestWithoutAPolicyAnApprovalStaysUnused(t *testing.T) {
	d := newDesk(t)
	e := d.approved(t, refundOf(6000))
	d.Use(nil)
	if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000))); fault.CodeOf(err) != fault.Refused || len(d.sent) != 0 {
		t.Errorf("%v, sent %v", err, d.sent)
	}
	if d.state(t, e.ID) != Approved {
		t.Errorf("state %s", d.state(t, e.ID))
	}
}

func TestWhatIsFoundIsSettledAndNotSentAgain(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	op := d.refunding(refundOf(2000))
	op.Find = func(_ context.Context, a Refund, key string) (slip, bool, error) {
		return slip{a.Amount, key}, true, nil
	}
	if err := Recover(t.Context(), d.Guard, e, op); err != nil {
		t.Fatal(err)
	}
	got := d.entry(t, e.ID)
	if got.State != Done || string(got.Receipt) != `{"refunded":"20.00 EUR","key":"`+e.ID+`"}` || len(d.sent) != 1 {
		t.Errorf("%s %s, sent %v", got.State, got.Receipt, d.sent)
	}
}

func TestMoneyIsSentAgainOnlyWhileTheKeyProtects(t *testing.T) {
	for later, want := range map[time.Duration]int{23*time.Hour - time.Millisecond: 2, 23 * time.Hour: 1, 48 * time.Hour: 1} {
		d := newDesk(t)
		e := d.doubtful(t)
		d.clock = e.FirstSent.Add(later)
		d.Now = func() time.Time { return d.clock.Add(-10 * time.Hour) } // the process's, which is not asked
		if err := Recover(t.Context(), d.Guard, e, d.refunding(refundOf(2000))); err != nil {
			t.Fatal(err)
		}
		if len(d.sent) != want || slices.ContainsFunc(d.sent, func(key string) bool { return key != e.ID }) {
			t.Errorf("after %s: sent %v", later, d.sent)
		}
		if got := d.state(t, e.ID); want == 2 && got != Done || want == 1 && got != InDoubt {
			t.Errorf("after %s: %s", later, got)
		}
	}
}

func TestMoneyThatIsNeverFoundWaitsForAPersonAndStillCounts(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	for look, want := range []State{InDoubt, InDoubt, Review, Review} {
		d.pass(23 * time.Hour)
		if err := Recover(t.Context(), d.Guard, e, d.refunding(refundOf(2000))); err != nil {
			t.Fatal(err)
		}
		if got := d.state(t, e.ID); got != want || len(d.sent) != 1 {
			t.Errorf("look %d: %s, sent %v; want %s", look+1, got, d.sent, want)
		}
	}
	d.pass(365 * day)
	s, err := d.ledger.Read(t.Context(), Reads{Queries: []Query{{Scope: "global:", Kinds: []Kind{KindRefund}, Currency: "eur", Window: time.Hour}}})
	if err != nil || s.Usage[0].Sum != 2000 {
		t.Errorf("usage %+v, %v", s.Usage, err)
	}
}

func TestAMessageThatIsNeverFoundCountsAsNotDeliveredAndIsNotSentAgain(t *testing.T) {
	d := newDesk(t)
	o := enforce(t, d, d.ask(), d.replying("Hello"))
	for look, want := range []State{InDoubt, InDoubt, Failed} {
		d.pass(2 * d.Lease)
		if err := Recover(t.Context(), d.Guard, d.entry(t, o.Action), d.replying("Hello")); err != nil {
			t.Fatal(err)
		}
		if got := d.state(t, o.Action); got != want || len(d.sent) != 1 {
			t.Errorf("look %d: %s, sent %v; want %s", look+1, got, d.sent, want)
		}
	}
	if f := d.entry(t, o.Action).Failure; f.Took != fault.No || f.NextStep == "" {
		t.Errorf("%+v", f)
	}
}

func TestADesiredStateIsSetAgainWhenItIsNotFound(t *testing.T) {
	d := newDesk(t)
	op := Operation[Tag, slip]{
		Propose: func(context.Context) (Tag, error) {
			return Tag{Asker: Asker{Conversation: "1"}, Add: []string{"billing"}}, nil
		},
		Perform: func(_ context.Context, p *Permit[Tag]) (slip, error) {
			_, key, err := p.Redeem()
			d.sent = append(d.sent, key)
			return slip{}, errors.Join(err, errors.New("timed out"))
		},
		Find: func(context.Context, Tag, string) (slip, bool, error) { return slip{}, false, nil },
	}
	o := enforce(t, d, d.ask(), op)
	d.pass(30 * day)
	if err := Recover(t.Context(), d.Guard, d.entry(t, o.Action), op); err != nil || !slices.Equal(d.sent, []string{o.Action, o.Action}) {
		t.Errorf("%v, sent %v", err, d.sent)
	}
}

func TestNobodyIsTakenOverWhoseLeaseHolds(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	op := d.refunding(refundOf(2000))
	finds := 0
	op.Find = func(context.Context, Refund, string) (slip, bool, error) {
		finds++
		return slip{}, false, errors.New("stripe is unreachable")
	}
	if err := Recover(t.Context(), d.Guard, e, op); err == nil {
		t.Error("an unreachable vendor is told to the worker")
	}
	d.pass(lookEvery - time.Second)
	if err := Recover(t.Context(), d.Guard, e, op); err != nil || finds != 1 || d.state(t, e.ID) != InDoubt || len(d.sent) != 1 {
		t.Errorf("%v, %d looks, %s, sent %v", err, finds, d.state(t, e.ID), d.sent)
	}
}

func TestAnUnreachableVendorNeverLosesAnAction(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	op := d.refunding(refundOf(2000))
	down := errors.New("stripe is unreachable")
	op.Find = func(context.Context, Refund, string) (slip, bool, error) { return slip{}, false, down }
	for range 10 {
		d.pass(24 * time.Hour)
		if err := Recover(t.Context(), d.Guard, e, op); !errors.Is(err, down) || d.state(t, e.ID) != InDoubt || len(d.sent) != 1 {
			t.Fatalf("%v, %s, sent %v", err, d.state(t, e.ID), d.sent)
		}
	}
}

func TestADigestBindsTheFactsAndNotTheNewestMessage(t *testing.T) {
	digestOf := func(a Action) string {
		s, err := Digest(a)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	m := Message{Asker: Asker{Conversation: "1"}, Body: "Hello", After: "p1"}
	later := m
	later.After = "p2"
	if digestOf(Reply{Message: m}) != digestOf(Reply{Message: later}) || digestOf(Note{m}) != digestOf(Note{later}) {
		t.Error("a newer message changed what was approved")
	}
	if digestOf(Reply{Message: m}) == digestOf(Note{m}) || digestOf(Reply{Message: m}) == digestOf(Reply{Message: m, Close: true}) {
		t.Error("two actions have one digest")
	}
	a, b := refundOf(1), refundOf(1)
	b.Amount = money.Of(1, "usd")
	if digestOf(a) == digestOf(b) || digestOf(a) != digestOf(refundOf(1)) {
		t.Error("a refund's digest does not follow its facts")
	}
}

func TestNothingIsSentAgainToALockedVendor(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	d.Locked = map[Vendor]string{Stripe: "the key is live"}
	if err := Recover(t.Context(), d.Guard, e, d.refunding(refundOf(2000))); err != nil || len(d.sent) != 1 || d.state(t, e.ID) != InDoubt {
		t.Errorf("%v, sent %v, %s", err, d.sent, d.state(t, e.ID))
	}
}

func TestWhatItsVendorNoLongerKnowsCountsAsNotFound(t *testing.T) {
	d := newDesk(t)
	o := enforce(t, d, d.ask(), d.replying("Hello"))
	op := d.replying("Hello")
	op.Find = func(context.Context, Reply, string) (slip, bool, error) {
		return slip{}, false, &fault.Error{Code: fault.NotFound, Message: "no such conversation", Took: fault.No}
	}
	for range 3 {
		d.pass(2 * d.Lease)
		if err := Recover(t.Context(), d.Guard, d.entry(t, o.Action), op); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.state(t, o.Action); got != Failed {
		t.Errorf("%s", got)
	}
}

// A server that was started with the key of another Stripe account must neither
// refund there nor give back what the right account may have paid.
func TestMoneyStaysInDoubtWhereItsChargeIsUnknown(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	missing := &fault.Error{Code: fault.NotFound, Message: "no such charge", Took: fault.No}
	op := d.failing(refundOf(2000), missing)
	op.Find = func(context.Context, Refund, string) (slip, bool, error) { return slip{}, false, missing }
	for range 4 {
		d.pass(d.Lease)
		if err := Recover(t.Context(), d.Guard, e, op); err == nil {
			t.Error("the operator is told nothing")
		}
	}
	if got := d.state(t, e.ID); got != InDoubt || len(d.sent) != 1 {
		t.Errorf("%s, sent %v", got, d.sent)
	}
}
