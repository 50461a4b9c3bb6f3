package tools

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// remembered is how many payments of a customer a reply can speak of.
const remembered = 100

// own resolves what a text mentions and is the asker's. It asks only when the text
// makes it necessary: most replies name nobody, and what they say of refunds the
// ledger shows.
func (d Deps) own(ctx context.Context, id conversationID, body messageText) (policies.Own, error) {
	w := policies.WordingOf(string(body))
	if !w.NeedsAsker() && !w.Claims() {
		return policies.Own{}, nil
	}
	s, err := d.Guard.Ledger.Read(ctx, policies.Reads{Receipts: string(id)})
	if err != nil {
		return policies.Own{}, fmt.Errorf("read receipts of the conversation: %w", err)
	}
	if !w.NeedsAsker() && !w.NeedsPayments(s) {
		return policies.Own{}, nil
	}
	t, err := d.ticket(ctx, id)
	if err != nil {
		return policies.Own{}, err
	}
	all, err := d.belongings(ctx, t)
	return w.Own(all), err
}

// belongings are the asker's address and what Stripe has of the tied customers.
// While it is uncertain who asks, nothing of Stripe's counts as theirs.
func (d Deps) belongings(ctx context.Context, t ticket) (policies.Own, error) {
	own := policies.Own{}
	own.AddEmail(t.Contact.Email)
	if t.Asker.Doubt != "" {
		return own, nil
	}
	each := make([]policies.Own, min(len(t.Asker.Ties), customers))
	g, ctx := errgroup.WithContext(ctx)
	for i := range each {
		g.Go(func() (err error) {
			each[i], err = d.customersOwn(ctx, t, t.Asker.Ties[i].Customer)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return policies.Own{}, err
	}
	for _, o := range each {
		own.Join(o)
	}
	return own, nil
}

// customersOwn is what Stripe has of one customer; a deleted one has nothing.
func (d Deps) customersOwn(ctx context.Context, t ticket, id string) (own policies.Own, err error) {
	var c stripe.Customer
	var subs []stripe.Subscription
	var charges stripe.ChargePage
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() (err error) { c, err = d.customer(reads, t, id); return err })
	g.Go(func() (err error) { subs, err = d.Stripe.Subscriptions(reads, id); return err })
	g.Go(func() (err error) { charges, err = d.Stripe.Charges(reads, id, "", remembered); return err })
	if err := g.Wait(); err != nil {
		if fault.CodeOf(err) == fault.NotFound {
			return own, nil
		}
		return own, fmt.Errorf("read what is the customer's: %w", err)
	}
	own.AddEmail(c.Email)
	own.IDs = append(own.IDs, c.ID)
	if c.Card != nil {
		own.LastFours = append(own.LastFours, c.Card.Last4)
	}
	for _, s := range subs {
		own.IDs = append(own.IDs, s.ID)
	}
	for _, ch := range charges.Charges {
		addCharge(&own, ch)
	}
	return own, nil
}

func addCharge(own *policies.Own, c stripe.Charge) {
	own.IDs = append(own.IDs, c.ID, c.PaymentIntent, c.Invoice)
	if c.Card != nil {
		own.LastFours = append(own.LastFours, c.Card.Last4)
	}
	for _, r := range c.Refunds {
		own.IDs = append(own.IDs, r.ID)
		if r.Status == "succeeded" || r.Status == "pending" { // what failed is no money on its way
			own.Refunds = append(own.Refunds, r.Amount)
		}
	}
}
