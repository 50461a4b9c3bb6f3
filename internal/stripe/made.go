package stripe

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// Made is a refund that carries the mark of our ledger.
type Made struct {
	Refund

	Key          string // under which it was asked for
	Conversation string
}

// Made gives the refunds since a time that carry the mark of the client's ledger,
// newest first, and ends with the first error. Others in the account, made by
// people, other programs or other ledgers, are left out. A client without a mark
// has made none.
func (c *Client) Made(ctx context.Context, since time.Time, each func(Made) error) error {
	if c.ledger == "" {
		return nil
	}
	get := page[stripe.Refund](func(p stripe.ListParams) ([]*stripe.Refund, stripe.ListMeta, error) {
		it := c.refunds.List(&stripe.RefundListParams{
			ListParams: p, CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		})
		return it.RefundList().Data, it.RefundList().ListMeta, it.Err()
	})
	after := ""
	for {
		on, more, err := get.read(ctx, perPage, after)
		if err != nil {
			return readFailed("recent refunds", err)
		}
		for _, r := range on {
			if err := c.made(r, each); err != nil {
				return err
			}
			after = r.ID
		}
		if !more {
			return nil
		}
	}
}

func (c *Client) made(r *stripe.Refund, each func(Made) error) error {
	if r.Metadata["ledger"] != c.ledger {
		return nil
	}
	out, err := refundOf(r)
	if err != nil {
		return readFailed("recent refunds", err)
	}
	return each(Made{Refund: out, Key: r.Metadata["operation_id"], Conversation: r.Metadata["conversation"]})
}
