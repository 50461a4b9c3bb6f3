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
	Doubt     string            `json:"doubt,omitempty"`
	NextStep  string            `json:"next_step,omitempty"`
}

type customerBilling struct {
	Customer      string         `json:"customer_id"`
	Name          string         `json:"name,omitempty"`
	TiedBy        string         `json:"tied_by"`
	Balance       money.Money    `json:"balance,omitzero"` // negative is credit for the customer
	Delinquent    bool           `json:"delinquent,omitempty"`
	Card          string         `json:"card,omitempty"`
	CardExpires   string         `json:"card_expires,omitempty"`
	Subscriptions []subscription `json:"subscriptions"`
	Payments      []payment      `json:"payments"` // newest first
	Headroom      []string       `json:"refund_headroom,omitempty"`
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

type payment struct {
	Charge      string      `json:"charge_id"`
	Amount      money.Money `json:"amount"`
	Status      string      `json:"status"`
	At          time.Time   `json:"at"`
	For         string      `json:"for,omitempty"`
	Failure     string      `json:"failure,omitempty"`
	Refunded    money.Money `json:"refunded,omitzero"`
	Refunds     []string    `json:"refunds,omitempty"` // newest first: amount, status, day, and by what the bank finds it
	Refundable  money.Money `json:"refundable,omitzero"`
	Dispute     string      `json:"dispute,omitempty"`
	DuplicateOf string      `json:"duplicate_of,omitempty"`
	Policy      string      `json:"policy,omitempty"` // on refunding all that remains: the effect, and why unless it is allowed
}

// What an agent sees at most. Who has more of it has a doubtful case anyway.
const (
	shown         = 6 // payments of a customer
	customers     = 4
	subscriptions = 8 // of a customer
)

// billing reads every tied customer at once.
func (d Deps) billing(ctx context.Context, by policies.Principal, t ticket) (billing, error) {
	asker := t.Asker
	ties := asker.Ties[:min(len(asker.Ties), customers)]
	b := billing{Customers: make([]customerBilling, len(ties)), Doubt: asker.Doubt}
	g, ctx := errgroup.WithContext(ctx)
	for i, tie := range ties {
		g.Go(func() (err error) {
			b.Customers[i], err = d.customerBilling(ctx, by, t, tie)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return billing{}, err
	}
	switch {
	case len(b.Customers) == 0:
		b.NextStep = "no Stripe customer is tied to this contact; ask which e-mail address was used to pay, or hand the conversation to a person"
	case b.Doubt != "":
		b.NextStep = "a person must approve every refund here"
	}
	return b, nil
}

// customerBilling reads one customer in one round of concurrent calls.
func (d Deps) customerBilling(ctx context.Context, by policies.Principal, t ticket, tie policies.Tie) (customerBilling, error) {
	var (
		customer stripe.Customer
		subs     []stripe.Subscription
		charges  []stripe.Charge
	)
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() (err error) { customer, err = d.customer(reads, t, tie.Customer); return err })
	g.Go(func() (err error) { subs, err = d.Stripe.Subscriptions(reads, tie.Customer); return err })
	g.Go(func() (err error) { charges, err = d.Stripe.Charges(reads, tie.Customer, recent); return err })
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
	for _, s := range subs[:min(len(subs), subscriptions)] {
		out.Subscriptions = append(out.Subscriptions, subscriptionOf(s))
	}
	err := d.payments(ctx, by, t.Asker, charges, &out)
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

func subscriptionOf(s stripe.Subscription) subscription {
	out := subscription{Subscription: s.ID, Plan: label(s.Plan, maxLabel), Price: s.Amount, Interval: s.Interval, Status: s.Status, Cancels: s.CancelAtPeriodEnd}
	if !s.PeriodEnd.IsZero() {
		out.PeriodEnd = s.PeriodEnd.Format(time.DateOnly)
	}
	return out
}

// payments lists the newest charges with what the policy says of refunding each,
// and what the budgets leave per currency.
func (d Deps) payments(ctx context.Context, by policies.Principal, asker policies.Asker, charges []stripe.Charge, out *customerBilling) error {
	told := map[money.Currency]bool{}
	for _, c := range charges[:min(len(charges), shown)] {
		p := paymentOf(c)
		if c.Succeeded && c.Remaining.Minor > 0 {
			r := policies.Refund{Asker: asker, Charge: c.Charge, Amount: c.Remaining, Rest: true, Reason: policies.RequestedByCustomer, Twins: twins(charges, c)}
			verdict, err := d.Guard.Preview(ctx, policies.Request{Principal: by}, r)
			if err != nil {
				return fmt.Errorf("judge %s: %w", c.ID, err)
			}
			p.Refundable, p.Policy, p.DuplicateOf = c.Remaining, verdictOf(verdict), d.duplicateOf(r)
			if !told[c.Amount.Currency] {
				told[c.Amount.Currency] = true
				if err := d.headroom(ctx, by, r, out); err != nil {
					return err
				}
			}
		}
		out.Payments = append(out.Payments, p)
	}
	return nil
}

// headroom adds what the budgets leave for this customer in the refund's currency.
func (d Deps) headroom(ctx context.Context, by policies.Principal, r policies.Refund, out *customerBilling) error {
	r.Amount.Minor = 0
	verdict, err := d.Guard.Preview(ctx, policies.Request{Principal: by}, r)
	if err != nil {
		return fmt.Errorf("read headroom: %w", err)
	}
	if !verdict.Headroom.IsZero() {
		out.Headroom = append(out.Headroom, verdict.Headroom.String())
	}
	return nil
}

func paymentOf(c stripe.Charge) payment {
	p := payment{Charge: c.ID, Amount: c.Amount, Status: c.Status, At: c.CreatedAt, For: label(c.Description, maxLabel)}
	if c.Refunded.Minor > 0 {
		p.Refunded = c.Refunded
	}
	for _, r := range c.Refunds[:min(len(c.Refunds), shownRefunds)] {
		p.Refunds = append(p.Refunds, refundLine(r))
	}
	if !c.Succeeded {
		p.Failure = label(c.FailureCode+" "+c.FailureMessage, maxFailure)
	} else if !c.Captured {
		p.Status = "authorised, not captured" // Stripe says succeeded, and no money was taken
	}
	if len(c.Disputes) > 0 {
		p.Dispute = c.Disputes[0].Status
	}
	return p
}

// duplicateOf names the earlier one of two equal charges on the later one.
func (d Deps) duplicateOf(r policies.Refund) string {
	t, ok := d.Guard.Policy().DuplicateOf(r)
	if !ok || t.CreatedAt.After(r.Charge.CreatedAt) || r.Charge.Remaining != r.Charge.Amount {
		return ""
	}
	return t.Charge
}

func verdictOf(d policies.Decision) string {
	for _, f := range d.Against() {
		return d.Effect.String() + ": " + f.Rule + ", " + f.Message
	}
	return d.Effect.String()
}

// shownRefunds is how many refunds of a payment an agent sees.
const shownRefunds = 3

// refundLine says where the money of a refund is, for "it has not arrived".
func refundLine(r stripe.Refund) string {
	line := fmt.Sprintf("%s %s %s", r.Amount, r.Status, r.CreatedAt.Format(time.DateOnly))
	if r.Reference != "" {
		line += ", bank reference " + label(r.Reference, maxLabel)
	}
	return line
}
