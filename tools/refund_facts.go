package tools

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// refundFacts reads who asks and the charge, at once.
func (d Deps) refundFacts(ctx context.Context, in createRefundInput, r *policies.Refund) error {
	var t ticket
	g, ctx := errgroup.WithContext(ctx)
	if in.Conversation != "" {
		g.Go(func() (err error) {
			t, err = d.ticket(ctx, in.Conversation)
			return err
		})
	}
	// A conversation that cannot be read is told first, however the two race: the
	// answer would otherwise tell whether somebody else's charge exists.
	var unread error
	var b stripe.Background
	g.Go(func() error {
		b, unread = d.chargeFacts(ctx, in, r)
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	r.Asker = t.Asker
	r.Traits = traitsOf(t.Conversation, b, d.Guard.Policy().Wants(policies.KindRefund))
	r.Since = b.Since
	return unread
}

// recent is how many payments of a customer are read.
const recent = 20

func (d Deps) chargeFacts(ctx context.Context, in createRefundInput, r *policies.Refund) (b stripe.Background, err error) {
	c, err := d.charge(ctx, in.Charge, in.PaymentIntent)
	if err != nil {
		return b, err
	}
	r.Charge, r.From = c.Charge, d.from(c.Charge)
	if c.Customer == "" {
		return b, nil
	}
	var others stripe.ChargePage
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		others, err = d.Stripe.Charges(ctx, c.Customer, "", recent)
		if err != nil {
			return fmt.Errorf("read payments: %w", err)
		}
		r.Twins = twins(others.Charges, c)
		return nil
	})
	g.Go(func() (err error) {
		b, err = d.background(ctx, c.Customer, d.Guard.Policy().Wants(policies.KindRefund))
		return err
	})
	return b, g.Wait()
}

// from is where the policy has a refund of a charge come from.
func (d Deps) from(c policies.Charge) policies.RefundFrom {
	if rules := d.Guard.Policy().Refund; rules != nil && c.Connected {
		return rules.Connect
	}
	return ""
}

// twins are the other succeeded charges of the same amount that nobody has refunded.
func twins(charges []stripe.Charge, of stripe.Charge) []policies.Twin {
	out := []policies.Twin{}
	for _, c := range charges {
		if c.ID != of.ID && c.Succeeded && c.Captured && c.Amount == of.Amount && c.Remaining == c.Amount {
			out = append(out, policies.Twin{Charge: c.ID, CreatedAt: c.CreatedAt})
		}
	}
	return out
}
