package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Claim implements [policies.Ledger].
func (l *Ledger) Claim(ctx context.Context, id string, lease time.Duration) (e policies.Entry, ok bool, err error) {
	err = l.transact(ctx, "claim "+id, func(t *tx) error {
		r, err := t.loadNow(id)
		if err != nil {
			return err
		}
		if ok = r.lapsed(t.now); ok {
			if err := t.keepTime(); err != nil {
				return err
			}
			from := r.State
			r.State, r.leaseUntil = policies.InDoubt, t.now.Add(lease)
			err = t.save(from, r)
		}
		e = r.Entry
		return err
	})
	return e, ok && err == nil, err
}

// lapsed reports whether an entry may be taken over: it may have been sent, its
// outcome is not recorded, and its performer has had its time.
func (r *row) lapsed(now time.Time) bool {
	return (r.State == policies.Executing || r.State == policies.InDoubt) && !r.leaseUntil.After(now)
}

// Settle implements [policies.Ledger]. Follow-ups of what is done are queued in
// the same transaction, as approved but not yet judged.
func (l *Ledger) Settle(ctx context.Context, id string, s policies.Settlement) (e policies.Entry, err error) {
	if err := checkSettlement(id, s); err != nil {
		return policies.Entry{}, err
	}
	if s.By != "" || s.Note != "" {
		if s.By, err = person(s.By, s.Note); err != nil {
			return policies.Entry{}, err
		}
		if err := validBody("what was signed", s.Statement, s.Signature); err != nil {
			return policies.Entry{}, err
		}
	}
	err = l.transact(ctx, "settle "+id, func(t *tx) error {
		r, err := t.loadNow(id)
		if err == nil && s.By != "" {
			err = maySettle(r, s)
		}
		if err == nil && slices.Contains(settleFrom(s.State), r.State) {
			err = t.settle(r, s)
		}
		if err == nil {
			e = r.Entry
		}
		return err
	})
	return e, err
}

func checkSettlement(id string, s policies.Settlement) error {
	if settleFrom(s.State) == nil || s.State != policies.Done && len(s.Follow) > 0 || s.State != policies.InDoubt && s.Looked {
		return &fault.Error{Code: fault.Internal, Took: fault.Unknown, Message: fmt.Sprintf("%s cannot be settled as %s", id, s.State)}
	}
	for _, f := range s.Follow {
		if err := checkDraft(f); err != nil {
			return err
		}
	}
	return nil
}

// settleFrom lists the states that a settlement may end. What is under review can
// only be ended for good, by a person.
func settleFrom(to policies.State) []policies.State {
	switch to { //nolint:exhaustive // no other state is a settlement
	case policies.Done, policies.Failed:
		return []policies.State{policies.Executing, policies.InDoubt, policies.Review}
	case policies.InDoubt, policies.Review:
		return []policies.State{policies.Executing, policies.InDoubt}
	}
	return nil
}

// maySettle keeps people to what waits for them.
func maySettle(r *row, s policies.Settlement) error {
	if r.State != policies.Review || s.State != policies.Done && s.State != policies.Failed {
		return refused("only what is under review can be settled by a person, as done or failed",
			"%s cannot be settled as %s by a person: it is %s", r.ID, s.State, r.State)
	}
	return mayJudge(r, s.By)
}

func (t *tx) settle(r *row, s policies.Settlement) error {
	from := r.State
	r.State, r.Receipt, r.Failure = s.State, s.Receipt, s.Failure
	if s.By != "" {
		r.Approver, r.Note, r.signed = s.By, s.Note, signed(s.Statement, s.Signature, "")
	}
	if from == policies.Executing {
		r.leaseUntil = t.now // whoever looks after what is in doubt may begin at once
	}
	if s.Looked {
		r.Looks++
	}
	if err := t.save(from, r); err != nil {
		return err
	}
	if s.Statement != "" {
		if err := t.keepApproval(r, policies.Approval{By: s.By, Verdict: s.State, Note: s.Note, Statement: s.Statement, Signature: s.Signature}); err != nil {
			return err
		}
	}
	if err := t.release(r); err != nil {
		return err
	}
	for i, d := range s.Follow {
		if err := t.queue(r.ID, i, d); err != nil {
			return err
		}
	}
	return nil
}

// queue records a follow-up. It has no facts yet: the worker proposes it from its
// input, and Resume judges it.
func (t *tx) queue(parent string, index int, d policies.Draft) error {
	d.Parent, d.Reads = parent, policies.Reads{}
	return t.insert(&row{Entry: policies.Entry{
		Draft: d, ID: followID(parent, index), Ordinal: index, State: policies.Approved, ExpiresAt: t.now.Add(d.Expires),
	}})
}

// loadNow reads the entry that is about to change, and then the time.
func (t *tx) loadNow(id string) (*row, error) {
	if err := validText("the id of the action", id); err != nil {
		return nil, err
	}
	r, err := t.load(id)
	if err != nil {
		return nil, err
	}
	return r, t.readClock()
}
