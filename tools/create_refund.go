package tools

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type createRefundInput struct {
	Conversation  conversationID `json:"conversation_id,omitempty"`
	Charge        string         `json:"charge_id,omitempty" jsonschema:"this or payment_intent_id"`
	PaymentIntent string         `json:"payment_intent_id,omitempty" jsonschema:"instead of charge_id"`
	Amount        exactAmount    `json:"amount,omitempty"`
	Reason        refundReason   `json:"reason"`
	Note          string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply     messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

type exactAmount string

// Schema wants an amount with its currency, never an empty one: leaving it out
// means all that remains. The number is judged by money.Parse.
func (exactAmount) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: `exact, such as "12.50 EUR"; omit for all that remains`}
}

// CreateRefund refunds a charge in full or in part, within the refund policy.
func CreateRefund(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "create_refund", Title: "Refund a charge", Destructive: true, Idempotent: true,
		Scopes: access.Scopes{access.BillingRefund},
		Description: "Refund a charge of the conversation's customer, in full or in part. The policy decides: done, waiting for a person, " +
			"or refused with the rule and what it would still allow. Asking again never refunds twice.",
	}, d.Guard, Operation[createRefundInput, policies.Refund, stripe.Refund]{
		Propose: d.proposeRefund, Perform: d.Stripe.CreateRefund, Find: d.Stripe.FindRefund, Follow: afterRefund,
	})
}

// proposeRefund reads the asker and the charge, so that the policy judges what
// Intercom and Stripe hold and not what the agent claims.
func (d Deps) proposeRefund(ctx context.Context, in createRefundInput) (policies.Refund, error) {
	if (in.Charge == "") == (in.PaymentIntent == "") {
		return policies.Refund{}, fault.Invalidf("give charge_id or payment_intent_id", "exactly one of charge_id and payment_intent_id is needed")
	}
	if in.ThenReply != "" && in.Conversation == "" {
		return policies.Refund{}, fault.Invalidf("give conversation_id, or leave then_reply out", "a reply needs a conversation")
	}
	r := policies.Refund{Reason: policies.Reason(in.Reason), Rest: in.Amount == "", Twins: []policies.Twin{}}
	if in.Amount != "" {
		asked, err := money.Parse(string(in.Amount))
		if err != nil {
			return r, fault.Invalidf(`give an exact amount such as "12.50 EUR", or leave amount out`, "%v", err)
		}
		r.Amount = asked
	}
	if in.Conversation == "" && !d.Guard.Policy().TakesCallers() {
		return r, nil // denied whatever the charge, which is not even looked at
	}
	if err := d.refundFacts(ctx, in, &r); err != nil {
		return r, err
	}
	if r.Rest {
		r.Amount = r.Charge.Remaining
	}
	return r, nil
}
