package stripe

import (
	"context"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
)

// productsFresh is how long the name of a product is believed.
const productsFresh = time.Hour

// products remembers the names of products. They cannot come with subscriptions:
// they lie one level deeper than a list can be expanded
// (https://docs.stripe.com/expand#how-it-works). The zero value knows none. Safe
// for concurrent use.
type products struct {
	mu    sync.Mutex
	names map[string]string // by id; "" for a product that was deleted
	until time.Time
}

func (p *products) fresh(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until)
}

func (p *products) learn(names map[string]string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names, p.until = names, until
}

func (p *products) add(id, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.names[id] = name
}

func (p *products) name(id string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, ok := p.names[id]
	return name, ok
}

// learnProducts reads the names of the newest hundred products, unless they are known.
func (c *Client) learnProducts(ctx context.Context) error {
	now := c.now()
	if c.known.fresh(now) {
		return nil
	}
	list := page[stripe.Product](func(p stripe.ListParams) ([]*stripe.Product, stripe.ListMeta, error) {
		it := c.products.List(&stripe.ProductListParams{ListParams: p})
		on := it.ProductList()
		return on.Data, on.ListMeta, it.Err()
	})
	found, _, err := list.read(ctx, perPage, "")
	if err != nil {
		return readFailed("products", err)
	}
	names := make(map[string]string, len(found))
	for _, p := range found {
		names[p.ID] = p.Name
	}
	c.known.learn(names, now.Add(productsFresh))
	return nil
}

// productNames are the names of all products of the subscriptions. Those that
// were not learned are read one by one.
func (c *Client) productNames(ctx context.Context, subs []*stripe.Subscription) (map[string]string, error) {
	names := map[string]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, s := range subs {
		for _, p := range prices(s) {
			id := p.Product.ID
			if _, asked := names[id]; asked {
				continue
			}
			name, ok := c.known.name(id)
			if names[id] = name; !ok {
				group.Go(func() error { return c.readProduct(ctx, id) })
			}
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for id := range names {
		names[id], _ = c.known.name(id)
	}
	return names, nil
}

func (c *Client) readProduct(ctx context.Context, id string) error {
	p := &stripe.ProductParams{}
	p.Context = ctx
	sp, err := c.products.Get(id, p)
	if err == nil {
		c.known.add(id, sp.Name)
		return nil
	}
	if err = readFailed("product "+word(id), err); fault.CodeOf(err) == fault.NotFound {
		c.known.add(id, "")
		return nil
	}
	return err
}
