package stripe

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Dispute is a customer's bank asking for a charge back, or about it.
type Dispute struct {
	ID         string
	Status     string // https://docs.stripe.com/api/disputes/object#dispute_object-status
	Reason     string
	Refundable bool // the charge can be refunded in spite of it
	Amount     money.Money
	CreatedAt  time.Time
}

func (c *Client) disputesOf(ctx context.Context, charge string) ([]*stripe.Dispute, error) {
	id := func(d *stripe.Dispute) string { return d.ID }
	return all(ctx, id, func(p stripe.ListParams) ([]*stripe.Dispute, stripe.ListMeta, error) {
		it := c.disputes.List(&stripe.DisputeListParams{ListParams: p, Charge: &charge})
		list := it.DisputeList()
		return list.Data, list.ListMeta, it.Err()
	})
}

// recentDisputes are the newest hundred of the account. Read beside a list of
// charges, they spare a request after it for each charge that is disputed.
func (c *Client) recentDisputes(ctx context.Context) ([]*stripe.Dispute, error) {
	list := page[stripe.Dispute](func(p stripe.ListParams) ([]*stripe.Dispute, stripe.ListMeta, error) {
		it := c.disputes.List(&stripe.DisputeListParams{ListParams: p})
		on := it.DisputeList()
		return on.Data, on.ListMeta, it.Err()
	})
	found, _, err := list.read(ctx, perPage, "")
	if err != nil {
		return nil, readFailed("disputes", err)
	}
	return found, nil
}

func disputesAmong(recent []*stripe.Dispute, charge string) []*stripe.Dispute {
	return slices.DeleteFunc(slices.Clone(recent), func(d *stripe.Dispute) bool {
		return d.Charge == nil || d.Charge.ID != charge
	})
}

func disputesIn(found []*stripe.Dispute) ([]Dispute, error) {
	out := make([]Dispute, 0, len(found))
	for _, d := range found {
		sum, err := amount(d.Amount, d.Currency)
		if err != nil {
			return nil, err
		}
		out = append(out, Dispute{
			ID: d.ID, Status: string(d.Status), Reason: string(d.Reason),
			Refundable: d.IsChargeRefundable, Amount: sum, CreatedAt: at(d.Created),
		})
	}
	return out, nil
}

// disputeState is what the disputes of a charge mean for a refund. One that
// blocks is enough, and so is one that Stripe speaks of but does not show.
func disputeState(disputed bool, ds []Dispute) policies.DisputeState {
	if !disputed {
		return policies.NoDispute
	}
	for _, d := range ds {
		if !d.Refundable {
			return policies.DisputeBlocks
		}
	}
	if len(ds) == 0 {
		return policies.DisputeBlocks
	}
	return policies.DisputeRefundable
}
