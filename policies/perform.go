package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"supportmcp/internal/fault"
)

// run performs an entry that is Executing and settles it. Nothing that goes
// wrong here is an error to the caller: the entry says where it stands.
func run[A Action, Out any](ctx context.Context, g *Guard, e Entry, a A, op Operation[A, Out]) Entry {
	ctx = context.WithoutCancel(ctx)
	attempt, cancel := context.WithTimeout(ctx, g.patience(e))
	defer cancel()
	p := issue(a, e.ID)
	defer p.revoke()
	out, err := op.Perform(attempt, p)
	return settle(ctx, g, e, a, op, out, err)
}

// settle records how an attempt ended. When that cannot be recorded the entry
// stays executing, and the worker finds out.
func settle[A Action, Out any](ctx context.Context, g *Guard, e Entry, a A, op Operation[A, Out], out Out, failed error) Entry {
	s, err := Settlement{}, error(nil)
	switch {
	case failed == nil:
		s, err = receipt(g, e, op, a, out)
	case fault.TookOf(failed) == fault.NotYet && e.Kind.repeatFor() > 0:
		g.Log.Warn("attempt not executed", "action", e.ID, "kind", e.Kind, "err", failed)
		return e // the lease lapses and the worker sends again
	default:
		s = g.settlement(e, failed)
	}
	settled := e
	if err == nil {
		settled, err = g.Ledger.Settle(context.WithoutCancel(ctx), e.ID, s)
	}
	if err != nil {
		g.Log.Error("settle", "action", e.ID, "err", err)
		return e
	}
	return settled
}

// receipt is the settlement of what is done.
func receipt[A Action, Out any](g *Guard, e Entry, op Operation[A, Out], a A, out Out) (Settlement, error) {
	s := Settlement{State: Done}
	var err error
	if s.Receipt, err = json.Marshal(out); err != nil {
		return s, fmt.Errorf("encode receipt: %w", err)
	}
	if op.Follow == nil {
		return s, nil
	}
	for _, f := range op.Follow(e, a, out) {
		in, err := json.Marshal(f.Input)
		if err != nil {
			return s, fmt.Errorf("encode follow-up: %w", err)
		}
		s.Follow = append(s.Follow, Draft{Kind: f.Kind, Principal: e.Principal, Parent: e.ID, Input: in, Lease: g.Lease, Expires: e.Expires})
	}
	return s, nil
}

// lateness is how long what a vendor has done may be missing from its lists.
const lateness = 10 * time.Minute

// settlement is what a failed attempt amounts to. Only a definite no fails an
// entry; in doubt it stays counted until someone has looked. A no to a second
// attempt says nothing of the first, which may still arrive or be listed late: it
// counts only after as many looks as it takes to call an action lost, and not
// before the first attempt is lateness old.
func (g *Guard) settlement(e Entry, failed error) Settlement {
	f, ok := errors.AsType[*fault.Error](failed)
	if !ok {
		f = &fault.Error{Code: fault.Internal, Message: "the attempt broke off", Cause: failed}
	}
	g.Log.Warn("attempt failed", "action", e.ID, "kind", e.Kind, "err", failed)
	definite := f.Took == fault.No || f.Took == fault.NotYet
	first := e.State == Executing
	if definite && (first || e.Looks >= looks && g.Now().Sub(e.FirstSent) >= lateness) {
		return Settlement{State: Failed, Failure: f}
	}
	return Settlement{State: InDoubt, Failure: f}
}
