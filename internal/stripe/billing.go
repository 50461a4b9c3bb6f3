package stripe

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/segments"
)

var _ segments.Source = (*Client)(nil)

// Billing implements segments.Source: a page of one of the account's lists.
func (c *Client) Billing(ctx context.Context, list segments.Kind, after string) (segments.Batch, error) {
	switch list {
	case segments.Customers:
		return batch(ctx, c.everyCustomer(), after, string(list), func(b *segments.Batch, sc *stripe.Customer) (string, error) {
			one, err := payerOf(sc)
			b.Customers = append(b.Customers, one)
			return sc.ID, err
		})
	case segments.Subscriptions:
		if err := c.learnProducts(ctx); err != nil {
			return segments.Batch{}, err
		}
		return batch(ctx, c.everySubscription(nil), after, string(list), func(b *segments.Batch, ss *stripe.Subscription) (string, error) {
			b.Subscriptions = append(b.Subscriptions, c.standing(ss))
			return ss.ID, nil
		})
	case segments.Charges:
		return batch(ctx, c.everyCharge(), after, string(list), func(b *segments.Batch, sc *stripe.Charge) (string, error) {
			return sc.ID, addCharge(b, sc)
		})
	case segments.Disputes:
		return batch(ctx, c.everyDispute(), after, string(list), func(b *segments.Batch, d *stripe.Dispute) (string, error) {
			addDispute(b, d)
			return d.ID, nil
		})
	case segments.Wallets:
	}
	return segments.Batch{}, fault.Invalidf("name a list", "there is no list of %s", word(string(list)))
}

// batch reads a page and adds each of its objects.
func batch[T any](ctx context.Context, get page[T], after, what string, add func(*segments.Batch, *T) (id string, err error)) (segments.Batch, error) {
	on, more, err := get.read(ctx, perPage, after)
	if err != nil {
		return segments.Batch{}, readFailed(what, err)
	}
	b, last := segments.Batch{Read: len(on)}, ""
	for _, t := range on {
		if last, err = add(&b, t); err != nil {
			return segments.Batch{}, readFailed(what, err)
		}
	}
	if more {
		b.Next = last
	}
	return b, nil
}

func (c *Client) everyCustomer() page[stripe.Customer] {
	return func(p stripe.ListParams) ([]*stripe.Customer, stripe.ListMeta, error) {
		it := c.customers.List(&stripe.CustomerListParams{ListParams: p, Expand: defaultCard("data.")})
		return it.CustomerList().Data, it.CustomerList().ListMeta, it.Err()
	}
}

// everySubscription lists also those that have ended, of all customers or of one.
func (c *Client) everySubscription(of *string) page[stripe.Subscription] {
	return func(p stripe.ListParams) ([]*stripe.Subscription, stripe.ListMeta, error) {
		it := c.subscriptions.List(&stripe.SubscriptionListParams{
			ListParams: p, Status: stripe.String("all"), Customer: of, Expand: []*string{stripe.String("data.default_payment_method")},
		})
		return it.SubscriptionList().Data, it.SubscriptionList().ListMeta, it.Err()
	}
}

func (c *Client) everyCharge() page[stripe.Charge] {
	return func(p stripe.ListParams) ([]*stripe.Charge, stripe.ListMeta, error) {
		it := c.charges.List(&stripe.ChargeListParams{ListParams: p})
		return it.ChargeList().Data, it.ChargeList().ListMeta, it.Err()
	}
}

func (c *Client) everyDispute() page[stripe.Dispute] {
	return func(p stripe.ListParams) ([]*stripe.Dispute, stripe.ListMeta, error) {
		it := c.disputes.List(&stripe.DisputeListParams{ListParams: p, Expand: []*string{stripe.String("data.charge")}})
		return it.DisputeList().Data, it.DisputeList().ListMeta, it.Err()
	}
}

func payerOf(sc *stripe.Customer) (segments.Customer, error) {
	one, err := customerOf(sc)
	if err != nil {
		return segments.Customer{}, err
	}
	return segments.Customer{
		ID: one.ID, Email: one.Email, Card: walletCard(one.Card), Delinquent: one.Delinquent, Balance: one.Balance,
		Created: one.Created, Metadata: sc.Metadata,
	}, nil
}

func walletCard(c *Card) segments.Card {
	if c == nil {
		return segments.Card{}
	}
	return segments.Card{Brand: c.Brand, Last4: c.Last4, Month: c.ExpMonth, Year: c.ExpYear}
}

// standing is a subscription with the names of products that are known: a scan
// must not read each one that it meets.
func (c *Client) standing(ss *stripe.Subscription) segments.Subscription {
	out := segments.Subscription{
		ID: ss.ID, Status: string(ss.Status), CancelAtPeriodEnd: ss.CancelAtPeriodEnd || ss.CancelAt > 0 && runs(ss.Status),
		CanceledAt: at(ss.CanceledAt), EndedAt: at(ss.EndedAt), TrialEnd: at(ss.TrialEnd), PeriodEnd: at(ss.CurrentPeriodEnd),
		Created: at(ss.Created), Card: walletCard(cardOf(ss.DefaultPaymentMethod)),
	}
	if ss.Customer != nil {
		out.Customer = ss.Customer.ID
	}
	var plans []string
	for _, p := range prices(ss) {
		product, _ := c.known.name(p.Product.ID)
		plans = append(plans, cmp.Or(product, p.Nickname, p.ID))
		out.Names = append(out.Names, p.ID, p.Nickname, p.Product.ID, product)
		out.Interval = string(p.Recurring.Interval)
	}
	out.Plan = strings.Join(plans, " + ")
	return out
}

// addCharge leaves out what is under way, and what belongs to nobody.
func addCharge(b *segments.Batch, sc *stripe.Charge) error {
	if sc.Customer == nil || sc.Status == stripe.ChargeStatusPending {
		return nil
	}
	one := segments.Charge{ID: sc.ID, Customer: sc.Customer.ID}
	minor := sc.AmountCaptured - sc.AmountRefunded
	if sc.Status == stripe.ChargeStatusFailed {
		one.FailedAt, minor = at(sc.Created), 0
	}
	var err error
	if one.Net, err = amount(max(0, minor), sc.Currency); err == nil {
		b.Charges = append(b.Charges, one)
	}
	return err
}

func addDispute(b *segments.Batch, d *stripe.Dispute) {
	if d.Charge == nil || d.Charge.Customer == nil {
		return
	}
	closed := []stripe.DisputeStatus{stripe.DisputeStatusWon, stripe.DisputeStatusLost, stripe.DisputeStatusWarningClosed}
	b.Disputes = append(b.Disputes, segments.Dispute{ID: d.ID, Customer: d.Charge.Customer.ID, Open: !slices.Contains(closed, d.Status)})
}
