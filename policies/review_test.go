package policies

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// reviewed leaves a refund that was looked for in vain and waits for a person.
func (d *desk) reviewed(t *testing.T) Entry {
	t.Helper()
	e := d.doubtful(t)
	for range looks {
		d.pass(23 * time.Hour)
		if err := Recover(t.Context(), d.Guard, e, d.refunding(refundOf(2000))); err != nil {
			t.Fatal(err)
		}
	}
	if e = d.entry(t, e.ID); e.State != Review {
		t.Fatalf("the refund is %s", e.State)
	}
	return e
}

// finding is the operation whose look ends as told.
func (d *desk) finding(found bool, err error) Operation[Refund, slip] {
	op := d.refunding(refundOf(2000))
	op.Find = func(_ context.Context, a Refund, key string) (slip, bool, error) {
		if !found {
			return slip{}, false, err
		}
		return slip{a.Amount, key}, true, err
	}
	op.Follow = func(Entry, Refund, slip) []Followup { return []Followup{{Kind: KindNote, Input: "receipt"}} }
	return op
}

func TestAPersonSettlesWhatIsUnderReview(t *testing.T) {
	const note = "seen in the dashboard"
	for name, c := range map[string]struct {
		found   bool
		err     error
		verdict Verdict
		code    fault.Code // of a refusal
		state   State
		receipt bool
	}{
		"done, and found":              {true, nil, Verdict{State: Done, By: "robin", Note: note}, "", Done, true},
		"done, and found, no note":     {true, nil, Verdict{State: Done, By: "robin", Note: ""}, "", Done, true},
		"failed, but found":            {true, nil, Verdict{State: Failed, By: "robin", Note: note}, fault.Refused, Review, false},
		"failed, and not found":        {false, nil, Verdict{State: Failed, By: "robin", Note: note}, "", Failed, false},
		"failed without a note":        {false, nil, Verdict{State: Failed, By: "robin", Note: ""}, fault.Invalid, Review, false},
		"done, not found, with note":   {false, nil, Verdict{State: Done, By: "robin", Note: note}, "", Done, false},
		"done, not found, no note":     {false, nil, Verdict{State: Done, By: "robin", Note: " \n"}, fault.Invalid, Review, false},
		"done, cannot be asked":        {false, errors.New("down"), Verdict{State: Done, By: "robin", Note: note}, fault.Refused, Review, false},
		"failed, cannot be asked":      {false, errors.New("down"), Verdict{State: Failed, By: "robin", Note: note}, fault.Refused, Review, false},
		"failed, charge is unknown":    {false, &fault.Error{Code: fault.NotFound, Message: "no such charge"}, Verdict{State: Failed, By: "robin", Note: note}, fault.Refused, Review, false},
		"another word":                 {true, nil, Verdict{State: InDoubt, By: "robin", Note: note}, fault.Invalid, Review, false},
		"no word":                      {true, nil, Verdict{State: "", By: "robin", Note: note}, fault.Invalid, Review, false},
		"back to review":               {true, nil, Verdict{State: Review, By: "robin", Note: note}, fault.Invalid, Review, false},
		"found, and cannot be trusted": {true, errors.New("half an answer"), Verdict{State: Done, By: "robin", Note: note}, fault.Refused, Review, false},
	} {
		d := newDesk(t)
		e := d.reviewed(t)
		got, err := Settle(t.Context(), d.Guard, e, c.verdict, d.finding(c.found, c.err))
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if f, refused := errors.AsType[*fault.Error](err); refused && f.NextStep == "" {
			t.Errorf("%s: no next step in %v", name, err)
		}
		now := d.entry(t, e.ID)
		if now.State != c.state || (now.Receipt != nil) != c.receipt || len(d.sent) != 1 {
			t.Errorf("%s: %s with %s, sent %v", name, now.State, now.Receipt, d.sent)
		}
		if err == nil && (got.State != c.state || now.Approver != "robin" || now.Note != c.verdict.Note) {
			t.Errorf("%s: settled as %s by %q: %q", name, got.State, now.Approver, now.Note)
		}
		if follows := len(d.ledger.all()) - 1; (follows == 1) != c.receipt {
			t.Errorf("%s: %d follow-ups", name, follows)
		}
		if now.State != Done && now.NextStep() == "" || now.State == Done && (now.NextStep() == "") != c.receipt {
			t.Errorf("%s: the agent's next step is %q", name, now.NextStep())
		}
	}
}

func TestAPersonSettlesNothingElse(t *testing.T) {
	for state, next := range map[State]string{
		Executing: "running server", InDoubt: "running server", Awaiting: "approvals approve", Approved: "within seconds",
		Done: "nothing is left", Failed: "nothing is left", Denied: "nothing is left", Rejected: "nothing is left", Expired: "nothing is left", Stale: "nothing is left",
	} {
		d := newDesk(t)
		e := d.doubtful(t)
		d.ledger.become(d.ledger.entries[e.ID], state)
		op := d.finding(true, nil)
		op.Find = func(context.Context, Refund, string) (slip, bool, error) {
			t.Errorf("%s: the vendor is asked", state)
			return slip{}, false, nil
		}
		_, err := Settle(t.Context(), d.Guard, d.entry(t, e.ID), Verdict{State: Failed, By: "robin", Note: "I know"}, op)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != fault.Refused || !strings.Contains(f.Message, string(state)) || !strings.Contains(f.NextStep, next) {
			t.Errorf("%s: %+v", state, err)
		}
		if got := d.state(t, e.ID); got != state {
			t.Errorf("%s became %s", state, got)
		}
	}
}

// What a person calls failed gives its budget back; what they call done counts on.
func TestBudgetsFollowAPersonsWord(t *testing.T) {
	for state, want := range map[State]int64{Failed: 0, Done: 2000} {
		d := newDesk(t)
		e := d.reviewed(t)
		if _, err := Settle(t.Context(), d.Guard, e, Verdict{State: state, By: "robin", Note: "asked Stripe"}, d.finding(false, nil)); err != nil {
			t.Fatal(err)
		}
		s, err := d.ledger.Read(t.Context(), Reads{Queries: []Query{{Scope: "global:", Kinds: []Kind{KindRefund}, Currency: "eur", Window: 30 * day}}})
		if err != nil || s.Usage[0].Sum != want {
			t.Errorf("%s: %s count, %v", state, money.Of(s.Usage[0].Sum, "eur"), err)
		}
	}
}
