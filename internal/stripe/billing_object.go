package stripe

import (
	"context"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/segments"
)

// BillingObject implements segments.Source. Of what is not there, only customers
// matter: whatever belongs to one goes with it.
func (c *Client) BillingObject(ctx context.Context, r segments.Ref) (b segments.Batch, err error) {
	switch r.Kind {
	case segments.Customers:
		b, err = c.payer(ctx, r.ID)
	case segments.Wallets:
		b, err = c.wallet(ctx, r.ID)
	case segments.Subscriptions:
		var ss *stripe.Subscription
		if ss, err = c.subscription(ctx, r.ID); err == nil {
			if _, err = c.productNames(ctx, []*stripe.Subscription{ss}); err == nil {
				b.Subscriptions = []segments.Subscription{c.standing(ss)}
			}
		}
	case segments.Charges:
		b, err = c.paid(ctx, r.ID)
	case segments.Disputes:
		b, err = c.disputed(ctx, r.ID)
	}
	if fault.CodeOf(err) == fault.NotFound && r.Kind != segments.Customers && r.Kind != segments.Wallets {
		return segments.Batch{}, nil
	}
	return b, err
}

func (c *Client) payer(ctx context.Context, id string) (segments.Batch, error) {
	if err := customerID().check(id); err != nil {
		return segments.Batch{}, err
	}
	sc, err := c.customerItself(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound, err == nil && sc.Deleted:
		return segments.Batch{Gone: []string{id}}, nil
	case err != nil:
		return segments.Batch{}, err
	}
	one, err := payerOf(sc)
	if err != nil {
		return segments.Batch{}, readFailed("customer "+id, err)
	}
	return segments.Batch{Customers: []segments.Customer{one}}, nil
}

// wallet reads a customer and all subscriptions, whose cards may be others now.
func (c *Client) wallet(ctx context.Context, id string) (segments.Batch, error) {
	b, err := c.payer(ctx, id)
	if err != nil || len(b.Gone) > 0 {
		return b, err
	}
	subs, err := all(ctx, func(s *stripe.Subscription) string { return s.ID }, c.everySubscription(&id))
	if err != nil {
		return b, readFailed("subscriptions of customer "+id, err)
	}
	for _, ss := range subs {
		b.Subscriptions = append(b.Subscriptions, c.standing(ss))
	}
	return b, nil
}

func (c *Client) paid(ctx context.Context, id string) (b segments.Batch, err error) {
	if err := chargeID().check(id); err != nil {
		return b, err
	}
	p := &stripe.ChargeParams{}
	p.Context = ctx
	sc, err := c.charges.Get(id, p)
	if err == nil {
		err = addCharge(&b, sc)
	}
	if err != nil {
		return segments.Batch{}, readFailed("charge "+id, err)
	}
	return b, nil
}

func (c *Client) disputed(ctx context.Context, id string) (b segments.Batch, err error) {
	if err := disputeID().check(id); err != nil {
		return b, err
	}
	p := &stripe.DisputeParams{}
	p.Context, p.Expand = ctx, []*string{stripe.String("charge")}
	d, err := c.disputes.Get(id, p)
	if err != nil {
		return b, readFailed("dispute "+id, err)
	}
	addDispute(&b, d)
	return b, nil
}
