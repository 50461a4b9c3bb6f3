package tools

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/access"
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
	Email                string         `json:"email,omitempty"`
	Since                string         `json:"since,omitempty"`
	TiedBy               string         `json:"tied_by"`
	Balance              money.Money    `json:"balance,omitzero"` // negative is credit for the customer
	Delinquent           bool           `json:"delinquent,omitempty"`
	Card                 string         `json:"card,omitempty"`
	CardExpires          string         `json:"card_expires,omitempty"` // with the days left when they are few
	Discount             string         `json:"discount,omitempty"`
	Subscriptions        []subscription `json:"subscriptions,omitzero"` // left out where only payments go on
	SubscriptionsOmitted int            `json:"subscriptions_omitted,omitempty"`
	Open                 []openInvoice  `json:"open_invoices,omitempty"` // newest first
	Payments             []payment      `json:"payments"`                // newest first
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
	Discount     string      `json:"discount,omitempty"`
	Notes        string      `json:"notes,omitempty"` // what the status does not tell
}

// openInvoice is what a customer still has to pay.
type openInvoice struct {
	Invoice   string      `json:"invoice_id"`
	Remaining money.Money `json:"still_to_pay"`
	At        string      `json:"of"`
	NextTry   string      `json:"next_attempt,omitempty"`
}

// What an agent sees at most. Who has more of it has a doubtful case anyway.
const (
	customers     = 4
	subscriptions = 8 // of a customer
	openInvoices  = 3 // of a customer
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
		open     stripe.InvoicePage
		back     stripe.Background
	)
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() (err error) { customer, err = d.customer(reads, t, tie.Customer); return err })
	g.Go(func() (err error) { subs, err = d.Stripe.Subscriptions(reads, tie.Customer); return err })
	g.Go(func() (err error) { charges, err = d.Stripe.Charges(reads, tie.Customer, "", recent); return err })
	g.Go(func() (err error) {
		open, err = d.Stripe.Invoices(reads, tie.Customer, stripe.InvoiceFilter{Status: "open", Limit: openInvoices})
		return err
	})
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
	out := d.customerFacts(customer, open, access.Of(ctx).Shown(policies.FullPersonalData))
	out.TiedBy, out.Subscriptions, out.Payments = tie.Way, make([]subscription, 0, len(subs)), make([]payment, 0, shown)
	left -= weigh(out)
	out.listSubscriptions(subs, &left)
	err := d.listPayments(ctx, by, d.wholeRefund(t, back), charges, min(len(charges.Charges), shown), &left, &out)
	return out, err
}

// customerFacts tells what is known of a customer apart from what they bought.
func (d Deps) customerFacts(c stripe.Customer, open stripe.InvoicePage, level policies.PersonalData) customerBilling {
	out := customerBilling{
		Customer: c.ID, Name: label(shownName(c.Name, level), maxLabel), Email: label(shownEmail(c.Email, level), maxLabel), Since: c.Created.Format(time.DateOnly),
		Balance: c.Balance, Delinquent: c.Delinquent, Discount: label(c.Discount, maxLabel),
	}
	if c.Card != nil {
		out.Card, out.CardExpires = c.Card.Brand+" "+c.Card.Last4, d.expiry(*c.Card)
	}
	for _, i := range open.Invoices {
		one := openInvoice{Invoice: i.ID, Remaining: i.Remaining, At: i.CreatedAt.Format(time.DateOnly)}
		if !i.NextTry.IsZero() {
			one.NextTry = i.NextTry.Format(time.DateOnly)
		}
		out.Open = append(out.Open, one)
	}
	return out
}

// soonExpired is how long before its end a card is said to expire.
const soonExpired = 60 * 24 * time.Hour

// worksUntil is when a card ends: after the last moment of its month.
func worksUntil(c stripe.Card) time.Time {
	return time.Date(c.ExpYear, time.Month(c.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC)
}

// expiry is the month in which a card ends, with the days that are left when
// they are few.
func (d Deps) expiry(c stripe.Card) string {
	month := fmt.Sprintf("%04d-%02d", c.ExpYear, c.ExpMonth)
	left := worksUntil(c).Sub(d.Now())
	switch {
	case left <= 0:
		return month + ", expired"
	case left < soonExpired:
		return fmt.Sprintf("%s, expires in %d days", month, int(left/(24*time.Hour)))
	}
	return month
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
	out := subscription{Subscription: s.ID, Plan: label(s.Plan, maxLabel), Price: s.Amount, Interval: s.Interval, Status: s.Status, Cancels: s.CancelAtPeriodEnd, Discount: label(s.Discount, maxLabel)}
	switch {
	case s.Paused:
		out.Notes = "collection is paused"
	case s.Scheduled:
		out.Notes = "a schedule will change it"
	}
	if !s.PeriodEnd.IsZero() {
		out.PeriodEnd = s.PeriodEnd.Format(time.DateOnly)
	}
	return out
}
