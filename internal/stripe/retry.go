package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Collected is the receipt of the action retry.
type Collected struct {
	Invoice string      `json:"invoice"`
	Status  string      `json:"status"`
	Amount  money.Money `json:"amount"` // that was paid on the invoice, all in all
	Charge  string      `json:"charge,omitempty"`
	PaidAt  time.Time   `json:"paid_at,omitzero"`
}

// PayInvoice lets Stripe charge the default card for the permit's invoice, under
// the permit's key. What is asked for cannot have grown since it was judged: a
// finalized invoice only shrinks. An invoice that somebody else got paid meanwhile
// is answered like one that this call did.
func (c *Client) PayInvoice(ctx context.Context, p *policies.Permit[policies.Retry]) (Collected, error) {
	a, key, err := redeemed(p, func(a policies.Retry) error { return invoiceID().check(a.Invoice.ID) })
	if err != nil {
		return Collected{}, err
	}
	ask := &stripe.InvoicePayParams{}
	ask.Context = ctx
	ask.SetIdempotencyKey(key)
	si, err := c.invoices.Pay(a.Invoice.ID, ask)
	if err != nil {
		return c.notPaid(ctx, a.Invoice.ID, err)
	}
	out, err := collected(si)
	if err == nil && (si.ID != a.Invoice.ID || si.Status != stripe.InvoiceStatusPaid) {
		err = odd("is not this invoice, paid")
	}
	if err != nil {
		return Collected{}, writeFailed("pay", "invoice "+a.Invoice.ID, err)
	}
	return out, nil
}

// FindPaid says whether an invoice is paid.
func (c *Client) FindPaid(ctx context.Context, a policies.Retry, _ string) (Collected, bool, error) {
	return c.collectedOn(ctx, a.Invoice.ID)
}

func (c *Client) collectedOn(ctx context.Context, id string) (Collected, bool, error) {
	if err := invoiceID().check(id); err != nil {
		return Collected{}, false, err
	}
	p := &stripe.InvoiceParams{}
	p.Context = ctx
	si, err := c.invoices.Get(id, p)
	if err != nil {
		return Collected{}, false, readFailed("invoice "+id, err)
	}
	out, err := collected(si)
	if err != nil {
		return Collected{}, false, readFailed("invoice "+id, err)
	}
	return out, si.Status == stripe.InvoiceStatusPaid, nil
}

func collected(si *stripe.Invoice) (Collected, error) {
	i, err := invoiceOf(si)
	if err != nil {
		return Collected{}, err
	}
	sum, err := amount(si.AmountPaid, si.Currency)
	out := Collected{Invoice: i.ID, Status: i.Status, Amount: sum, Charge: i.Charge}
	if s := si.StatusTransitions; s != nil {
		out.PaidAt = at(s.PaidAt)
	}
	return out, err
}

// notPaid is what a failed attempt amounts to.
func (c *Client) notPaid(ctx context.Context, id string, err error) (Collected, error) {
	failed := writeFailed("pay", "invoice "+id, err)
	e, refused := errors.AsType[*stripe.Error](err)
	if !refused || fault.TookOf(failed) != fault.No {
		return Collected{}, failed
	}
	if e.HTTPStatusCode == http.StatusBadRequest {
		if was, found, err := c.collectedOn(ctx, id); err == nil && found {
			return was, nil
		}
	}
	why := unpaid(e)
	if why == nil {
		return Collected{}, failed
	}
	why.Took, why.RequestID, why.Cause = fault.No, word(e.RequestID), brief(e)
	return Collected{}, fmt.Errorf("pay invoice %s: %w", id, why)
}

// unpaid tells what a refusal to pay an invoice means to an agent; nil for what
// means the same everywhere (https://docs.stripe.com/error-codes).
func unpaid(e *stripe.Error) *fault.Error {
	const another = "tell the customer that another card is needed"
	switch {
	case e.Code == stripe.ErrorCodeInvoicePaymentIntentRequiresAction, e.Code == stripe.ErrorCodeAuthenticationRequired,
		e.DeclineCode == stripe.DeclineCodeAuthenticationRequired:
		return said(e, fault.Refused, "nothing was taken: the bank wants the customer to confirm this payment",
			"ask the customer to open the invoice and confirm the payment there")
	case e.HTTPStatusCode == http.StatusPaymentRequired:
		return said(e, fault.Refused, "nothing was taken: the card was declined",
			"read why in get_billing_overview, and "+another)
	case e.HTTPStatusCode == http.StatusNotFound, e.Type == stripe.ErrorTypeIdempotency:
		return nil
	case e.Code == stripe.ErrorCodeResourceMissing, e.Code == stripe.ErrorCodeMissing: // the invoice itself would be a 404
		return said(e, fault.Refused, "nothing was taken: the customer has no card that Stripe would charge", another)
	case e.HTTPStatusCode == http.StatusBadRequest:
		return said(e, fault.Refused, "nothing was taken: Stripe does not take payments for this invoice", "read it again with list_invoices")
	}
	return nil
}
