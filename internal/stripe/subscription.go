package stripe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"

	"supportmcp/internal/money"
)

// Subscription is a plan that a customer pays for in every interval.
type Subscription struct {
	ID                string
	Customer          string      // id
	Status            string      // active, trialing, past_due, unpaid or paused
	Plan              string      // names of its products, joined by " + "
	Amount            money.Money // of one interval before discounts and tax; zero value when usage or tiers decide
	Interval          string      // such as "month" or "3 months"
	PeriodEnd         time.Time
	CancelAtPeriodEnd bool
	TrialEnd          time.Time // zero: no trial
	Card              *Card     // its own; nil: the customer's default
	Discount          string    // such as "20% off once"; "" for none
	Coupons           []string  // ids of those that are on it; only of one that was read by its id
	EndsAt            time.Time // when it ended or is set to end; zero: it renews
	Paused            bool      // nothing is collected; the status does not tell
	Scheduled         bool      // a schedule will change it
}

// Subscriptions reads a customer's subscriptions that have begun and not ended,
// newest first.
func (c *Client) Subscriptions(ctx context.Context, customer string) ([]Subscription, error) {
	if err := customerID().check(customer); err != nil {
		return nil, err
	}
	what := "subscriptions of customer " + customer
	found, err := c.subscriptionsAndProducts(ctx, customer, what)
	if err != nil {
		return nil, err
	}
	names, err := c.productNames(ctx, found)
	if err != nil {
		return nil, err
	}
	out := make([]Subscription, 0, len(found))
	for _, ss := range found {
		s, err := subscriptionOf(ss, names)
		if err != nil {
			return nil, readFailed(what, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Subscription reads one subscription, also one that has ended.
func (c *Client) Subscription(ctx context.Context, id string) (Subscription, error) {
	ss, err := c.subscription(ctx, id)
	if err != nil {
		return Subscription{}, err
	}
	names, err := c.productNames(ctx, []*stripe.Subscription{ss})
	if err != nil {
		return Subscription{}, err
	}
	out, err := subscriptionOf(ss, names)
	if err != nil {
		return Subscription{}, readFailed("subscription "+id, err)
	}
	out.Coupons = couponsOn(ss)
	return out, nil
}

// subscription reads one with its discounts.
func (c *Client) subscription(ctx context.Context, id string) (*stripe.Subscription, error) {
	if err := subscriptionID().check(id); err != nil {
		return nil, err
	}
	p := &stripe.SubscriptionParams{}
	p.Context, p.Expand = ctx, stripe.StringSlice([]string{"discounts", "default_payment_method"})
	ss, err := c.subscriptions.Get(id, p)
	if err == nil && ss.ID != id {
		err = odd("is not this subscription")
	}
	if err != nil {
		return nil, readFailed("subscription "+id, err)
	}
	return ss, nil
}

// subscriptionsAndProducts reads the subscriptions and, beside them and only when
// they are not known, the names of products.
func (c *Client) subscriptionsAndProducts(ctx context.Context, customer, what string) (found []*stripe.Subscription, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if found, err = c.subscriptionsOf(ctx, customer); err != nil {
			err = readFailed(what, err)
		}
		return err
	})
	group.Go(func() error { return c.learnProducts(ctx) })
	return found, group.Wait()
}

func (c *Client) subscriptionsOf(ctx context.Context, customer string) ([]*stripe.Subscription, error) {
	id := func(s *stripe.Subscription) string { return s.ID }
	// Without a status Stripe leaves out canceled ones.
	found, err := all(ctx, id, func(p stripe.ListParams) ([]*stripe.Subscription, stripe.ListMeta, error) {
		it := c.subscriptions.List(&stripe.SubscriptionListParams{
			ListParams: p, Customer: &customer,
			Expand: []*string{stripe.String("data.default_payment_method")},
		})
		list := it.SubscriptionList()
		return list.Data, list.ListMeta, it.Err()
	})
	return slices.DeleteFunc(found, func(s *stripe.Subscription) bool { return !runs(s.Status) }), err
}

func runs(s stripe.SubscriptionStatus) bool {
	return slices.Contains([]stripe.SubscriptionStatus{
		stripe.SubscriptionStatusActive, stripe.SubscriptionStatusTrialing, stripe.SubscriptionStatusPastDue,
		stripe.SubscriptionStatusUnpaid, stripe.SubscriptionStatusPaused,
	}, s)
}

func prices(s *stripe.Subscription) []*stripe.Price {
	var out []*stripe.Price
	for _, i := range items(s) {
		out = append(out, i.Price)
	}
	return out
}

// items are those parts of a subscription that say what they cost.
func items(s *stripe.Subscription) []*stripe.SubscriptionItem {
	if s.Items == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Items.Data), func(i *stripe.SubscriptionItem) bool {
		return i == nil || i.Price == nil || i.Price.Product == nil || i.Price.Recurring == nil
	})
}

func subscriptionOf(ss *stripe.Subscription, products map[string]string) (Subscription, error) {
	sum, err := intervalAmount(ss)
	if err != nil {
		return Subscription{}, err
	}
	out := Subscription{
		ID: ss.ID, Status: string(ss.Status), Amount: sum, PeriodEnd: at(ss.CurrentPeriodEnd),
		CancelAtPeriodEnd: ss.CancelAtPeriodEnd, TrialEnd: at(ss.TrialEnd), Card: cardOf(ss.DefaultPaymentMethod),
		Discount: discountOf(ss.Discount, len(ss.Discounts)), Paused: ss.PauseCollection != nil, Scheduled: ss.Schedule != nil,
		EndsAt: endOf(ss),
	}
	if ss.Customer != nil {
		out.Customer = ss.Customer.ID
	}
	var plans []string
	for _, p := range prices(ss) {
		plans = append(plans, cmp.Or(products[p.Product.ID], p.Nickname, p.ID))
		out.Interval = interval(p.Recurring)
	}
	out.Plan = strings.Join(plans, " + ")
	return out, nil
}

// interval is the same for all prices of one subscription.
func interval(r *stripe.PriceRecurring) string {
	if r.IntervalCount > 1 {
		return fmt.Sprintf("%d %ss", r.IntervalCount, r.Interval)
	}
	return string(r.Interval)
}

// intervalAmount adds up unit prices. Whatever has no fixed price, or is not all
// told, has no amount rather than a wrong one.
func intervalAmount(s *stripe.Subscription) (money.Money, error) {
	var sum money.Money
	if s.Items == nil || s.Items.HasMore || len(items(s)) < len(s.Items.Data) {
		return sum, nil
	}
	for _, i := range items(s) {
		unit, err := amount(i.Price.UnitAmount, i.Price.Currency)
		if err != nil {
			return money.Money{}, err
		}
		if !fixed(i.Price) || !sum.IsZero() && sum.Currency != unit.Currency {
			return money.Money{}, nil
		}
		if i.Quantity < 0 || i.Quantity > 0 && unit.Minor > mostMinor/i.Quantity {
			return money.Money{}, odd("has an amount out of range")
		}
		sum = money.Of(sum.Minor+unit.Minor*i.Quantity, unit.Currency)
	}
	return sum, nil
}

// fixed reports whether a price is a whole amount per unit. A part of a minor
// unit is told as a decimal, with no whole amount beside it.
func fixed(p *stripe.Price) bool {
	return p.BillingScheme == stripe.PriceBillingSchemePerUnit && p.TransformQuantity == nil &&
		p.Recurring.UsageType == stripe.PriceRecurringUsageTypeLicensed &&
		(p.UnitAmount != 0 || p.UnitAmountDecimal == 0)
}
