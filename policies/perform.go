package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"supportmcp/internal/fault"
)

// run performs an entry that is Executing and settles it. Nothing that goes
// wrong here is an error to the caller: the entry says where it stands.
func run[A Action, Out any](ctx context.Context, g *Guard, e Entry, a A, op Operation[A, Out]) Entry {
	ctx = context.WithoutCancel(ctx)
	attempt, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	p := issue(a, e.ID)
	defer p.revoke()
	out, err := op.Perform(attempt, p)
	return settle(ctx, g, e, a, op, out, err)
}

func settle[A Action, Out any](ctx context.Context, g *Guard, e Entry, a A, op Operation[A, Out], out Out, failed error) Entry {
	if fault.TookOf(failed) == fault.NotYet && e.Kind.repeatFor() > 0 {
		g.Log.Warn("attempt", "action", e.ID, "kind", e.Kind, "err", failed)
		return e // the lease lapses and the worker sends again
	}
	settled, err := g.record(ctx, e, func() (Settlement, error) {
		if failed != nil {
			return g.settlement(e, failed), nil
		}
		return receipt(g, e, op, a, out)
	})
	if err == nil {
		return settled
	}
	g.Log.Error("settle", "action", e.ID, "err", err)
	return e // still executing in the ledger: the worker finishes
}

func (g *Guard) record(ctx context.Context, e Entry, what func() (Settlement, error)) (Entry, error) {
	s, err := what()
	if err != nil {
		return e, err
	}
	return g.Ledger.Settle(context.WithoutCancel(ctx), e.ID, s)
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
	for _, f := range op.Follow(a, out) {
		in, err := json.Marshal(f.Input)
		if err != nil {
			return s, fmt.Errorf("encode follow-up: %w", err)
		}
		s.Follow = append(s.Follow, Draft{Kind: f.Kind, Principal: e.Principal, Parent: e.ID, Input: in, Lease: g.Lease, Expires: e.Expires})
	}
	return s, nil
}

// settlement is what a failed attempt amounts to. Only a definite no fails an
// entry; in doubt it stays counted until someone has looked.
func (g *Guard) settlement(e Entry, failed error) Settlement {
	f, ok := errors.AsType[*fault.Error](failed)
	if !ok {
		f = &fault.Error{Code: fault.Internal, Message: "the attempt broke off", Cause: failed}
	}
	g.Log.Warn("attempt", "action", e.ID, "kind", e.Kind, "err", failed)
	// NotYet arrives here only for what is never sent again by itself.
	if f.Took != fault.Unknown {
		return Settlement{State: Failed, Failure: f}
	}
	return Settlement{State: InDoubt, Failure: f}
}
