package policies

import (
	"testing"
	"time"

	"supportmcp/internal/fault"
)

func TestEveryUnfinishedStateSaysWhatToDoNext(t *testing.T) {
	for s, want := range map[State]struct{ refused, advised bool }{
		Awaiting: {false, true}, Approved: {false, true}, Executing: {false, true}, InDoubt: {false, true}, Review: {false, true},
		Rejected: {true, true}, Expired: {true, true}, Stale: {true, true}, Failed: {true, true},
		Denied: {true, false}, // its findings advise
		Done:   {}, Previewed: {true, false},
	} {
		if got := (Outcome[slip]{State: s}).Refused(); got != want.refused {
			t.Errorf("%s: refused %v", s, got)
		}
		if got := (Entry{State: s}).NextStep(); (got != "") != want.advised {
			t.Errorf("%s: next step %q", s, got)
		}
	}
}

func TestAFailureKnowsItsNextStepBest(t *testing.T) {
	e := Entry{State: Failed, Failure: &fault.Error{NextStep: "ask for a new card"}}
	if got := e.NextStep(); got != "ask for a new card" {
		t.Error(got)
	}
}

func TestAMessageIsTheSameForADay(t *testing.T) {
	d := newDesk(t)
	op := d.replying("Hello")
	first := enforce(t, d, d.ask(), op)
	if _, err := d.ledger.Settle(t.Context(), first.Action, Settlement{State: Done}); err != nil {
		t.Fatal(err)
	}
	d.pass(24*time.Hour - time.Second)
	if again := enforce(t, d, d.ask(), op); !again.Replayed || len(d.sent) != 1 {
		t.Errorf("within a day: %+v, sent %v", again, d.sent)
	}
	d.pass(time.Second)
	if again := enforce(t, d, d.ask(), op); again.Replayed || len(d.sent) != 2 {
		t.Errorf("a day later: %+v, sent %v", again, d.sent)
	}
}
