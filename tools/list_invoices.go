package tools

import (
	"context"
	"fmt"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type listInvoicesInput struct {
	Conversation conversationID `json:"conversation_id"`
	Customer     customerID     `json:"customer_id,omitempty"`
	Status       invoiceStatus  `json:"status,omitempty"`
	Subscription string         `json:"subscription_id,omitempty" jsonschema:"of this subscription alone"`
	Cursor       cursor         `json:"cursor,omitempty"`
}

type invoiceList struct {
	Customer string    `json:"customer_id"`
	Invoices []invoice `json:"invoices"`
	Next     cursor    `json:"next_cursor,omitempty"`
}

type invoice struct {
	Invoice      string      `json:"invoice_id"`
	Number       string      `json:"number,omitempty"`
	Status       string      `json:"status"`
	Total        money.Money `json:"total"`
	Remaining    money.Money `json:"still_to_pay,omitzero"`
	Credited     money.Money `json:"credited,omitzero"`
	At           time.Time   `json:"at"`
	Due          time.Time   `json:"due_at,omitzero"`
	NextTry      time.Time   `json:"next_attempt_at,omitzero"`
	Attempts     int         `json:"attempts,omitempty"`
	Subscription string      `json:"subscription_id,omitempty"`
	Charge       string      `json:"charge_id,omitempty"`
	For          string      `json:"for,omitempty"`
}

// ListInvoices lists the invoices of a tied customer.
func ListInvoices(d Deps) Tool {
	return Read(Spec{
		Toolset: BillingExtended, Name: "list_invoices", Title: "List invoices",
		Scopes:      access.Scopes{access.BillingRead},
		Description: "Invoices of the conversation's customer, newest first: by status (open ones are still to pay) and by subscription.",
	}, d.listInvoicesOf)
}

func (d Deps) listInvoicesOf(ctx context.Context, _ policies.Principal, in listInvoicesInput) (invoiceList, error) {
	p, err := in.Cursor.place("list_invoices", string(in.Conversation))
	if err != nil {
		return invoiceList{}, err
	}
	_, customer, err := d.tied(ctx, in.Conversation, customerID(p.elseOf(string(in.Customer))))
	if err != nil {
		return invoiceList{}, p.strayIf(err, "list_invoices")
	}
	if err := d.ownInvoice(ctx, customer, p.After); err != nil {
		return invoiceList{}, err
	}
	page, err := d.Stripe.Invoices(ctx, customer, stripe.InvoiceFilter{
		Status: string(in.Status), Subscription: in.Subscription, After: p.After, Limit: recent,
	})
	if fault.CodeOf(err) == fault.NotFound { // no such subscription: answered like somebody else's, which has no invoice of this customer
		err = nil
	}
	if err != nil {
		return invoiceList{}, fmt.Errorf("read invoices: %w", err)
	}
	return in.list(customer, page), nil
}

// ownInvoice refuses a mark that is not the customer's own.
func (d Deps) ownInvoice(ctx context.Context, customer, after string) error {
	if after == "" {
		return nil
	}
	_, owner, err := d.Stripe.Invoice(ctx, after)
	if code := fault.CodeOf(err); code == fault.NotFound || code == fault.Invalid || err == nil && owner != customer {
		return strayCursor("list_invoices")
	}
	return err
}

func (in listInvoicesInput) list(customer string, page stripe.InvoicePage) invoiceList {
	out := invoiceList{Customer: customer, Invoices: []invoice{}}
	left := answerRoom - weigh(out)
	for _, si := range page.Invoices {
		i := invoiceOf(si)
		if !left.take(i) {
			break
		}
		out.Invoices = append(out.Invoices, i)
	}
	if n := len(out.Invoices); n > 0 && (page.More || n < len(page.Invoices)) {
		out.Next = place{Thread: listedInvoices, Within: string(in.Conversation), Of: customer, After: out.Invoices[n-1].Invoice}.cursor()
	}
	return out
}

func invoiceOf(i stripe.Invoice) invoice {
	out := invoice{
		Invoice: i.ID, Number: label(i.Number, maxLabel), Status: i.Status, Total: i.Total, At: i.CreatedAt, Due: i.DueAt, NextTry: i.NextTry,
		Attempts: i.Attempts, Subscription: i.Subscription, Charge: i.Charge, For: label(i.Plan, maxLabel),
	}
	if i.Remaining.Minor != 0 {
		out.Remaining = i.Remaining
	}
	if i.Credited.Minor != 0 {
		out.Credited = i.Credited
	}
	return out
}
