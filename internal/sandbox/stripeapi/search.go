package stripeapi

import (
	"encoding/base64"
	"slices"
	"time"
)

// SetSearchLag sets how long a customer stays out of the search index after
// being created. Lists are immediate, as Stripe's are.
func (s *Server) SetSearchLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = d
}

// searchCustomers follows https://docs.stripe.com/api/customers/search.
func (s *Server) searchCustomers(p *params) action {
	limit, next := p.limit(), p.text("page")
	text := p.text("query")
	if text == "" {
		p.refuse(invalid("parameter_missing", "query", "Missing required param: query."))
	}
	match, err := parseQuery(text)
	if err != nil {
		p.refuse(invalid("", "query", "We were unable to parse your search query: %v.", err))
	}
	return func() (object, *apiError) {
		indexed := s.clock.Now().Add(-s.lag)
		rows := s.customers.newest(func(c *Customer) bool {
			return !c.Deleted && !c.Created.After(indexed) && match(c)
		})
		if next != "" {
			rows = rows[resume(rows, next):]
		}
		shown := rows[:min(limit, len(rows))]
		o := listing(s.customers, "/v1/customers/search", shown, len(shown) < len(rows))
		o["object"], o["next_page"] = "search_result", nil
		if len(shown) < len(rows) {
			o["next_page"] = pageToken(shown[len(shown)-1].ID)
		}
		return o, nil
	}
}

// pageToken names the last customer of a page, in a form that invites nobody to read it.
func pageToken(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

// resume is where the page after a token begins; a token that fits nothing leads
// to the end of the results.
func resume(rows []*Customer, token string) int {
	i := slices.IndexFunc(rows, func(c *Customer) bool { return pageToken(c.ID) == token })
	if i < 0 {
		return len(rows)
	}
	return i + 1
}
