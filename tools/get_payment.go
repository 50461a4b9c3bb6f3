package tools

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type getPaymentInput struct {
	Conversation  conversationID `json:"conversation_id"`
	Charge        string         `json:"charge_id,omitempty" jsonschema:"this or payment_intent_id"`
	PaymentIntent string         `json:"payment_intent_id,omitempty" jsonschema:"instead of charge_id"`
}

type paymentDetails struct {
	payment
	Customer string          `json:"customer_id"`
	Intent   string          `json:"payment_intent_id,omitempty"`
	Invoice  string          `json:"invoice_id,omitempty"`
	Card     string          `json:"card,omitempty"`
	Tries    []string        `json:"other_attempts,omitempty"` // charge and status of each
	Returned []refundDetails `json:"refund_details,omitempty"` // newest first
	Disputed []disputeDetail `json:"dispute_details,omitempty"`
}

type refundDetails struct {
	Refund    string      `json:"refund_id"`
	Amount    money.Money `json:"amount"`
	Status    string      `json:"status"`
	At        time.Time   `json:"at"`
	Reason    string      `json:"reason,omitempty"`
	Reference string      `json:"bank_reference,omitempty"`
	Where     string      `json:"where_the_money_is"`
}

type disputeDetail struct {
	Dispute    string      `json:"dispute_id"`
	Status     string      `json:"status"`
	Reason     string      `json:"reason"`
	Amount     money.Money `json:"amount"`
	At         time.Time   `json:"at"`
	Refundable bool        `json:"still_refundable"`
}

// GetPayment reads one payment with all that became of it.
func GetPayment(d Deps) Tool {
	return Read(Spec{
		Toolset: Ticket, Name: "get_payment", Title: "Read a payment",
		Scopes:      access.Scopes{access.BillingRead},
		Description: "One payment of the conversation's customer: where refunded money is, with the bank reference; disputes, invoice, card, other attempts.",
	}, d.getPayment)
}

func (d Deps) getPayment(ctx context.Context, _ policies.Principal, in getPaymentInput) (paymentDetails, error) {
	if (in.Charge == "") == (in.PaymentIntent == "") {
		return paymentDetails{}, fault.Invalidf("give charge_id or payment_intent_id", "exactly one of charge_id and payment_intent_id is needed")
	}
	var t ticket
	var c stripe.Charge
	var unread error // told after the conversation: it would otherwise tell whether somebody else's charge exists
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) { t, err = d.ticket(both, in.Conversation); return err })
	g.Go(func() error { c, unread = d.charge(both, in.Charge, in.PaymentIntent); return nil })
	if err := g.Wait(); err != nil {
		return paymentDetails{}, err
	}
	if unread != nil {
		return paymentDetails{}, unread
	}
	if !slices.ContainsFunc(t.Asker.Ties, func(tie policies.Tie) bool { return tie.Customer == c.Customer }) {
		return paymentDetails{}, policies.UnknownCharge()
	}
	return d.paymentDetails(ctx, c)
}

func (d Deps) paymentDetails(ctx context.Context, c stripe.Charge) (paymentDetails, error) {
	out := paymentDetails{payment: paymentOf(c), Customer: c.Customer, Intent: c.PaymentIntent, Invoice: c.Invoice}
	out.Refunds, out.RefundsOmitted = nil, 0
	if c.Card != nil {
		out.Card = c.Card.Brand + " " + c.Card.Last4
	}
	if c.PaymentIntent != "" {
		tries, err := d.Stripe.ChargesIn(ctx, c.Customer, stripe.ChargeFilter{Intent: c.PaymentIntent, Limit: recent})
		if err != nil {
			return out, fmt.Errorf("read attempts: %w", err)
		}
		for _, other := range tries.Charges {
			if other.ID != c.ID && len(out.Tries) < shown {
				out.Tries = append(out.Tries, other.ID+" "+other.Status)
			}
		}
	}
	out.tell(c, answerRoom-weigh(out))
	return out, nil
}

// tell adds refunds and disputes as there is room.
func (out *paymentDetails) tell(c stripe.Charge, left room) {
	for i, d := range c.Disputes {
		one := disputeDetail{d.ID, d.Status, label(d.Reason, maxLabel), d.Amount, d.CreatedAt, d.Refundable}
		if i < shown && left.take(one) {
			out.Disputed = append(out.Disputed, one)
		}
	}
	for i, r := range c.Refunds {
		one := refundDetails{r.ID, r.Amount, r.Status, r.CreatedAt, label(r.Reason, maxLabel), label(r.Reference, maxLabel), whereIs(r)}
		if i == recent || !left.take(one) {
			out.RefundsOmitted = len(c.Refunds) - i
			return
		}
		out.Returned = append(out.Returned, one)
	}
}
