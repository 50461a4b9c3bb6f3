package tools

import (
	"context"
	"fmt"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type listPaymentsInput struct {
	Conversation conversationID `json:"conversation_id"`
	Customer     customerID     `json:"customer_id,omitempty"`
	Status       paymentStatus  `json:"status,omitempty"`
	Since        day            `json:"since,omitempty"`
	Until        day            `json:"until,omitempty"`
	Cursor       cursor         `json:"cursor,omitempty"`
}

type paymentList struct {
	Customer string    `json:"customer_id"`
	Payments []payment `json:"payments"`
	Looked   int       `json:"payments_looked_at"`
	Next     cursor    `json:"next_cursor,omitempty"`
}

// ListPayments lists the payments of a tied customer by status and date.
func ListPayments(d Deps) Tool {
	return Read(Spec{
		Toolset: BillingExtended, Name: "list_payments", Title: "List payments",
		Scopes:      access.Scopes{access.BillingRead},
		Description: "Payments of the conversation's customer by status and date, newest first, with refunds, disputes and why they failed.",
	}, d.listPaymentsOf)
}

// looked is how many payments one call reads, whatever their status.
const looked = 40

func (d Deps) listPaymentsOf(ctx context.Context, _ policies.Principal, in listPaymentsInput) (paymentList, error) {
	p, err := in.Cursor.place("list_payments", string(in.Conversation))
	if err != nil {
		return paymentList{}, err
	}
	f, err := in.filter()
	if err != nil {
		return paymentList{}, err
	}
	_, customer, err := d.tied(ctx, in.Conversation, customerID(p.elseOf(string(in.Customer))))
	if err != nil {
		return paymentList{}, p.strayIf(err, "list_payments")
	}
	if err := d.ownCharge(ctx, customer, p.After, "list_payments"); err != nil {
		return paymentList{}, err
	}
	f.After = p.After
	page, err := d.Stripe.ChargesIn(ctx, customer, f)
	if err != nil {
		return paymentList{}, fmt.Errorf("read payments: %w", err)
	}
	return in.list(customer, page), nil
}

// filter reads the dates; until is a day that is left in.
func (in listPaymentsInput) filter() (f stripe.ChargeFilter, err error) {
	f.Limit = looked
	if f.Since, err = in.Since.begin("since"); err != nil {
		return f, err
	}
	if f.Until, err = in.Until.begin("until"); err != nil {
		return f, err
	}
	if !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return f, fault.Invalidf("give a since that is not after until", "since: it is after until")
	}
	return f, nil
}

func (in listPaymentsInput) list(customer string, page stripe.ChargePage) paymentList {
	out, last := paymentList{Customer: customer, Payments: []payment{}}, ""
	left := answerRoom - weigh(out)
	for _, c := range page.Charges {
		if p := paymentOf(c); in.Status == "" || string(in.Status) == c.Status {
			if !left.take(p) {
				break
			}
			out.Payments = append(out.Payments, p)
		}
		out.Looked++
		last = c.ID
	}
	if page.More || out.Looked < len(page.Charges) {
		out.Next = place{Thread: listedPayments, Within: string(in.Conversation), Of: customer, After: last}.cursor()
	}
	return out
}
