package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"supportmcp/internal/fault"
)

// Count is how many different people must approve.
func (n Need) Count() int { return max(n.People, 1) }

// String tells it to a person.
func (n Need) String() string {
	text := "one approval"
	if n.Count() > 1 {
		text = strconv.Itoa(n.Count()) + " approvals"
	}
	if n.Role != "" {
		text += " by " + n.Role
	}
	return text
}

// Approval is what one person decided on an entry.
type Approval struct {
	By        string
	Verdict   State // Approved or Rejected; of what was under review Done or Failed
	Note      string
	Verifier  string // who verified a caller, where that is needed; Note tells it once it is recorded
	At        time.Time
	Statement string // the exact text that was signed; "" when the person was only named
	Signature string // of it
}

// Approvers tells whether the approvals that the ledger holds count.
type Approvers interface {
	// Judge is nil when those who approved are enough for need: different people of
	// its role, none of whom asked for the action, each by a signature on e exactly as
	// it stands that still holds. Otherwise a *fault.Error says what is missing.
	Judge(ctx context.Context, e Entry, given []Approval, need Need) error
}

// Unlawful says why an entry that a person let go on is not performed; nil when
// nothing stands against it. Whoever can write to the ledger alone can make it say
// that something was approved, and cannot make that count.
func (g *Guard) Unlawful(ctx context.Context, e Entry) error {
	if g.Approvers == nil || e.State != Approved || e.Approver == "" {
		return nil
	}
	return g.countApprovals(ctx, e, e.Digest, e.Decision.Needed())
}

// countApprovals wants the approvals of e, on facts with this digest, to be enough
// for each need.
func (g *Guard) countApprovals(ctx context.Context, e Entry, digest string, needs ...Need) error {
	if g.Approvers == nil {
		return nil
	}
	if digest != e.Digest {
		return &fault.Error{Code: fault.Refused, Took: fault.No, Message: "the facts are not those that were approved", NextStep: "ask again on the new facts"}
	}
	given, err := g.Ledger.Approvals(ctx, e.ID)
	if err != nil {
		return err
	}
	for _, need := range needs {
		if err := g.Approvers.Judge(ctx, e, given, need); err != nil {
			return fmt.Errorf("approvals of %s: %w", e.ID, err)
		}
	}
	return nil
}

// lawful wants what a person let go on to have approvals that count: for what was
// decided when it was asked for, and for what is decided today. It gives the
// judgement to go on with, which denies what needs other approvals than those that
// were counted. Facts that changed are left to the ledger, which ends the entry.
func (g *Guard) lawful(ctx context.Context, e Entry, d Draft, judge func(Snapshot) Decision) (func(Snapshot) Decision, error) {
	if g.Approvers == nil || e.Approver == "" || e.Digest != d.Digest {
		return judge, nil
	}
	snap, err := g.Ledger.Read(ctx, d.Reads)
	if err != nil {
		return nil, err
	}
	today := judge(snap)
	needs, counted := []Need{e.Decision.Needed()}, today.Needed()
	if today.Effect == NeedsApproval {
		needs = append(needs, counted)
	}
	return func(s Snapshot) Decision {
		decision := judge(s)
		if decision.Effect != NeedsApproval || decision.Needed() == counted {
			return decision
		}
		return decision.restrict(Finding{
			Rule: "approvals.need", Effect: Deny, Limit: decision.Need.String(),
			Message: "other approvals are needed now than a moment ago", NextStep: "ask again",
		})
	}, g.countApprovals(ctx, e, d.Digest, needs...)
}

// sendAgain proposes an entry that may be sent once more, and wants it to be allowed
// today or approved: who can write to the ledger can make an entry look as if it
// had been sent. What is sent then are the new facts, which must be the old ones.
// Budgets are left out, since the entry itself counts in them.
func sendAgain[A Action, Out any](ctx context.Context, g *Guard, e Entry, a A, op Operation[A, Out]) (A, error) {
	if g.Approvers == nil {
		return a, nil
	}
	a, err := op.Propose(ctx)
	if err != nil {
		return a, fmt.Errorf("propose %s again: %w", e.ID, err)
	}
	d, judge, err := g.draft(ctx, Request{Principal: e.Principal, Input: e.Input, RepeatOf: e.RepeatOf}, a)
	if err != nil {
		return a, err
	}
	decision := judge(Snapshot{Now: g.Now(), Usage: make([]Usage, len(d.Reads.Queries))})
	switch {
	case decision.Effect == Deny:
		return a, &fault.Error{Code: fault.Refused, Took: fault.No, Message: e.ID + " is denied today", NextStep: "a person settles it if the vendor does not have it"}
	case decision.Effect == Allow && d.Digest == e.Digest:
		return a, nil
	}
	return a, g.countApprovals(ctx, e, d.Digest, e.Decision.Needed(), decision.Needed())
}

// DigestOf is the digest of facts as an entry holds them. Whoever shows facts to a
// person who signs their digest must compare the two.
func DigestOf(k Kind, facts json.RawMessage) (string, error) {
	a, err := DecodeAction(k, facts)
	if err != nil {
		return "", err
	}
	return Digest(a)
}
