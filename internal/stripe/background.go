package stripe

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"
)

// Background is what a policy may look at besides a payment itself. Lists are
// sorted; what was not asked for is empty.
type Background struct {
	Customer  string            // id; "" when there is no background
	Since     time.Time         // when the customer was created
	Country   string            // two letters: of the address, else of the card's billing address, else of the card
	Metadata  map[string]string // of the customer and of the subscriptions
	Mixed     []string          // keys of Metadata in which they differ
	Plans     []string          // ids and names of prices
	Intervals []string          // day, week, month or year
	Products  []string          // ids and names
}

// Background reads what is known of a customer, of the customer's subscriptions
// that run, or of both, at once.
func (c *Client) Background(ctx context.Context, customer string, itself, subscriptions bool) (Background, error) {
	if err := customerID().check(customer); err != nil {
		return Background{}, err
	}
	var sc *stripe.Customer
	var subs []*stripe.Subscription
	group, reads := errgroup.WithContext(ctx)
	if itself {
		group.Go(func() (err error) { sc, err = c.customerItself(reads, customer); return err })
	}
	if subscriptions {
		group.Go(func() (err error) {
			subs, err = c.subscriptionsAndProducts(reads, customer, "subscriptions of customer "+customer)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Background{}, err
	}
	names, err := c.productNames(ctx, subs)
	if err != nil {
		return Background{}, err
	}
	b := Background{Customer: customer, Metadata: map[string]string{}}
	for _, s := range subs {
		b.subscribe(s, names)
	}
	b.Plans, b.Intervals, b.Products = distinct(b.Plans), distinct(b.Intervals), distinct(b.Products)
	if sc != nil {
		b.Since, b.Country = at(sc.Created), countryOf(sc)
		b.describe(sc.Metadata)
	}
	return b, nil
}

func (c *Client) customerItself(ctx context.Context, id string) (*stripe.Customer, error) {
	p := &stripe.CustomerParams{}
	p.Context, p.Expand = ctx, defaultCard("")
	sc, err := c.customers.Get(id, p)
	if err != nil {
		return nil, readFailed("customer "+id, err)
	}
	return sc, nil
}

func (b *Background) subscribe(s *stripe.Subscription, products map[string]string) {
	b.describe(s.Metadata)
	for _, p := range prices(s) {
		b.Plans = append(b.Plans, p.ID, p.Nickname)
		b.Intervals = append(b.Intervals, string(p.Recurring.Interval))
		b.Products = append(b.Products, p.Product.ID, products[p.Product.ID])
	}
}

// describe adds metadata. Of two values, none is thrown away unsaid.
func (b *Background) describe(metadata map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		if is, known := b.Metadata[k]; known && is != metadata[k] && !slices.Contains(b.Mixed, k) {
			b.Mixed = append(b.Mixed, k)
		}
		b.Metadata[k] = metadata[k]
	}
}

// distinct are the texts that are not empty, sorted, each once.
func distinct(all []string) []string {
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}

// countryOf is where a customer is, by the first that says so.
func countryOf(sc *stripe.Customer) string {
	var address, billing, card string
	if sc.Address != nil {
		address = sc.Address.Country
	}
	if s := sc.InvoiceSettings; s != nil && s.DefaultPaymentMethod != nil {
		m := s.DefaultPaymentMethod
		if m.BillingDetails != nil && m.BillingDetails.Address != nil {
			billing = m.BillingDetails.Address.Country
		}
		if m.Card != nil {
			card = m.Card.Country
		}
	}
	if s := sc.DefaultSource; s != nil && s.Card != nil {
		card = cmp.Or(card, s.Card.Country)
	}
	return cmp.Or(address, billing, card)
}
