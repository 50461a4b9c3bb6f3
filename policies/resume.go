package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"supportmcp/internal/fault"
)

// looks is how often recovery looks for an action before it counts as lost, and
// lookEvery how long it waits in between: about two minutes in all.
const (
	looks     = 3
	lookEvery = 40 * time.Second
)

// Resume performs an approved or queued entry: proposed again from its stored
// input, judged again under today's policy, and only if the facts that were
// approved still hold. Busy targets and vendors that are down leave it approved.
func Resume[A Action, Out any](ctx context.Context, g *Guard, e Entry, op Operation[A, Out]) error {
	mark, err := g.Ledger.Mark(ctx)
	if err != nil {
		return err
	}
	a, err := op.Propose(ctx)
	if err != nil {
		return fmt.Errorf("propose %s again: %w", e.ID, err)
	}
	d, judge, err := g.draft(Request{Principal: e.Principal, Input: e.Input, RepeatOf: e.RepeatOf}, a)
	if err != nil {
		return err
	}
	d.Parent, d.Mark = e.Parent, mark
	e, ours, err := g.Ledger.Resume(ctx, e.ID, d, judge)
	if fault.CodeOf(err) == fault.Busy {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume %s: %w", e.ID, err)
	}
	if ours && e.State == Executing {
		run(ctx, g, e, a, op)
	}
	return nil
}

// Recover drives an entry whose outcome is unknown: it looks first, sends again
// only while the vendor's key protects, and gives up only after several looks.
func Recover[A Action, Out any](ctx context.Context, g *Guard, e Entry, op Operation[A, Out]) error {
	e, ok, err := g.Ledger.Claim(ctx, e.ID, max(lookEvery, g.Timeout))
	if err != nil || !ok {
		return err
	}
	var a A
	if err := json.Unmarshal(e.Facts, &a); err != nil {
		return fmt.Errorf("read facts of %s: %w", e.ID, err)
	}
	out, found, err := op.Find(ctx, a, e.ID)
	// Its conversation is gone, and it will not be found there. A charge never goes:
	// the key is of another account, which knows nothing of what the right one did.
	if fault.CodeOf(err) == fault.NotFound && e.Kind.Vendor() != Stripe {
		found, err = false, nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("look for %s: %w", e.ID, err)
	case found:
		settle(ctx, g, e, a, op, out, nil)
	case g.maySendAgain(e):
		run(ctx, g, e, a, op)
	case e.Looks >= looks:
		_, err = g.Ledger.Settle(ctx, e.ID, Settlement{State: e.Kind.lost(), Failure: lostFault(e.Kind)})
	}
	return err
}

// maySendAgain reports whether the vendor's key still makes a second send
// harmless, and whether this server may write to the vendor at all.
func (g *Guard) maySendAgain(e Entry) bool {
	_, locked := g.Locked[e.Kind.Vendor()]
	return !locked && g.Now().Sub(e.FirstSent) < e.Kind.repeatFor()
}

func lostFault(k Kind) *fault.Error {
	if k.lost() == Review {
		return &fault.Error{
			Code: fault.Upstream, Took: fault.Unknown, Message: "looked for and not found; it still counts",
			NextStep: "a person must look at the vendor and settle it; do not repeat",
		}
	}
	return &fault.Error{
		Code: fault.Upstream, Took: fault.No, Message: "looked for and not found: it was not delivered",
		NextStep: "read the conversation, then send it again if it is still right",
	}
}
