package policies

import (
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Asker is the person a conversation is with, and the Stripe customers that
// belong to them. It is resolved from Intercom and Stripe, never from what an
// agent says. Without a conversation nobody is known.
type Asker struct {
	Conversation string   `json:"conversation"`
	Contact      string   `json:"contact"`
	Identity     Identity `json:"identity,omitempty"`
	Ties         []Tie    `json:"ties"`
	Doubt        string   `json:"doubt,omitempty"` // why it is uncertain who is meant; a person decides then
}

// subject is what an action on a customer's money counts for. A person is known
// by all customers tied to them, and by what else is given.
func (a Asker) subject(customer string, also ...string) Subject {
	keys := append(slices.Clone(also), customer)
	for _, t := range a.Ties {
		keys = append(keys, t.Customer)
	}
	slices.Sort(keys)
	keys = slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == "" })
	return Subject{Conversation: a.Conversation, Contact: a.Contact, Customer: customer, Person: strings.Join(keys, " ")}
}

// Tie is one Stripe customer of an asker and how it is known.
type Tie struct {
	Customer string `json:"customer"`
	Way      string `json:"way"` // one of the words of [Way.String], or "confirmed link"
}

// Owns reports whether the customer is tied to the asker.
func (a Asker) Owns(customer string) bool {
	return customer != "" && slices.ContainsFunc(a.Ties, func(t Tie) bool { return t.Customer == customer })
}

// ruleOwner is the rule that ties money to the conversation. A denial of what is
// not the asker's is told to the agent as an unknown id, so that ids cannot be probed.
const ruleOwner = "owner_match"

// judge says whether a customer's money may be touched in this conversation. The
// slice has room for what else an action comes to, so that it is allocated once.
func (a Asker) judge(p *Policy, customer string, cost money.Money) []Finding {
	if a.Conversation == "" {
		return []Finding{p.Approvals.outside()}
	}
	findings := append(make([]Finding, 0, p.mostFindings()), a.owner(customer))
	if a.Doubt != "" {
		findings = append(findings, Finding{
			Rule: "asker.doubt", Effect: NeedsApproval,
			Message: "it is not certain who is asking: " + a.Doubt,
		})
	}
	return append(findings, p.Identity.judge(a.Identity, cost))
}

func (a Asker) owner(customer string) Finding {
	f := Finding{Rule: ruleOwner, Effect: Allow}
	switch {
	case customer == "":
		f.Effect, f.Message = NeedsApproval, "the charge has no customer, so nothing ties it to the conversation's contact"
	case !a.Owns(customer):
		f.Effect, f.Message = Deny, "the charge belongs to a customer who is not tied to the conversation's contact"
	}
	return f
}

// Unknown is the one answer for what an action of a kind is about when it does not
// exist, and when it is not the asker's.
func Unknown(k Kind) error {
	what, article := "charge", "a "
	switch k { //nolint:exhaustive // all others are about charges, or about nothing of Stripe's
	case KindCancel, KindKeep, KindDiscount:
		what = "subscription"
	case KindRetry:
		what, article = "invoice", "an "
	}
	return &fault.Error{
		Code: fault.NotFound, Took: fault.No,
		Message:  "the customer of this conversation has no such " + what,
		NextStep: "take " + article + what + "_id from get_billing_overview of this conversation",
	}
}

// UnknownCharge is the answer for a charge that does not exist, or is not the asker's.
func UnknownCharge() error { return Unknown(KindRefund) }

// UnknownAction is the one answer for an action that does not exist and for one
// that was denied because the money was not the asker's.
func UnknownAction() error {
	return &fault.Error{
		Code: fault.NotFound, Took: fault.No, Message: "there is no such action",
		NextStep: "use the action_id of an earlier answer",
	}
}

// Hidden reports whether an agent must not learn of the entry, because it would
// tell that another customer's money exists, or somebody's that nobody is tied to.
func (e Entry) Hidden() bool { return e.State == Denied && e.Decision.strange() }

// strange reports whether a decision denies what is not known to be the asker's.
func (d Decision) strange() bool {
	return d.Effect == Deny && slices.ContainsFunc(d.Findings, func(f Finding) bool {
		return f.Rule == ruleOwner && f.Effect != Allow
	})
}
