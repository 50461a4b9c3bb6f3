package policies

import (
	"context"
	"errors"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

func TestABusyTargetIsWaitedForAndJudgedOnTheNewFacts(t *testing.T) {
	d := newDesk(t)
	d.Wait = time.Minute
	first := enforce(t, d, d.ask(), d.failing(refundOf(1000), notTaken()))
	op, proposals := d.refunding(refundOf(2000)), 0
	op.Propose = func(ctx context.Context) (Refund, error) {
		proposals++
		if proposals == 1 {
			return refundOf(2000), nil
		}
		// Settled after this look began, so that its facts are old once more.
		if _, err := d.ledger.Settle(ctx, first.Action, Settlement{State: Done}); err != nil {
			return Refund{}, err
		}
		a := refundOf(2000)
		a.Charge.Remaining = money.Of(500, "eur")
		return a, nil
	}
	o := enforce(t, d, d.ask(), op)
	if o.State != Denied || proposals != 3 || o.Decision.Against()[0].Rule != "structure.remaining" {
		t.Errorf("%d proposals: %+v", proposals, o)
	}
}

func TestABusyTargetIsNotWaitedForLongerThanAllowed(t *testing.T) {
	d := newDesk(t)
	enforce(t, d, d.ask(), d.failing(refundOf(1000), notTaken()))
	_, err := Enforce(t.Context(), d.Guard, d.ask(), d.refunding(refundOf(2000)))
	if fault.CodeOf(err) != fault.Busy || len(d.ledger.all()) != 1 {
		t.Errorf("%v, %d entries", err, len(d.ledger.all()))
	}
	d.Wait = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Enforce(ctx, d.Guard, d.ask(), d.refunding(refundOf(2000))); fault.CodeOf(err) != fault.Busy || len(d.sent) != 1 {
		t.Errorf("the caller left: %v, sent %v", err, d.sent)
	}
}

// Waiting ends nothing that is in doubt: the worker does, in minutes.
func TestATargetInDoubtIsNotWaitedFor(t *testing.T) {
	d := newDesk(t)
	d.Wait = time.Hour
	enforce(t, d, d.ask(), d.failing(refundOf(1000), errors.New("timed out")))
	op, proposals := d.refunding(refundOf(2000)), 0
	op.Propose = func(context.Context) (Refund, error) {
		proposals++
		return refundOf(2000), nil
	}
	if _, err := Enforce(t.Context(), d.Guard, d.ask(), op); fault.CodeOf(err) != fault.Busy || proposals != 1 {
		t.Errorf("%v after %d proposals", err, proposals)
	}
}

func TestEqualCallsAtOnceReachTheVendorOnce(t *testing.T) {
	d := newDesk(t)
	sent := make(chan string, 100)
	op := d.refunding(refundOf(2000))
	op.Perform = func(_ context.Context, p *Permit[Refund]) (slip, error) {
		a, key, err := p.Redeem()
		sent <- key
		return slip{a.Amount, key}, err
	}
	answers := make(chan Outcome[slip], 100)
	for range cap(answers) {
		go func() {
			o, err := Enforce(t.Context(), d.Guard, d.ask(), op)
			if err != nil {
				t.Error(err)
			}
			answers <- o
		}()
	}
	for range cap(answers) {
		if o := <-answers; o.Action != "act_001" || o.State != Done && o.State != Executing {
			t.Errorf("%+v", o)
		}
	}
	if len(sent) != 1 {
		t.Errorf("sent %d times", len(sent))
	}
}

// The other action had ended before this one was recorded, but not before its
// facts were read.
func TestFactsThatAreOlderThanTheLastChangeAreReadAgain(t *testing.T) {
	d := newDesk(t)
	d.Wait = time.Minute
	op, proposals := d.refunding(refundOf(2000)), 0
	op.Propose = func(context.Context) (Refund, error) {
		proposals++
		a := refundOf(2000)
		if proposals == 1 {
			enforce(t, d, d.ask(), d.refunding(refundOf(1000)))
		} else {
			a.Charge.Remaining = money.Of(500, "eur")
		}
		return a, nil
	}
	o := enforce(t, d, d.ask(), op)
	if o.State != Denied || proposals != 2 || o.Decision.Against()[0].Rule != "structure.remaining" {
		t.Errorf("%d proposals: %+v", proposals, o)
	}
}
