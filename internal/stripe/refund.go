package stripe

import (
	"context"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Refund is money on its way back, and the receipt of the action refund.
type Refund struct {
	ID        string      `json:"id"`
	Charge    string      `json:"charge"`
	Amount    money.Money `json:"amount"`
	Status    string      `json:"status"` // succeeded means issued; banks take 5 to 10 business days more
	Reason    string      `json:"reason,omitempty"`
	Failure   string      `json:"failure_reason,omitempty"` // why it failed later
	CreatedAt time.Time   `json:"created_at"`
	Reference string      `json:"reference,omitempty"` // by which the customer's bank finds it (ARN)
	Replayed  bool        `json:"-"`                   // Stripe had carried it out before under the same key

	CreditNote string `json:"credit_note,omitempty"` // of a charge that paid an invoice
}

// cameBack reports whether the money is on the charge again.
func (r Refund) cameBack() bool {
	return r.Status == string(stripe.RefundStatusFailed) || r.Status == string(stripe.RefundStatusCanceled)
}

// CreateRefund makes the refund that the permit holds, under the permit's key: by
// a credit note when the charge paid an invoice. It asks once, after
// reading the charge if that was never read before; only net/http may repeat that, with the same key, when a kept
// connection turns out to be dead. Whether a failure can have taken effect stands
// in the error (see [fault.Took]).
func (c *Client) CreateRefund(ctx context.Context, p *policies.Permit[policies.Refund]) (Refund, error) {
	a, key, err := p.Redeem()
	if err != nil {
		return Refund{}, err
	}
	if err := sendable(a, key); err != nil {
		return Refund{}, err
	}
	invoice, err := c.invoiceOf(ctx, a.Charge.ID)
	if err != nil {
		return Refund{}, err
	}
	send := c.send
	if invoice != "" && a.From == policies.FromAccount {
		return Refund{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, NextStep: toPerson,
			Message: "this payment is refunded by a credit note, which cannot take a share back from a connected account",
		}
	}
	if invoice != "" {
		send = func(ctx context.Context, a policies.Refund, key string) (Refund, error) {
			return c.sendNote(ctx, invoice, a.Amount, a.Reason, c.mark(a.Asker, key))
		}
	}
	out, err := send(ctx, a, key)
	if err != nil {
		return Refund{}, refundFailed(a.Charge.ID, err)
	}
	return out, nil
}

// sendable refuses what would mean something else to Stripe than it says: no
// amount is all that is left, and no key is no protection.
func sendable(a policies.Refund, key string) error {
	if err := chargeID().check(a.Charge.ID); err != nil {
		return err
	}
	if a.Amount.Minor <= 0 || a.Amount.Currency != a.Charge.Amount.Currency {
		return &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the refund has no amount in the currency of its charge"}
	}
	return usable(key)
}

// redeemed uses a permit up: what it lets do, and the idempotency key for it. check
// refuses what Stripe could take for something else.
func redeemed[A policies.Action](p *policies.Permit[A], check func(A) error) (a A, key string, err error) {
	if a, key, err = p.Redeem(); err != nil {
		return a, key, err
	}
	if err := check(a); err != nil {
		return a, key, err
	}
	return a, key, usable(key)
}

// usable refuses what Stripe would not take for an idempotency key.
func usable(key string) error {
	if !wordOnly(key) || len(key) > 255 {
		return &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the action has no usable idempotency key"}
	}
	return nil
}

// refundParams are the same bytes for the same action and key, since Stripe
// refuses a key with other parameters. stripe-go's own parameters hold metadata
// in a map, and write it in any order.
type refundParams struct {
	stripe.Params `form:"*"`

	Charge   string `form:"charge"`
	Amount   int64  `form:"amount"` // always: without one Stripe refunds all that is left
	Reason   string `form:"reason"`
	Reverse  *bool  `form:"reverse_transfer"` // nil, as false is, leaves its share to a connected account
	Fee      *bool  `form:"refund_application_fee"`
	Metadata mark   `form:"metadata"`
}

// mark is metadata that makes what we did findable without our database.
type mark struct {
	Operation    string `form:"operation_id"`
	Conversation string `form:"conversation"`
	Ledger       string `form:"ledger"`
}

func (c *Client) mark(a policies.Asker, key string) mark {
	return mark{Operation: key, Conversation: a.Conversation, Ledger: c.ledger}
}

func (c *Client) send(ctx context.Context, a policies.Refund, key string) (Refund, error) {
	p := &refundParams{Charge: a.Charge.ID, Amount: a.Amount.Minor, Reason: string(a.Reason), Metadata: c.mark(a.Asker, key)}
	if a.From == policies.FromAccount {
		p.Reverse, p.Fee = stripe.Bool(true), trueOrNone(a.Charge.Fee)
	}
	p.Context = ctx
	p.SetIdempotencyKey(key)
	r := &stripe.Refund{}
	if err := c.refunds.B.Call(http.MethodPost, "/v1/refunds", c.refunds.Key, p, r); err != nil {
		return Refund{}, err
	}
	out, err := refundOf(r)
	out.Replayed = err == nil && r.LastResponse.Header.Get("Idempotent-Replayed") == "true"
	return out, err
}

// trueOrNone is nil for false, which is then not sent.
func trueOrNone(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

// FindRefund looks for the refund that was made under a key. It lists, since
// Stripe's search lags. Whatever became of the refund later, it was made.
func (c *Client) FindRefund(ctx context.Context, a policies.Refund, key string) (Refund, bool, error) {
	if err := chargeID().check(a.Charge.ID); err != nil {
		return Refund{}, false, err
	}
	what := "refunds of charge " + a.Charge.ID
	found, err := c.refundsOf(ctx, a.Charge.ID)
	if err != nil {
		return Refund{}, false, readFailed(what, err)
	}
	for _, r := range found {
		if key != "" && r.Metadata["operation_id"] == key {
			out, err := refundOf(r)
			if err != nil {
				return Refund{}, false, readFailed(what, err)
			}
			return out, true, nil
		}
	}
	return c.findCredited(ctx, a.Charge.ID, key)
}

// findCredited looks among the credit notes of what a charge paid: refunds that
// they made carry no metadata of ours.
func (c *Client) findCredited(ctx context.Context, charge, key string) (Refund, bool, error) {
	invoice, err := c.invoiceOf(ctx, charge)
	if err != nil || invoice == "" || key == "" {
		return Refund{}, false, err
	}
	r, found, err := c.findNote(ctx, invoice, key)
	if err != nil {
		return Refund{}, false, readFailed("credit notes of charge "+charge, err)
	}
	return r, found, nil
}

func refundOf(r *stripe.Refund) (Refund, error) {
	if r == nil || r.ID == "" || r.Charge == nil {
		return Refund{}, odd("is not a refund")
	}
	sum, err := amount(r.Amount, r.Currency)
	if err != nil {
		return Refund{}, err
	}
	out := Refund{
		ID: r.ID, Charge: r.Charge.ID, Amount: sum, Status: string(r.Status), Reason: string(r.Reason),
		Failure: string(r.FailureReason), CreatedAt: at(r.Created),
	}
	if d := r.DestinationDetails; d != nil && d.Card != nil {
		out.Reference = d.Card.Reference
	}
	return out, nil
}
