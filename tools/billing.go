package tools

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// billing is what an agent may know of the asker's money, and what the policy
// would allow now.
type billing struct {
	Customers []customerBilling `json:"customers"`
	Omitted   int               `json:"customers_omitted,omitempty"`
	Doubt     string            `json:"doubt,omitempty"`
	NextStep  string            `json:"next_step,omitempty"`
}

type customerBilling struct {
	Customer             string         `json:"customer_id"`
	Name                 string         `json:"name,omitempty"`
	TiedBy               string         `json:"tied_by"`
	Balance              money.Money    `json:"balance,omitzero"` // negative is credit for the customer
	Delinquent           bool           `json:"delinquent,omitempty"`
	Card                 string         `json:"card,omitempty"`
	CardExpires          string         `json:"card_expires,omitempty"`
	Subscriptions        []subscription `json:"subscriptions,omitzero"` // left out where only payments go on
	SubscriptionsOmitted int            `json:"subscriptions_omitted,omitempty"`
	Payments             []payment      `json:"payments"` // newest first
	Next                 cursor         `json:"next_cursor,omitempty" jsonschema:"older payments: give it to get_billing_overview as cursor"`
	Headroom             []string       `json:"refund_headroom,omitempty"`
}

type subscription struct {
	Subscription string      `json:"subscription_id"`
	Plan         string      `json:"plan"`
	Price        money.Money `json:"price,omitzero"`
	Interval     string      `json:"interval,omitempty"`
	Status       string      `json:"status"`
	PeriodEnd    string      `json:"period_end,omitempty"`
	Cancels      bool        `json:"cancels_at_period_end,omitempty"`
}

// What an agent sees at most. Who has more of it has a doubtful case anyway.
const (
	customers     = 4
	subscriptions = 8 // of a customer
)

// billing reads every tied customer at once.
func (d Deps) billing(ctx context.Context, by policies.Principal, t ticket) (billing, error) {
	asker := t.Asker
	ties := asker.Ties[:min(len(asker.Ties), customers)]
	b := billingOf(asker, len(ties))
	g, ctx := errgroup.WithContext(ctx)
	for i, tie := range ties {
		g.Go(func() (err error) {
			b.Customers[i], err = d.customerBilling(ctx, by, t, tie, billingRoom/room(len(ties)))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return billing{}, err
	}
	b.Omitted = len(asker.Ties) - len(ties)
	return b, nil
}

// billingOf has room for the billing of n customers.
func billingOf(asker policies.Asker, n int) billing {
	b := billing{Customers: make([]customerBilling, n), Doubt: asker.Doubt}
	switch {
	case n == 0:
		b.NextStep = "no Stripe customer is tied to this contact; ask which e-mail address was used to pay, or hand the conversation to a person"
	case b.Doubt != "":
		b.NextStep = "a person must approve every refund here"
	}
	return b
}

// customerBilling reads one customer in one round of concurrent calls.
func (d Deps) customerBilling(ctx context.Context, by policies.Principal, t ticket, tie policies.Tie, left room) (customerBilling, error) {
	var (
		customer stripe.Customer
		subs     []stripe.Subscription
		charges  stripe.ChargePage
		back     stripe.Background
	)
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() (err error) { customer, err = d.customer(reads, t, tie.Customer); return err })
	g.Go(func() (err error) { subs, err = d.Stripe.Subscriptions(reads, tie.Customer); return err })
	g.Go(func() (err error) { charges, err = d.Stripe.Charges(reads, tie.Customer, "", recent); return err })
	g.Go(func() (err error) {
		back, err = d.background(reads, tie.Customer, d.Guard.Policy().Wants(policies.KindRefund))
		return err
	})
	if err := g.Wait(); err != nil {
		if fault.CodeOf(err) == fault.NotFound {
			return customerBilling{
				Customer: tie.Customer, TiedBy: tie.Way, Name: "unknown to Stripe",
				Subscriptions: []subscription{}, Payments: []payment{},
			}, nil
		}
		return customerBilling{}, fmt.Errorf("read billing: %w", err)
	}
	out := customerBilling{
		Customer: customer.ID, Name: label(customer.Name, maxLabel), TiedBy: tie.Way, Balance: customer.Balance, Delinquent: customer.Delinquent,
		Subscriptions: make([]subscription, 0, len(subs)), Payments: make([]payment, 0, shown),
	}
	if c := customer.Card; c != nil {
		out.Card, out.CardExpires = c.Brand+" "+c.Last4, fmt.Sprintf("%04d-%02d", c.ExpYear, c.ExpMonth)
	}
	left -= weigh(out)
	out.listSubscriptions(subs, &left)
	err := d.listPayments(ctx, by, d.wholeRefund(t, back), charges, min(len(charges.Charges), shown), &left, &out)
	return out, err
}

func (d Deps) customer(ctx context.Context, t ticket, id string) (stripe.Customer, error) {
	for _, c := range t.Customers {
		if c.ID == id {
			return c, nil
		}
	}
	return d.Stripe.Customer(ctx, id)
}

// listSubscriptions tells the newest subscriptions.
func (out *customerBilling) listSubscriptions(subs []stripe.Subscription, left *room) {
	for i, s := range subs {
		sub := subscriptionOf(s)
		if i == subscriptions || !left.take(sub) {
			out.SubscriptionsOmitted = len(subs) - i
			return
		}
		out.Subscriptions = append(out.Subscriptions, sub)
	}
}

func subscriptionOf(s stripe.Subscription) subscription {
	out := subscription{Subscription: s.ID, Plan: label(s.Plan, maxLabel), Price: s.Amount, Interval: s.Interval, Status: s.Status, Cancels: s.CancelAtPeriodEnd}
	if !s.PeriodEnd.IsZero() {
		out.PeriodEnd = s.PeriodEnd.Format(time.DateOnly)
	}
	return out
}
