package tools

import (
	"context"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type createRefundInput struct {
	Conversation  conversationID `json:"conversation_id"`
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
	r := policies.Refund{Reason: policies.Reason(in.Reason), Rest: in.Amount == "", Twins: []policies.Twin{}}
	if in.Amount != "" {
		asked, err := money.Parse(string(in.Amount))
		if err != nil {
			return r, fault.Invalidf(`give an exact amount such as "12.50 EUR", or leave amount out`, "%v", err)
		}
		r.Amount = asked
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		t, err := d.ticket(ctx, in.Conversation)
		r.Asker = t.Asker
		return err
	})
	// A conversation that cannot be read is told first, however the two race: the
	// answer would otherwise tell whether somebody else's charge exists.
	var unread error
	g.Go(func() error {
		unread = d.chargeFacts(ctx, in, &r)
		return nil
	})
	if err := g.Wait(); err != nil {
		return r, err
	}
	if unread != nil {
		return r, unread
	}
	if r.Rest {
		r.Amount = r.Charge.Remaining
	}
	return r, nil
}

// recent is how many payments of a customer are read.
const recent = 20

func (d Deps) chargeFacts(ctx context.Context, in createRefundInput, r *policies.Refund) error {
	c, err := d.charge(ctx, in.Charge, in.PaymentIntent)
	if err != nil {
		return err
	}
	r.Charge, r.Since = c.Charge, c.Since
	if c.Customer == "" {
		return nil
	}
	others, err := d.Stripe.Charges(ctx, c.Customer, "", recent)
	if err != nil {
		return fmt.Errorf("read payments: %w", err)
	}
	r.Twins = twins(others.Charges, c)
	return nil
}

// twins are the other succeeded charges of the same amount that nobody has refunded.
func twins(charges []stripe.Charge, of stripe.Charge) []policies.Twin {
	out := []policies.Twin{}
	for _, c := range charges {
		if c.ID != of.ID && c.Succeeded && c.Captured && c.Amount == of.Amount && c.Remaining == c.Amount {
			out = append(out, policies.Twin{Charge: c.ID, CreatedAt: c.CreatedAt})
		}
	}
	return out
}
