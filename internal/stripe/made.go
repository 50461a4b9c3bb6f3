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
// themselves or on their credit note, newest first of each, and ends with the first error. Others in the account, made by
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
	err := walk(ctx, get, func(r *stripe.Refund) (string, error) { return r.ID, c.made(r, each) }, "recent refunds")
	if err != nil {
		return err
	}
	return walk(ctx, c.notesSince(since), func(n *stripe.CreditNote) (string, error) { return n.ID, c.madeByNote(n, each) }, "recent credit notes")
}

// walk gives what a list holds to its end, however long, and ends with the first error.
func walk[T any](ctx context.Context, get page[T], each func(*T) (id string, err error), what string) error {
	after := ""
	for {
		on, more, err := get.read(ctx, perPage, after)
		if err != nil {
			return readFailed(what, err)
		}
		for _, t := range on {
			if after, err = each(t); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

func (c *Client) madeByNote(n *stripe.CreditNote, each func(Made) error) error {
	if n.Metadata["ledger"] != c.ledger || n.Refund == nil {
		return nil
	}
	out, err := noted(n, nil)
	if err != nil {
		return readFailed("recent credit notes", err)
	}
	return each(Made{Refund: out, Key: n.Metadata["operation_id"], Conversation: n.Metadata["conversation"]})
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
