package tools

import (
	"context"
	"fmt"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type payment struct {
	Charge         string      `json:"charge_id"`
	Amount         money.Money `json:"amount"`
	Status         string      `json:"status"`
	At             time.Time   `json:"at"`
	For            string      `json:"for,omitempty"`
	Failure        string      `json:"failure,omitempty"`
	Refunded       money.Money `json:"refunded,omitzero"`
	Refunds        []string    `json:"refunds,omitempty"` // newest first: amount, status, day, and by what the bank finds it
	RefundsOmitted int         `json:"refunds_omitted,omitempty"`
	Refundable     money.Money `json:"refundable,omitzero"`
	Dispute        string      `json:"dispute,omitempty"`
	DuplicateOf    string      `json:"duplicate_of,omitempty"`
	Policy         string      `json:"policy,omitempty"` // on refunding all that remains: the effect, and why unless it is allowed
}

const (
	shown        = 6 // payments of a customer among other facts
	shownRefunds = 3 // of a payment
)

// wholeRefund is a refund of all that remains, before it is known of which payment.
func (d Deps) wholeRefund(t ticket, b stripe.Background) policies.Refund {
	return policies.Refund{
		Asker: t.Asker, Rest: true, Reason: policies.RequestedByCustomer,
		Since: b.Since, Traits: traitsOf(t.Conversation, b, d.Guard.Policy().Wants(policies.KindRefund)),
	}
}

// listPayments tells at most n payments with what the policy says of refunding each
// as asked, and what the budgets leave per currency.
func (d Deps) listPayments(ctx context.Context, by policies.Principal, asked policies.Refund, page stripe.ChargePage, n int, left *room, out *customerBilling) error {
	told, last := map[money.Currency]bool{}, ""
	for _, c := range page.Charges[:n] {
		p := paymentOf(c)
		r := asked
		r.Charge, r.Amount, r.From, r.Twins = c.Charge, c.Remaining, d.from(c.Charge), twins(page.Charges, c)
		refundable := c.Succeeded && c.Remaining.Minor > 0
		if refundable {
			verdict, err := d.Guard.Preview(ctx, policies.Request{Principal: by}, r)
			if err != nil {
				return fmt.Errorf("judge %s: %w", c.ID, err)
			}
			p.Refundable, p.Policy, p.DuplicateOf = c.Remaining, verdictOf(verdict), d.duplicateOf(r)
		}
		if !left.take(p) {
			break
		}
		out.Payments = append(out.Payments, p)
		last = c.ID
		if refundable && !told[c.Amount.Currency] {
			told[c.Amount.Currency] = true
			if err := d.headroom(ctx, by, r, out); err != nil {
				return err
			}
		}
	}
	if page.More || len(out.Payments) < len(page.Charges) {
		out.Next = place{Thread: olderPayments, Within: asked.Asker.Conversation, Of: out.Customer, After: last}.cursor()
	}
	return nil
}

// headroom adds what the budgets leave for this customer in the refund's currency.
func (d Deps) headroom(ctx context.Context, by policies.Principal, r policies.Refund, out *customerBilling) error {
	r.Amount.Minor = 0
	verdict, err := d.Guard.Preview(ctx, policies.Request{Principal: by}, r)
	if err != nil {
		return fmt.Errorf("read headroom: %w", err)
	}
	if !verdict.Headroom.IsZero() {
		out.Headroom = append(out.Headroom, verdict.Headroom.String())
	}
	return nil
}

func paymentOf(c stripe.Charge) payment {
	p := payment{Charge: c.ID, Amount: c.Amount, Status: c.Status, At: c.CreatedAt, For: label(c.Description, maxLabel)}
	if c.Refunded.Minor > 0 {
		p.Refunded = c.Refunded
	}
	p.RefundsOmitted = max(0, len(c.Refunds)-shownRefunds)
	for _, r := range c.Refunds[:len(c.Refunds)-p.RefundsOmitted] {
		p.Refunds = append(p.Refunds, refundLine(r))
	}
	if !c.Succeeded {
		p.Failure = failureOf(c)
	} else if !c.Captured {
		p.Status = "authorised, not captured" // Stripe says succeeded, and no money was taken
	}
	if len(c.Disputes) > 0 {
		p.Dispute = disputeLine(c.Disputes[0])
	}
	return p
}

// disputeLine says how a dispute stands, and whether a refund can still end it.
func disputeLine(d stripe.Dispute) string {
	if d.Refundable {
		return d.Status + ", can still be refunded"
	}
	return d.Status + ", cannot be refunded"
}

// duplicateOf names the earlier one of two equal charges on the later one.
func (d Deps) duplicateOf(r policies.Refund) string {
	t, ok := d.Guard.Policy().DuplicateOf(r)
	if !ok || t.CreatedAt.After(r.Charge.CreatedAt) || r.Charge.Remaining != r.Charge.Amount {
		return ""
	}
	return t.Charge
}

func verdictOf(d policies.Decision) string {
	for _, f := range d.Against() {
		return d.Effect.String() + ": " + f.Rule + ", " + f.Message
	}
	return d.Effect.String()
}

// refundLine says where the money of a refund is, for "it has not arrived".
func refundLine(r stripe.Refund) string {
	line := fmt.Sprintf("%s %s %s", r.Amount, r.Status, r.CreatedAt.Format(time.DateOnly))
	if r.Reference != "" {
		line += ", bank reference " + label(r.Reference, maxLabel)
	}
	return line
}
