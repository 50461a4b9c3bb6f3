package stripeapi

import (
	"cmp"
	"strconv"
	"time"
)

// Product is something that is sold.
type Product struct {
	ID          string
	Name        string
	Description string
	Created     time.Time // the clock's now when zero
	Archived    bool
}

func (p *Product) stamp() (string, time.Time) { return p.ID, p.Created }

// AddProduct seeds a product.
func (s *Server) AddProduct(p Product) {
	s.seed(func(now time.Time) {
		p.Created = orNow(p.Created, now)
		s.products.put(&p)
	})
}

func (s *Server) listProducts(p *params) action {
	active := p.text("active")
	return list(p, s.products, "/v1/products", func(pr *Product) bool {
		return wanted(active, strconv.FormatBool(!pr.Archived))
	})
}

func (s *Server) renderProduct(p *Product) object {
	return object{
		"id":            p.ID,
		"object":        "product",
		"active":        !p.Archived,
		"created":       p.Created.Unix(),
		"default_price": nil,
		"description":   orNull(p.Description),
		"images":        []string{},
		"livemode":      false,
		"metadata":      object{},
		"name":          p.Name,
		"type":          "service",
		"updated":       p.Created.Unix(),
	}
}

// Price is what a product costs, once or in every interval.
type Price struct {
	ID            string
	Product       string
	Nickname      string
	Amount        int64     // minor units, of one unit
	Currency      string    // "usd" when ""
	Interval      string    // "day", "week", "month" or "year"; "" is paid once
	IntervalCount int       // 1 when 0
	Created       time.Time // the clock's now when zero
	Archived      bool
}

func (p *Price) stamp() (string, time.Time) { return p.ID, p.Created }

// AddPrice seeds a price.
func (s *Server) AddPrice(p Price) {
	s.seed(func(now time.Time) {
		p.Created = orNow(p.Created, now)
		p.Currency = cmp.Or(p.Currency, "usd")
		p.IntervalCount = cmp.Or(p.IntervalCount, 1)
		s.prices.put(&p)
	})
}

// after is the end of a period that begins at t; t itself for a price paid once.
func (p *Price) after(t time.Time) time.Time {
	switch p.Interval {
	case "day":
		return t.AddDate(0, 0, p.IntervalCount)
	case "week":
		return t.AddDate(0, 0, 7*p.IntervalCount)
	case "month":
		return t.AddDate(0, p.IntervalCount, 0)
	case "year":
		return t.AddDate(p.IntervalCount, 0, 0)
	}
	return t
}

func (s *Server) renderPrice(p *Price) object {
	o := object{
		"id":                  p.ID,
		"object":              "price",
		"active":              !p.Archived,
		"billing_scheme":      "per_unit",
		"created":             p.Created.Unix(),
		"currency":            p.Currency,
		"livemode":            false,
		"lookup_key":          nil,
		"metadata":            object{},
		"nickname":            orNull(p.Nickname),
		"product":             p.Product,
		"recurring":           nil,
		"type":                "one_time",
		"unit_amount":         p.Amount,
		"unit_amount_decimal": strconv.FormatInt(p.Amount, 10),
	}
	if p.Interval != "" {
		o["type"] = "recurring"
		o["recurring"] = object{
			"aggregate_usage": nil, "interval": p.Interval, "interval_count": p.IntervalCount,
			"trial_period_days": nil, "usage_type": "licensed",
		}
	}
	return o
}
