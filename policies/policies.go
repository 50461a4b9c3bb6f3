// Package policies is the core of supportmcp: it judges resolved facts, records
// every decision in a ledger before anything happens, and alone issues the
// permits without which no adapter writes.
//
// The way of an action: a tool proposes it (an [Action], facts resolved from the
// vendors), [Enforce] judges it inside the ledger's transaction, and an allowed
// one is performed with a [Permit] that carries the very action that was judged.
//
// This package fetches nothing: no network, no database, no file, no
// environment. It never trusts what an agent claims and never loosens a rule
// because of it.
package policies

import (
	"encoding/json"
	"fmt"
	"time"
)

// Policy is a policy file, compiled and immutable. A nil section denies every
// action it covers.
type Policy struct {
	Revision  string // SHA-256 of the file's bytes, shortened; names this policy in every decision
	Approvals ApprovalRules
	Refund    *RefundRules
	Reply     *ReplyRules
	Tag       *TagRules
}

// ApprovalRules says how long a person may take, and whether one is needed to
// repeat on purpose what was done.
type ApprovalRules struct {
	Expires time.Duration // an action not approved and executed by then is expired
	Repeats Effect
}

// plan binds a request to this policy: what to read, and how to judge what was
// read. Both halves come from one Policy, so a reload in between cannot mix revisions.
func (p *Policy) plan(a Action, r Request) (Reads, func(Snapshot) Decision) {
	budgets := p.budgets(a.Kind())
	reads := Reads{Queries: make([]Query, len(budgets))}
	s := a.Subject()
	for i, b := range budgets {
		reads.Queries[i] = b.query(s, r.Principal)
	}
	reads.Queries, reads.Waiting = append(reads.Queries, a.asks()...), s.Conversation
	if reply, ok := a.(Reply); ok {
		reads.Receipts = reply.receipts()
	}
	mayRepeat := r.RepeatOf != "" && p.Approvals.Repeats == Allow
	return reads, func(snap Snapshot) Decision {
		findings := a.judge(p, Snapshot{Now: snap.Now, Usage: snap.Usage[len(budgets):], MayRepeat: mayRepeat, Receipts: snap.Receipts})
		headroom := room{cost: s.Cost}
		for i, b := range budgets {
			f := b.judge(s.Cost, snap.Now, snap.Usage[i])
			headroom.narrow(b, snap.Usage[i])
			findings = append(findings, f)
		}
		return decide(p.Revision, findings, headroom)
	}
}

func (p *Policy) budgets(k Kind) []Budget {
	if k.section() == "refund" && p.Refund != nil {
		return p.Refund.Budgets
	}
	return nil
}

// LongestWindow is the longest time over which a budget of this policy counts.
func (p *Policy) LongestWindow() time.Duration {
	var longest time.Duration
	if p.Refund != nil {
		for _, b := range p.Refund.Budgets {
			longest = max(longest, b.Window)
		}
	}
	return longest
}

// missing denies an action whose section the policy file does not have.
func missing(section string) Finding {
	return Finding{
		Rule: section + ".section", Effect: Deny,
		Message:  fmt.Sprintf("the policy has no section %q", section),
		NextStep: "hand the conversation to a person",
	}
}

// encode writes facts as the bytes that are stored, digested and shown. The
// types of this package always encode.
func encode(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return b, nil
}
