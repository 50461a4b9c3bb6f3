package stripe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Customer is somebody who pays.
type Customer struct {
	ID         string
	Name       string
	Email      string
	Balance    money.Money    // negative is credit towards the next invoice; zero value for a customer without currency
	Currency   money.Currency // of the balance; "" until there was one
	Delinquent bool           // the latest invoice was not paid when due
	Created    time.Time
	Card       *Card  // the default one; nil when there is none, or it is no card
	Discount   string // such as "20% off forever"; "" for none
	Searched   bool   // found by search alone, so what it says may be old
}

// Customer reads one customer. A deleted one is fault.NotFound.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	if err := customerID().check(id); err != nil {
		return Customer{}, err
	}
	what := "customer " + id
	p := &stripe.CustomerParams{}
	p.Context, p.Expand = ctx, defaultCard("")
	sc, err := c.customers.Get(id, p)
	if err != nil {
		return Customer{}, readFailed(what, err)
	}
	if sc.Deleted {
		return Customer{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No,
			Message: what + " was deleted in Stripe", NextStep: toPerson,
		}
	}
	out, err := customerOf(sc)
	if err != nil {
		return Customer{}, readFailed(what, err)
	}
	return out, nil
}

// CustomersByEmail finds customers by their address, whatever its case, ordered by
// id. Lists are up to date and compare case, so they are asked for the address as
// given and in lower case; search does not compare case and lags by a minute or
// more (https://docs.stripe.com/search#data-freshness), so it only adds to them.
func (c *Client) CustomersByEmail(ctx context.Context, email string) ([]Customer, error) {
	if err := checkEmail(email); err != nil {
		return nil, err
	}
	written := slices.Compact([]string{email, strings.Map(lower, email)})
	found := make([][]*stripe.Customer, len(written)+1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found[len(written)], err = c.customersLike(ctx, email)
		return err
	})
	for i, e := range written {
		group.Go(func() (err error) {
			found[i], err = c.customersWith(ctx, e)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, readFailed("customers by e-mail", err)
	}
	out := []Customer{}
	for i, several := range found {
		for _, sc := range several {
			one, err := customerOf(sc)
			if err != nil {
				return nil, readFailed("customers by e-mail", err)
			}
			one.Searched = i == len(written)
			out = append(out, one)
		}
	}
	byID := func(a, b Customer) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortStableFunc(out, byID) // those of lists stay before those of search
	return slices.CompactFunc(out, func(a, b Customer) bool { return a.ID == b.ID }), nil
}

// CustomersByName searches for customers whose name holds a text of at least
// three characters, newest first: at most limit of them. Search lags.
func (c *Client) CustomersByName(ctx context.Context, name string, limit int) (found []Customer, more bool, err error) {
	if err := checkLimit(limit); err != nil {
		return nil, false, err
	}
	if n := utf8.RuneCountInString(name); n < 3 || n > 100 {
		return nil, false, fault.Invalidf("give 3 to 100 characters of the name", "the name has %d characters", n)
	}
	p := &stripe.CustomerSearchParams{Expand: defaultCard("data.")}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(int64(limit))
	p.Query = `name~"` + quoted(name) + `"`
	it := c.customers.Search(p)
	if it.Err() != nil {
		return nil, false, readFailed("customers by name", it.Err())
	}
	found = []Customer{}
	for _, sc := range it.CustomerSearchResult().Data {
		one, err := customerOf(sc)
		if err != nil {
			return nil, false, readFailed("customers by name", err)
		}
		one.Searched = true
		found = append(found, one)
	}
	return found, it.CustomerSearchResult().HasMore, nil
}

// lower knows only A to Z: in Unicode's lower case the Kelvin sign becomes a k,
// and with it somebody else's address.
func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// checkEmail refuses what is no address; without one Stripe would list everybody.
func checkEmail(email string) error {
	name, host, ok := strings.Cut(email, "@")
	control := func(r rune) bool { return r <= ' ' || r == 0x7f }
	if !ok || name == "" || host == "" || len(email) > 512 || strings.ContainsFunc(email, control) {
		return fault.Invalidf("give one e-mail address", "this is no e-mail address")
	}
	return nil
}

func (c *Client) customersWith(ctx context.Context, email string) ([]*stripe.Customer, error) {
	id := func(sc *stripe.Customer) string { return sc.ID }
	return all(ctx, id, func(p stripe.ListParams) ([]*stripe.Customer, stripe.ListMeta, error) {
		it := c.customers.List(&stripe.CustomerListParams{ListParams: p, Email: &email, Expand: defaultCard("data.")})
		list := it.CustomerList()
		return list.Data, list.ListMeta, it.Err()
	})
}

// customersLike searches for an address in any case. Where an account cannot
// search, as in India, nobody is found this way.
func (c *Client) customersLike(ctx context.Context, email string) ([]*stripe.Customer, error) {
	p := &stripe.CustomerSearchParams{Expand: defaultCard("data.")}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(perPage)
	p.Query = `email:"` + quoted(email) + `"`
	it := c.customers.Search(p)
	if e, ok := errors.AsType[*stripe.Error](it.Err()); ok && e.HTTPStatusCode == http.StatusBadRequest {
		return nil, nil
	}
	if it.Err() != nil {
		return nil, it.Err()
	}
	same := func(sc *stripe.Customer) bool {
		return sc != nil && strings.Map(lower, sc.Email) == strings.Map(lower, email)
	}
	return slices.DeleteFunc(it.CustomerSearchResult().Data, func(sc *stripe.Customer) bool { return !same(sc) }), nil
}

// defaultCard lists both places of a default card, the second one being that of
// accounts from before payment methods.
func defaultCard(in string) []*string {
	return stripe.StringSlice([]string{in + "invoice_settings.default_payment_method", in + "default_source"})
}

func customerOf(sc *stripe.Customer) (Customer, error) {
	if sc == nil || sc.ID == "" {
		return Customer{}, odd("is not a customer")
	}
	out := Customer{
		ID: sc.ID, Name: sc.Name, Email: sc.Email, Delinquent: sc.Delinquent, Created: at(sc.Created), Discount: discountOf(sc.Discount, 1),
	}
	if s := sc.DefaultSource; s != nil && s.Card != nil {
		out.Card = &Card{Brand: string(s.Card.Brand), Last4: s.Card.Last4, ExpMonth: int(s.Card.ExpMonth), ExpYear: int(s.Card.ExpYear)}
	}
	if s := sc.InvoiceSettings; s != nil && cardOf(s.DefaultPaymentMethod) != nil {
		out.Card = cardOf(s.DefaultPaymentMethod)
	}
	if sc.Currency == "" && sc.Balance == 0 {
		return out, nil
	}
	var err error
	out.Balance, err = balance(sc.Balance, sc.Currency)
	out.Currency = out.Balance.Currency
	return out, err
}
