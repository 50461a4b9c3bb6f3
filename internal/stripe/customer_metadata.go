package stripe

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
)

// CustomersByMetadata finds the customers in whose metadata key has exactly the
// value, ordered by id. Only search can look for it, which lags by a minute or more
// (https://docs.stripe.com/search#data-freshness); where an account cannot search,
// as in India, nobody is found.
func (c *Client) CustomersByMetadata(ctx context.Context, key, value string) ([]Customer, error) {
	if key == "" || value == "" || len(value) > 500 {
		return nil, fault.Invalidf("give a key and a value of at most 500 characters", "this is no metadata to look for")
	}
	const what = "customers by metadata"
	p := &stripe.CustomerSearchParams{Expand: defaultCard("data.")}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(perPage)
	p.Query = `metadata["` + quoted(key) + `"]:"` + quoted(value) + `"`
	it := c.customers.Search(p)
	if e, ok := errors.AsType[*stripe.Error](it.Err()); ok && e.HTTPStatusCode == http.StatusBadRequest {
		return nil, nil
	}
	if it.Err() != nil {
		return nil, readFailed(what, it.Err())
	}
	out := []Customer{}
	for _, sc := range it.CustomerSearchResult().Data {
		if sc == nil || sc.Metadata[key] != value {
			continue // search may find what only resembles it, or what has changed since
		}
		one, err := customerOf(sc)
		if err != nil {
			return nil, readFailed(what, err)
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Customer) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// quoted is text for the inside of quotes in a search.
func quoted(text string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) }
