package ledger

import (
	"context"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Resume implements [policies.Ledger]. What a person approved becomes Stale when
// facts or verdict changed. A follow-up, which nobody has approved, gets its
// facts here and is judged like a new request: it may be denied, or wait for a
// person.
func (l *Ledger) Resume(ctx context.Context, id string, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (e policies.Entry, ok bool, err error) {
	if err := checkDraft(d); err != nil {
		return policies.Entry{}, false, err
	}
	err = l.transact(ctx, "resume "+id, func(t *tx) error {
		if err := t.lockScopes(d); err != nil {
			return err
		}
		r, err := t.loadNow(id)
		if err != nil {
			return err
		}
		if ok = r.State == policies.Approved; ok {
			r, err = t.resume(r, d, judge)
		}
		if err == nil {
			e = r.Entry
		}
		return err
	})
	return e, ok && err == nil, err
}

func (t *tx) resume(r *row, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (*row, error) {
	if r.overdue(t.now) {
		return r, t.expire(r)
	}
	if r.Kind != d.Kind || r.Principal != d.Principal {
		return nil, &fault.Error{Code: fault.Internal, Took: fault.No, Message: r.ID + " was proposed again as another action"}
	}
	if err := t.keepExclusive(d); err != nil {
		return nil, err
	}
	approved := r.Approver != "" && !d.Unapproved
	if approved && r.Digest != d.Digest {
		r.State, r.Failure = policies.Stale, refused("", "the facts changed after a person approved them")
		return r, t.save(policies.Approved, r)
	}
	return r, t.resumed(r, d, judge, approved)
}

func (t *tx) resumed(r *row, d policies.Draft, judge func(policies.Snapshot) policies.Decision, approved bool) error {
	decision, err := t.decide(d.Reads, judge)
	if err != nil {
		return err
	}
	r.Subject, r.Facts, r.Digest, r.Decision, r.Lease, r.Expires = d.Subject, d.Facts, d.Digest, decision, d.Lease, d.Expires
	t.enter(r, policies.Next(decision, approved))
	if r.State == policies.Stale {
		r.Failure = refused("", "the policy no longer allows what a person approved")
	}
	if err := t.save(policies.Approved, r); err != nil {
		return err
	}
	t.judged(r)
	return t.reserve(r)
}
