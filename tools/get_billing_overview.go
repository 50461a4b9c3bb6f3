package tools

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type billingInput struct {
	Conversation conversationID `json:"conversation_id"`
	Cursor       cursor         `json:"cursor,omitempty"`
}

// GetBillingOverview reads the asker's billing facts alone, or goes on with payments.
func GetBillingOverview(d Deps) Tool {
	return Read(Spec{
		Toolset: Ticket, Name: "get_billing_overview", Title: "Read the customer's billing",
		Scopes:      access.Scopes{access.BillingRead},
		Description: "Billing of the conversation's customer: subscriptions, payments with failures, card, balance, disputes, what can be refunded and what the policy would allow.",
	}, d.getBillingOverview)
}

func (d Deps) getBillingOverview(ctx context.Context, by policies.Principal, in billingInput) (billing, error) {
	p, err := in.Cursor.place("get_billing_overview", string(in.Conversation))
	if err != nil {
		return billing{}, err
	}
	t, err := d.ticket(ctx, in.Conversation)
	if err != nil {
		return billing{}, err
	}
	if p.Thread == olderPayments {
		return d.olderPayments(ctx, by, t, p)
	}
	return d.billing(ctx, by, t)
}

// olderPayments goes on with the payments of one customer. Which customers are the
// asker's is found out anew: a cursor ties nobody.
func (d Deps) olderPayments(ctx context.Context, by policies.Principal, t ticket, p place) (billing, error) {
	i := slices.IndexFunc(t.Asker.Ties, func(tie policies.Tie) bool { return tie.Customer == p.Of })
	if i < 0 {
		return billing{}, strayCursor("get_billing_overview")
	}
	var charges stripe.ChargePage
	var back stripe.Background
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() (err error) { charges, err = d.chargesAfter(reads, p.Of, p.After); return err })
	g.Go(func() (err error) {
		back, err = d.background(reads, p.Of, d.Guard.Policy().Wants(policies.KindRefund))
		return err
	})
	if err := g.Wait(); err != nil {
		return billing{}, err
	}
	b := billingOf(t.Asker, 1)
	out := &b.Customers[0]
	*out = customerBilling{Customer: p.Of, TiedBy: t.Asker.Ties[i].Way, Payments: make([]payment, 0, len(charges.Charges))}
	left := answerRoom - weigh(b)
	err := d.listPayments(ctx, by, d.wholeRefund(t, back), charges, len(charges.Charges), &left, out)
	return b, err
}

// ownCharge refuses a mark that is not the customer's own.
func (d Deps) ownCharge(ctx context.Context, customer, after, tool string) error {
	if after == "" {
		return nil
	}
	c, err := d.Stripe.Charge(ctx, after)
	if code := fault.CodeOf(err); code == fault.NotFound || code == fault.Invalid || err == nil && c.Customer != customer {
		return strayCursor(tool)
	}
	return err
}

// chargesAfter reads what follows a charge. Stripe would take anybody's for a mark
// and tell by its answer whether there is one: only the customer's own is taken.
func (d Deps) chargesAfter(ctx context.Context, customer, after string) (stripe.ChargePage, error) {
	var charges stripe.ChargePage
	mark := stripe.Charge{Charge: policies.Charge{Customer: customer}}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { charges, err = d.Stripe.Charges(ctx, customer, after, recent); return err })
	if after != "" {
		g.Go(func() (err error) { mark, err = d.Stripe.Charge(ctx, after); return err })
	}
	err := g.Wait()
	unknown := fault.CodeOf(err) == fault.NotFound || fault.CodeOf(err) == fault.Invalid
	if err != nil && !unknown {
		return charges, fmt.Errorf("read payments: %w", err)
	}
	if unknown || mark.Customer != customer {
		return charges, strayCursor("get_billing_overview")
	}
	return charges, nil
}
