package stripe

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"
)

const (
	perPage = 100 // the most Stripe gives (https://docs.stripe.com/api/pagination)
	pages   = 10  // of one list; more is an error, since half a list would be a wrong fact
)

// page asks Stripe for one page of a list.
type page[T any] func(stripe.ListParams) ([]*T, stripe.ListMeta, error)

// all reads a list to its end.
func all[T any](ctx context.Context, id func(*T) string, get page[T]) ([]*T, error) {
	var out []*T
	after := ""
	for range pages {
		on, more, err := get.read(ctx, perPage, after)
		if err != nil {
			return nil, err
		}
		out = append(out, on...)
		if !more {
			return out, nil
		}
		after = id(out[len(out)-1])
	}
	return nil, odd("has more than %d objects in a list", pages*perPage)
}

// between is a filter on when objects were made; nil without bounds.
func between(since, until time.Time) *stripe.RangeQueryParams {
	if since.IsZero() && until.IsZero() {
		return nil
	}
	r := &stripe.RangeQueryParams{}
	if !since.IsZero() {
		r.GreaterThanOrEqual = since.Unix()
	}
	if !until.IsZero() {
		r.LesserThan = until.Unix()
	}
	return r
}

// read asks for the page after an id, the first page for "". What is not a list
// is refused: it must not pass for an empty one.
func (get page[T]) read(ctx context.Context, limit int, after string) (on []*T, more bool, err error) {
	p := stripe.ListParams{Context: ctx, Single: true, Limit: stripe.Int64(int64(limit))}
	if after != "" {
		p.StartingAfter = &after
	}
	on, meta, err := get(p)
	switch {
	case err != nil:
		return nil, false, err
	case meta.URL == "", slices.Contains(on, nil), meta.HasMore && len(on) == 0:
		return nil, false, odd("is not a list")
	}
	return on, meta.HasMore, nil
}
