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
	Revision   string // SHA-256 of the file's bytes, shortened; names this policy in every decision
	Approvals  ApprovalRules
	Disclosure DisclosureRules
	Denials    DenialRules
	Budgets    []Budget // shared by several sections
	Breaker    *Budget  // on all money; nil when there is none
	Identity   *IdentityRules
	Ties       []Way // in their order; none is DefaultWays

	Refund   *RefundRules
	Credit   *CreditRules
	Cancel   *CancelRules
	Discount *DiscountRules
	Retry    *RetryRules
	Reply    *ReplyRules
	Tag      *TagRules
	Segment  *SegmentRules
	Contact  *ContactRules
	Lookup   *LookupRules
}

// LongestWindow is the longest time over which a budget of this policy counts.
func (p *Policy) LongestWindow() time.Duration {
	var longest time.Duration
	if p.Breaker != nil {
		longest = p.Breaker.Window
	}
	for _, k := range kinds() {
		for _, b := range p.budgets(k) {
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
