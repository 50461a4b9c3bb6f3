package policies

import "supportmcp/internal/money"

// Identity is how well it is known that whoever asks is the contact. An owner
// match proves the contact, and not the person who writes.
type Identity string

// The levels, from least to most.
const (
	Unidentified Identity = ""        // there is no contact
	Claimed      Identity = "claimed" // by e-mail, by a lead, or in a workspace that verifies nobody
	Proven       Identity = "proven"  // signed in to the company's product, as the Messenger has verified
)

// IdentityRules is the identity section of a policy. Links of contacts to
// customers are proposed only where there is one.
type IdentityRules struct {
	Claimed     Effect                   // Deny or NeedsApproval, of money asked for by somebody who only claims to be the contact
	ClaimedUpTo map[money.Currency]int64 // minor units; up to here a claim is enough
}

// judge says whether it is known well enough who asks. Without a section, a claim
// needs a person.
func (r *IdentityRules) judge(is Identity, cost money.Money) Finding {
	f := Finding{Rule: "identity", Effect: Allow, Actual: is.word()}
	if is == Proven {
		return f
	}
	enough, listed := r.enough(cost.Currency)
	switch {
	case is != Claimed:
		f.Effect, f.Message, f.NextStep = Deny, "the conversation has no contact, so nobody is known to ask", toAPerson
	case listed && cost.Minor > 0 && cost.Minor <= enough.Minor:
		f.Limit = enough.String()
	default:
		f.Effect, f.Limit = r.claimed(), string(Proven)
		f.Message = "whoever writes has not shown to be the contact: no verified sign-in to the Messenger stands behind the conversation"
		if listed {
			f.MaxAllowedNow = enough
		}
		if f.Effect == Deny {
			f.NextStep = "ask the customer to write from the Messenger while signed in, or hand the conversation to a person"
		}
	}
	return f
}

// claimed is what becomes of a claim.
func (r *IdentityRules) claimed() Effect {
	if r == nil {
		return NeedsApproval
	}
	return r.Claimed
}

// enough is the amount up to which a claim is enough. What costs nothing, such as a
// cancellation, has no amount that could be small.
func (r *IdentityRules) enough(c money.Currency) (most money.Money, listed bool) {
	if r == nil || c == "" {
		return most, false
	}
	minor, listed := r.ClaimedUpTo[c]
	return money.Of(minor, c), listed
}

// word is the level as decisions tell it.
func (i Identity) word() string {
	if i == Unidentified {
		return "none"
	}
	return string(i)
}

const toAPerson = "hand the conversation to a person"

// ruleOutside is the rule on money that is asked for outside a conversation.
const ruleOutside = "without_conversation"

// outside is for what nobody in Intercom asks for: a caller on the telephone.
// Nothing shows who that is, so whoever approves answers for having verified it.
func (r ApprovalRules) outside() Finding {
	f := Finding{Rule: ruleOutside, Effect: Deny, Message: "the policy lets no money be moved outside a conversation", NextStep: "give the conversation_id of the customer's conversation"}
	if r.WithoutConversation == NeedsApproval {
		f.Effect, f.NextStep = NeedsApproval, ""
		f.Message = "no conversation shows who asks: whoever approves must name who verified the caller, and how"
	}
	return f
}

// TakesCallers reports whether money may be asked for outside a conversation. A
// nil policy lets nobody.
func (p *Policy) TakesCallers() bool {
	return p != nil && p.Approvals.WithoutConversation == NeedsApproval
}
