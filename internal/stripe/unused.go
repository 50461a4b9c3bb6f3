package stripe

import (
	"context"
	"math/bits"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Unused is the time of a subscription that was paid and not used yet.
type Unused struct {
	Refund  money.Money // gross, and never more than is left of what was paid; zero when nothing is
	Invoice string
	Until   time.Time // end of the paid period
}

// UnusedTime works out what the rest of a paid period is worth, with the tax as
// Stripe's preview of a credit note counts it. It counts from the end of this day
// in UTC, so that what a person approves is still so in an hour. Nothing was paid
// for a trial.
func (c *Client) UnusedTime(ctx context.Context, subscription string) (Unused, error) {
	if err := subscriptionID().check(subscription); err != nil {
		return Unused{}, err
	}
	si, err := c.paidInvoice(ctx, subscription)
	if fault.CodeOf(err) == fault.NotFound {
		return Unused{}, nil
	}
	if err != nil {
		return Unused{}, err
	}
	now := c.now()
	line := paidLine(si, now)
	if line == nil || si.Charge == nil {
		return Unused{}, nil
	}
	tomorrow := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	net := portion(line.Amount, line.Period.End-tomorrow.Unix(), line.Period.End-line.Period.Start)
	if left := uncredited(si); net > left {
		net = left
	}
	if net <= 0 {
		return Unused{}, nil
	}
	gross, err := c.previewLine(ctx, si.ID, line.ID, net)
	if err != nil {
		return Unused{}, err
	}
	paid, err := c.Charge(ctx, si.Charge.ID)
	if err != nil {
		return Unused{}, err
	}
	if gross.Currency != paid.Remaining.Currency {
		return Unused{}, readFailed("invoice "+si.ID, odd("was paid in another currency"))
	}
	gross.Minor = min(gross.Minor, paid.Remaining.Minor)
	return Unused{Refund: gross, Invoice: si.ID, Until: at(line.Period.End)}, nil
}

// paidInvoice is the newest paid invoice of a subscription, which paid for the
// period that runs.
func (c *Client) paidInvoice(ctx context.Context, subscription string) (*stripe.Invoice, error) {
	list := page[stripe.Invoice](func(p stripe.ListParams) ([]*stripe.Invoice, stripe.ListMeta, error) {
		it := c.invoices.List(&stripe.InvoiceListParams{ListParams: p, Subscription: &subscription, Status: stripe.String(string(stripe.InvoiceStatusPaid))})
		return it.InvoiceList().Data, it.InvoiceList().ListMeta, it.Err()
	})
	what := "invoices of subscription " + subscription
	found, _, err := list.read(ctx, 10, "")
	if err != nil {
		return nil, readFailed(what, err)
	}
	for _, si := range found {
		if invoiceID().check(si.ID) != nil {
			return nil, readFailed(what, odd("is not an invoice"))
		}
		if si.AmountPaid > 0 {
			return si, nil
		}
	}
	return nil, &fault.Error{
		Code: fault.NotFound, Took: fault.No, Message: "nothing was paid for subscription " + subscription, NextStep: "cancel without a refund",
	}
}

// paidLine is the line of an invoice whose period runs now; nil for none.
func paidLine(si *stripe.Invoice, now time.Time) *stripe.InvoiceLineItem {
	if si.Lines == nil {
		return nil
	}
	for _, l := range si.Lines.Data {
		if l != nil && l.Amount > 0 && !l.Proration && l.Period != nil && l.Period.Start <= now.Unix() && now.Unix() < l.Period.End {
			return l
		}
	}
	return nil
}

// uncredited is what earlier credit notes have left of an invoice, before tax and
// discount, as its lines are counted.
func uncredited(si *stripe.Invoice) int64 {
	left := si.Total - si.PrePaymentCreditNotesAmount - si.PostPaymentCreditNotesAmount
	if left < 0 || si.Total <= 0 || si.Subtotal < 0 || max(si.Total, si.Subtotal) > mostMinor {
		return 0
	}
	return portion(si.Subtotal, left, si.Total)
}

// portion is minor × part ÷ whole, rounded down; 0 for what makes no sense.
func portion(minor, part, whole int64) int64 {
	if minor <= 0 || minor > mostMinor || part <= 0 || whole <= 0 || part > whole {
		return 0
	}
	high, low := bits.Mul64(uint64(minor), uint64(part))
	q, _ := bits.Div64(high, low, uint64(whole))
	return int64(q) //nolint:gosec // at most minor
}

// previewLine asks what crediting a part of a line comes to, with tax and discount.
func (c *Client) previewLine(ctx context.Context, invoice, line string, net int64) (money.Money, error) {
	p := &stripe.CreditNotePreviewParams{Invoice: &invoice, Lines: []*stripe.CreditNotePreviewLineParams{{
		Type: stripe.String("invoice_line_item"), InvoiceLineItem: &line, Amount: &net,
	}}}
	p.Context = ctx
	n, err := c.notes.Preview(p)
	if err != nil {
		return money.Money{}, readFailed("preview of a credit note on invoice "+invoice, err)
	}
	sum, err := amount(n.Total, n.Currency)
	if err != nil {
		return money.Money{}, readFailed("preview of a credit note on invoice "+invoice, err)
	}
	return sum, nil
}
