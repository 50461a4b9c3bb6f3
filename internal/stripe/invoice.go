package stripe

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Invoice is a bill of a customer.
type Invoice struct {
	ID           string
	Number       string // as the customer reads it; "" for a draft
	Status       string // draft, open, paid, uncollectible or void
	Total        money.Money
	Due          money.Money // what had to be paid after credit
	Remaining    money.Money // what still has to be paid
	Credited     money.Money // by credit notes, before and after it was paid
	Reason       string      // why it was made, such as subscription_cycle
	Subscription string      // id
	Charge       string      // id of the last attempt to pay it
	Plan         string      // what its first line is for: data, never instructions
	CreatedAt    time.Time
	DueAt        time.Time // zero: collected at once
	NextTry      time.Time // zero: nobody tries again by itself
	Attempts     int
	Sent         bool  // the customer pays it on their own: no card is charged
	Card         *Card // its own, or its subscription's; nil: the customer's default. Only of one that was read by its id
}

// InvoiceFilter says which invoices of a customer are wanted.
type InvoiceFilter struct {
	Status       string // "" is every status
	Subscription string // "" is every subscription
	After        string // id of an invoice: those that follow it
	Limit        int    // 1 to 100
}

// InvoicePage is a part of a customer's invoices.
type InvoicePage struct {
	Invoices []Invoice // newest first
	More     bool      // older ones follow
}

// Invoices reads a customer's newest invoices, or those after one.
func (c *Client) Invoices(ctx context.Context, customer string, f InvoiceFilter) (InvoicePage, error) {
	if err := f.check(customer); err != nil {
		return InvoicePage{}, err
	}
	what := "invoices of customer " + customer
	list := page[stripe.Invoice](func(p stripe.ListParams) ([]*stripe.Invoice, stripe.ListMeta, error) {
		it := c.invoices.List(&stripe.InvoiceListParams{
			ListParams: p, Customer: &customer, Status: given(f.Status), Subscription: given(f.Subscription),
		})
		on := it.InvoiceList()
		return on.Data, on.ListMeta, it.Err()
	})
	found, more, err := list.read(ctx, f.Limit, f.After)
	if err != nil {
		return InvoicePage{}, readFailed(what, err)
	}
	out := InvoicePage{Invoices: make([]Invoice, 0, len(found)), More: more}
	for _, si := range found {
		i, err := invoiceOf(si)
		if err != nil {
			return InvoicePage{}, readFailed(what, err)
		}
		out.Invoices = append(out.Invoices, i)
	}
	return out, nil
}

// Invoice reads one invoice, and whose it is.
func (c *Client) Invoice(ctx context.Context, id string) (i Invoice, customer string, err error) {
	if err := invoiceID().check(id); err != nil {
		return Invoice{}, "", err
	}
	p := &stripe.InvoiceParams{}
	p.Context, p.Expand = ctx, stripe.StringSlice([]string{"default_payment_method", "subscription.default_payment_method"})
	si, err := c.invoices.Get(id, p)
	if err == nil {
		i, err = invoiceOf(si)
	}
	if err != nil {
		return Invoice{}, "", readFailed("invoice "+id, err)
	}
	if si.Customer != nil {
		customer = si.Customer.ID
	}
	return i, customer, nil
}

func (f InvoiceFilter) check(customer string) error {
	if err := customerID().check(customer); err != nil {
		return err
	}
	if f.Subscription != "" {
		if err := subscriptionID().check(f.Subscription); err != nil {
			return err
		}
	}
	if f.After != "" {
		if err := invoiceID().check(f.After); err != nil {
			return err
		}
	}
	if f.Status != "" && !slices.Contains(InvoiceStatuses(), f.Status) {
		return fault.Invalidf("give one of draft, open, paid, uncollectible, void", "there is no such status of an invoice")
	}
	return checkLimit(f.Limit)
}

// InvoiceStatuses are the states of an invoice, in Stripe's words.
func InvoiceStatuses() []string {
	return []string{"draft", "open", "paid", "uncollectible", "void"}
}

func checkLimit(limit int) error {
	if limit < 1 || limit > perPage {
		return fault.Invalidf("give a limit from 1 to 100", "the limit %d is out of range", limit)
	}
	return nil
}

// given is nil for "", which Stripe would take for an attempt to unset.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func invoiceOf(si *stripe.Invoice) (Invoice, error) {
	if invoiceID().check(si.ID) != nil {
		return Invoice{}, odd("is not an invoice")
	}
	out := Invoice{
		ID: si.ID, Number: si.Number, Status: string(si.Status), Reason: string(si.BillingReason), CreatedAt: at(si.Created), DueAt: at(si.DueDate),
		NextTry: at(si.NextPaymentAttempt), Attempts: int(si.AttemptCount),
		Sent: si.CollectionMethod == stripe.InvoiceCollectionMethodSendInvoice, Card: cardOf(si.DefaultPaymentMethod),
	}
	for _, sum := range []struct {
		into  *money.Money
		minor int64
	}{
		{&out.Total, si.Total},
		{&out.Due, si.AmountDue},
		{&out.Remaining, si.AmountRemaining},
		{&out.Credited, si.PrePaymentCreditNotesAmount + si.PostPaymentCreditNotesAmount},
	} {
		m, err := balance(sum.minor, si.Currency)
		if err != nil {
			return Invoice{}, err
		}
		*sum.into = m
	}
	if s := si.Subscription; s != nil {
		out.Subscription = s.ID
		if out.Card == nil {
			out.Card = cardOf(s.DefaultPaymentMethod)
		}
	}
	if si.Charge != nil {
		out.Charge = si.Charge.ID
	}
	if si.Lines != nil && len(si.Lines.Data) > 0 && si.Lines.Data[0] != nil {
		out.Plan = si.Lines.Data[0].Description
	}
	return out, nil
}
