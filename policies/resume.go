package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"supportmcp/internal/fault"
)

// looks is how often a vendor must have answered that it does not have an action
// before the action counts as lost. The first two looks are lookEvery apart and
// each later one twice as far, up to longestPause: three take two minutes. While
// the vendor does not answer, the pause grows with the age of the action.
const (
	looks        = 3
	lookEvery    = 40 * time.Second
	longestPause = 15 * time.Minute
)

// untilLook is how long an entry is left alone once it is being looked for. It
// follows from the entry alone, so that all servers together look as rarely as one.
func (g *Guard) untilLook(e Entry) time.Duration {
	if e.Kind.sliced() { // it is not looked for but gone on with, however long that takes
		return g.Lease
	}
	age := g.Now().Sub(e.FirstSent)
	return max(g.Timeout, min(max(lookEvery<<min(e.Looks, 10), age/4), longestPause))
}

// Resume performs an approved or queued entry: proposed again from its stored
// input, judged again under today's policy, and only if the facts that were
// approved still hold. Busy targets and vendors that are down leave it approved,
// and so do approvals that do not count here: another server may know its approvers.
func Resume[A Action, Out any](ctx context.Context, g *Guard, e Entry, op Operation[A, Out]) error {
	mark, err := g.Ledger.Mark(ctx)
	if err != nil {
		return err
	}
	a, err := op.Propose(ctx)
	if err != nil {
		return fmt.Errorf("propose %s again: %w", e.ID, err)
	}
	d, judge, err := g.draft(ctx, Request{Principal: e.Principal, Input: e.Input, RepeatOf: e.RepeatOf}, a)
	if err != nil {
		return err
	}
	d.Parent, d.Mark, d.Unapproved = e.Parent, mark, g.Approvers != nil && e.Approver == ""
	if judge, err = g.lawful(ctx, e, d, judge); err != nil {
		return fmt.Errorf("not performed, since its approvals do not count: %w", err)
	}
	e, ours, err := g.Ledger.Resume(ctx, e.ID, d, judge)
	if fault.CodeOf(err) == fault.Busy {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume %s: %w", e.ID, err)
	}
	if ours && e.Decision.Trips {
		g.trip(ctx, e)
	}
	if ours && e.State == Executing {
		run(ctx, g, e, a, op)
	}
	return nil
}

// Recover drives an entry whose outcome is unknown: it looks first, sends again
// only while the vendor's key protects, and gives up only after several looks
// that the vendor answered. While it cannot be asked, nothing is used up.
func Recover[A Action, Out any](ctx context.Context, g *Guard, e Entry, op Operation[A, Out]) error {
	e, ok, err := g.Ledger.Claim(ctx, e.ID, g.untilLook(e))
	if err != nil || !ok {
		return err
	}
	a, out, found, err := look(ctx, g, e, op)
	switch {
	case err != nil:
		return err
	case found:
		settle(ctx, g, e, a, op, out, nil)
		return nil
	}
	e, err = g.Ledger.Settle(ctx, e.ID, Settlement{State: InDoubt, Looked: true, Failure: e.Failure})
	switch {
	case err != nil || e.State != InDoubt: // somebody else has settled it
		return err
	case g.maySendAgain(e):
		if a, err = sendAgain(ctx, g, e, a, op); err == nil {
			run(ctx, g, e, a, op)
			return nil
		}
		g.Log.Warn("an action that may have been lost is not sent again", "action", e.ID, "err", err)
	}
	if e.Looks < looks {
		return nil
	}
	_, err = g.Ledger.Settle(ctx, e.ID, Settlement{State: e.Kind.lost(), Failure: lostFault(e.Kind)})
	return err
}

// patience is how long one attempt may take. A later slice has what its lease leaves
// after the look; of the first one somebody may wait for the answer.
func (g *Guard) patience(e Entry) time.Duration {
	if e.Kind.sliced() && e.State == InDoubt {
		return max(g.Timeout, g.Lease-g.Timeout)
	}
	return g.Timeout
}

// look asks the vendor whether an entry took effect. An error means that it
// cannot be told now.
func look[A Action, Out any](ctx context.Context, g *Guard, e Entry, op Operation[A, Out]) (a A, out Out, found bool, err error) {
	if err := json.Unmarshal(e.Facts, &a); err != nil {
		return a, out, false, fmt.Errorf("read facts of %s: %w", e.ID, err)
	}
	within, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	out, found, err = op.Find(within, a, e.ID)
	// Its conversation is gone, and it will not be found there. A charge never goes:
	// the key is of another account, which knows nothing of what the right one did.
	if fault.CodeOf(err) == fault.NotFound && e.Kind.Vendor() != Stripe {
		return a, out, false, nil
	}
	if err != nil {
		return a, out, false, fmt.Errorf("look for %s: %w", e.ID, err)
	}
	return a, out, found, nil
}

// maySendAgain reports whether the vendor's key still makes a second send
// harmless, and whether this server may write to the vendor at all. Both times are
// the ledger's, since e was claimed just now; this process's clock may differ.
func (g *Guard) maySendAgain(e Entry) bool {
	_, locked := g.Locked[e.Kind.Vendor()]
	return !locked && e.UpdatedAt.Sub(e.FirstSent) < e.Kind.repeatFor()
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
