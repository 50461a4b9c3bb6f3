package stripe

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// A charge that paid an invoice is refunded by a credit note, so that the books
// and the tax follow the money (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes).
// One request makes both, under one key. Its amount is what is refunded, with
// tax, so nothing has to be computed beforehand; a preview would refuse to repeat
// what has been done, where the key gives the first answer again.

// noteParams are the same bytes for the same action and key; see refundParams.
type noteParams struct {
	stripe.Params `form:"*"`

	Invoice  string    `form:"invoice"`
	Amount   int64     `form:"amount"`
	Refund   int64     `form:"refund_amount"`
	Reason   string    `form:"reason"`
	Metadata mark      `form:"metadata"`
	Expand   []*string `form:"expand"`
}

// noteReason is a refund's reason in the words of credit notes.
func noteReason(r policies.Reason) stripe.CreditNoteReason {
	switch r {
	case policies.Duplicate:
		return stripe.CreditNoteReasonDuplicate
	case policies.Fraudulent:
		return stripe.CreditNoteReasonFraudulent
	case policies.RequestedByCustomer:
		return stripe.CreditNoteReasonOrderChange
	}
	return ""
}

// reasonOf is noteReason backwards.
func reasonOf(r stripe.CreditNoteReason) policies.Reason {
	for _, reason := range []policies.Reason{policies.Duplicate, policies.Fraudulent, policies.RequestedByCustomer} {
		if noteReason(reason) == r {
			return reason
		}
	}
	return ""
}

func (c *Client) sendNote(ctx context.Context, invoice string, sum money.Money, why policies.Reason, m mark) (Refund, error) {
	p := &noteParams{
		Invoice: invoice, Amount: sum.Minor, Refund: sum.Minor, Reason: string(noteReason(why)), Metadata: m, Expand: []*string{stripe.String("refund")},
	}
	p.Context = ctx
	p.SetIdempotencyKey(m.Operation)
	n := &stripe.CreditNote{}
	if err := c.notes.B.Call(http.MethodPost, "/v1/credit_notes", c.notes.Key, p, n); err != nil {
		return Refund{}, err
	}
	return noted(n, n.LastResponse)
}

// noted is the refund that a credit note made.
func noted(n *stripe.CreditNote, by *stripe.APIResponse) (Refund, error) {
	if n.ID == "" || n.Refund == nil {
		return Refund{}, odd("is not a credit note with a refund")
	}
	out, err := refundOf(n.Refund)
	if err != nil {
		return Refund{}, err
	}
	out.CreditNote, out.Reason = n.ID, string(reasonOf(n.Reason))
	out.Replayed = by != nil && by.Header.Get("Idempotent-Replayed") == "true"
	return out, nil
}

// mostBilled bounds how many charges are remembered.
const mostBilled = 10_000

// billed remembers which invoice a charge paid: that never changes, and whoever
// refunds a charge has read it just before. Safe for concurrent use.
type billed struct {
	mu       sync.Mutex
	invoices map[string]string // by charge; "" for none
}

func (b *billed) learn(charge, invoice string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.invoices == nil || len(b.invoices) >= mostBilled {
		b.invoices = map[string]string{}
	}
	b.invoices[charge] = invoice
}

func (b *billed) invoice(charge string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	invoice, ok := b.invoices[charge]
	return invoice, ok
}

// invoiceOf is the invoice that a charge paid, "" for none. It is read unless a
// read of the charge has told it before.
func (c *Client) invoiceOf(ctx context.Context, charge string) (string, error) {
	if invoice, ok := c.billed.invoice(charge); ok {
		return invoice, nil
	}
	p := &stripe.ChargeParams{}
	p.Context = ctx
	sc, err := c.charges.Get(charge, p)
	switch {
	case err != nil:
		return "", readFailed("charge "+charge, err)
	case sc.ID != charge:
		return "", readFailed("charge "+charge, odd("is not this charge"))
	}
	invoice := invoiceIn(sc)
	c.billed.learn(charge, invoice)
	return invoice, nil
}

func invoiceIn(sc *stripe.Charge) string {
	if sc.Invoice == nil {
		return ""
	}
	return sc.Invoice.ID
}

// findNote looks for the credit note that was made under a key.
func (c *Client) findNote(ctx context.Context, invoice, key string) (Refund, bool, error) {
	id := func(n *stripe.CreditNote) string { return n.ID }
	found, err := all(ctx, id, func(p stripe.ListParams) ([]*stripe.CreditNote, stripe.ListMeta, error) {
		it := c.notes.List(&stripe.CreditNoteListParams{ListParams: p, Invoice: &invoice, Expand: []*string{stripe.String("data.refund")}})
		return it.CreditNoteList().Data, it.CreditNoteList().ListMeta, it.Err()
	})
	for _, n := range found {
		if err == nil && n.Metadata["operation_id"] == key {
			r, err := noted(n, nil)
			return r, err == nil, err
		}
	}
	return Refund{}, false, err
}

// notesSince gives the credit notes with a refund since a time, page by page.
func (c *Client) notesSince(since time.Time) page[stripe.CreditNote] {
	return func(p stripe.ListParams) ([]*stripe.CreditNote, stripe.ListMeta, error) {
		it := c.notes.List(&stripe.CreditNoteListParams{
			ListParams: p, CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}, Expand: []*string{stripe.String("data.refund")},
		})
		return it.CreditNoteList().Data, it.CreditNoteList().ListMeta, it.Err()
	}
}
