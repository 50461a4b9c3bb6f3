package policies

import (
	"context"
	"errors"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

// A refused second attempt proves nothing about the first, which may still arrive,
// or be listed late.
func TestANoToASecondAttemptGivesTheBudgetBackOnlyAfterSeveralLooksAndTenMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		every time.Duration
		wants []State
	}{
		"three looks in ten minutes":  {10 * time.Minute / 3, []State{InDoubt, InDoubt, Failed}},
		"more looks, too soon":        {2 * time.Minute, []State{InDoubt, InDoubt, InDoubt, InDoubt, Failed}},
		"ten minutes, too few looks":  {10 * time.Minute, []State{InDoubt, InDoubt, Failed}},
		"three looks, just too early": {10*time.Minute/3 - time.Millisecond, []State{InDoubt, InDoubt, InDoubt, Failed}},
	} {
		d := newDesk(t)
		e := d.doubtful(t)
		d.clock = e.FirstSent
		no := d.failing(refundOf(2000), &fault.Error{Code: fault.Upstream, Message: "refused", Took: fault.No})
		for look, want := range c.wants {
			d.pass(c.every)
			if err := Recover(t.Context(), d.Guard, e, no); err != nil {
				t.Fatal(err)
			}
			if got := d.state(t, e.ID); got != want {
				t.Errorf("%s, look %d: %s, want %s", name, look+1, got, want)
			}
		}
	}
}

// While the vendor is down nothing is learnt, so nothing is used up either.
func TestAnOutageUsesUpNoLooks(t *testing.T) {
	for name, c := range map[string]struct {
		begin func(*testing.T, *desk) (id string, recover func(down bool) error)
		lost  State
	}{
		"money": {func(t *testing.T, d *desk) (string, func(bool) error) {
			e := d.doubtful(t)
			d.pass(day)
			return e.ID, func(down bool) error {
				return Recover(t.Context(), d.Guard, d.entry(t, e.ID), failingFind(d.refunding(refundOf(2000)), down))
			}
		}, Review},
		"a message": {func(t *testing.T, d *desk) (string, func(bool) error) {
			o := enforce(t, d, d.ask(), d.replying("Hello"))
			return o.Action, func(down bool) error {
				return Recover(t.Context(), d.Guard, d.entry(t, o.Action), failingFind(d.replying("Hello"), down))
			}
		}, Failed},
	} {
		d := newDesk(t)
		id, recover := c.begin(t, d)
		for range 5 {
			d.pass(time.Hour)
			if err := recover(true); err == nil || d.state(t, id) != InDoubt {
				t.Fatalf("%s: while the vendor is down: %v, %s", name, err, d.state(t, id))
			}
		}
		for answered, want := range []State{InDoubt, InDoubt, c.lost} {
			d.pass(time.Hour)
			if err := recover(false); err != nil || d.state(t, id) != want {
				t.Errorf("%s: look %d after the outage: %v, %s, want %s", name, answered+1, err, d.state(t, id), want)
			}
		}
		if len(d.sent) != 1 {
			t.Errorf("%s: sent %v", name, d.sent)
		}
	}
}

// failingFind makes an operation's looks end in an error while the vendor is down.
func failingFind[A Action](op Operation[A, slip], down bool) Operation[A, slip] {
	works := op.Find
	op.Find = func(ctx context.Context, a A, key string) (slip, bool, error) {
		if down {
			return slip{}, false, &fault.Error{Code: fault.Upstream, Message: "unreachable", Took: fault.No}
		}
		return works(ctx, a, key)
	}
	return op
}

// What the vendor goes on not to have is looked for less and less often, and
// still at least four times an hour.
func TestLooksGetRarerAndNeverEnd(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	op := d.failing(refundOf(2000), errors.New("500"))
	find, looked := op.Find, []time.Duration{}
	op.Find = func(ctx context.Context, a Refund, key string) (slip, bool, error) {
		looked = append(looked, d.clock.Sub(e.FirstSent))
		return find(ctx, a, key)
	}
	for range 20 * 60 * 4 { // twenty hours of the worker's rounds
		d.pass(15 * time.Second)
		if err := Recover(t.Context(), d.Guard, d.entry(t, e.ID), op); err != nil {
			t.Fatal(err)
		}
	}
	if len(looked) > 90 || len(looked) < 75 || len(d.sent) != len(looked)+1 {
		t.Fatalf("%d looks and %d sends in twenty hours", len(looked), len(d.sent))
	}
	for i := 1; i < len(looked); i++ {
		if gap := looked[i] - looked[i-1]; gap < lookEvery || gap > longestPause+15*time.Second {
			t.Errorf("look %d came %s after the one before", i+1, gap)
		}
	}
	if looked[2]-looked[0] > 135*time.Second {
		t.Errorf("the first three looks took %s", looked[2]-looked[0])
	}
}

// A look that hangs must end before somebody else takes over.
func TestALookEndsBeforeItsLeaseDoes(t *testing.T) {
	d := newDesk(t)
	e := d.doubtful(t)
	op := d.refunding(refundOf(2000))
	op.Find = func(ctx context.Context, _ Refund, _ string) (slip, bool, error) {
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > d.Timeout {
			t.Errorf("the look may take until %s", at)
		}
		return slip{}, false, errors.New("down")
	}
	if err := Recover(t.Context(), d.Guard, e, op); err == nil {
		t.Error("no error")
	}
}
