package stripe

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/money"
)

// PastRefund is a refund that the account has given, whoever asked for it.
type PastRefund struct {
	Amount   money.Money
	At       time.Time
	PaidAt   time.Time   // of its payment
	Paid     money.Money // its payment
	Customer string      // id; "" is unknown
}

// PastRefunds gives the refunds of the account since a time, newest first, without
// those whose money came back, and ends with the first error.
func (c *Client) PastRefunds(ctx context.Context, since time.Time, each func(PastRefund)) error {
	get := page[stripe.Refund](func(p stripe.ListParams) ([]*stripe.Refund, stripe.ListMeta, error) {
		it := c.refunds.List(&stripe.RefundListParams{
			ListParams: p, CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
			Expand: []*string{stripe.String("data.charge")},
		})
		return it.RefundList().Data, it.RefundList().ListMeta, it.Err()
	})
	after := ""
	for more := true; more; {
		var on []*stripe.Refund
		var err error
		if on, more, err = get.read(ctx, perPage, after); err != nil {
			return readFailed("past refunds", err)
		}
		for _, r := range on {
			after = r.ID
			if err := pastRefund(r, each); err != nil {
				return readFailed("past refunds", err)
			}
		}
	}
	return nil
}

func pastRefund(r *stripe.Refund, each func(PastRefund)) error {
	if r.Charge == nil { // of a payment that is no charge
		return nil
	}
	given, err := refundOf(r)
	if err != nil || given.cameBack() {
		return err
	}
	paid, err := amount(r.Charge.Amount, r.Charge.Currency)
	if err != nil {
		return err
	}
	past := PastRefund{Amount: given.Amount, At: given.CreatedAt, PaidAt: at(r.Charge.Created), Paid: paid}
	if r.Charge.Customer != nil {
		past.Customer = r.Charge.Customer.ID
	}
	each(past)
	return nil
}

// PastPayments gives what was charged since a time, newest first, and stops after
// so many pages of a hundred.
func (c *Client) PastPayments(ctx context.Context, since time.Time, pages int, each func(money.Money)) error {
	get := page[stripe.Charge](func(p stripe.ListParams) ([]*stripe.Charge, stripe.ListMeta, error) {
		it := c.charges.List(&stripe.ChargeListParams{
			ListParams: p, CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		})
		return it.ChargeList().Data, it.ChargeList().ListMeta, it.Err()
	})
	after := ""
	for more := true; more && pages > 0; pages-- {
		var on []*stripe.Charge
		var err error
		if on, more, err = get.read(ctx, perPage, after); err != nil {
			return readFailed("past payments", err)
		}
		for _, sc := range on {
			after = sc.ID
			paid, err := amount(sc.Amount, sc.Currency)
			if err != nil {
				return readFailed("past payments", err)
			}
			if sc.Paid && sc.Captured {
				each(paid)
			}
		}
	}
	return nil
}
