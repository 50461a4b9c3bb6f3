package stripeapi

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Discount is a coupon at work on a subscription or a customer.
type Discount struct {
	ID            string
	Coupon        string
	PromotionCode string
	Start, End    time.Time // End zero: for ever, or until it was used once
}

// runs reports whether a discount still takes something off.
func (d Discount) runs(now time.Time) bool { return d.End.IsZero() || now.Before(d.End) }

// discount makes a discount from a coupon and counts the redemption.
func (s *Server) discount(c *Coupon, code string, now time.Time) Discount {
	c.Times++
	if p, ok := s.promotionCodes.byID[code]; ok {
		p.Times++
	}
	d := Discount{ID: s.next("di"), Coupon: c.ID, PromotionCode: code, Start: now}
	if c.Duration == "repeating" {
		d.End = now.AddDate(0, c.Months, 0)
	}
	return d
}

// wish is one member of discounts[]: exactly one of the three is given.
type wish struct{ coupon, code, discount string }

// discounts reads discounts[0][coupon], discounts[0][promotion_code] and
// discounts[0][discount]; cleared says that an empty string takes all away.
// What is given replaces what was there (https://docs.stripe.com/api/subscriptions/update).
func (p *params) discounts() (wishes []wish, cleared bool) {
	if text, given := p.raw("discounts"); given {
		if text != "" {
			p.refuse(invalid("", "discounts", "Invalid array"))
		}
		return nil, true
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("discounts[%d]", i)
		w := wish{p.text(name + "[coupon]"), p.text(name + "[promotion_code]"), p.text(name + "[discount]")}
		if w == (wish{}) {
			return wishes, false
		}
		if strings.Count(fmt.Sprint(w.coupon != "", w.code != "", w.discount != ""), "true") > 1 {
			p.refuse(invalid("", name, "You may only specify one of these parameters: coupon, promotion_code, discount."))
		}
		wishes = append(wishes, w)
	}
}

// discounted works out what replaces a subscription's discounts. Nothing has
// changed when it refuses.
func (s *Server) discounted(sub *Subscription, wishes []wish) (func(now time.Time) []Discount, *apiError) {
	coupons := make([]*Coupon, len(wishes))
	for i, w := range wishes {
		if w.discount != "" {
			if !slices.ContainsFunc(sub.Discounts, func(d Discount) bool { return d.ID == w.discount }) {
				return nil, missing(400, "discount", w.discount, fmt.Sprintf("discounts[%d][discount]", i))
			}
			continue
		}
		c, err := s.redeemable(w.coupon, w.code, sub.Customer, fmt.Sprintf("discounts[%d]", i))
		if err != nil {
			return nil, err
		}
		if c.AmountOff > 0 && c.Currency != s.currencyOf(sub) {
			return nil, invalid("", fmt.Sprintf("discounts[%d]", i), "The coupon's currency (%s) does not match the subscription's (%s).", c.Currency, s.currencyOf(sub))
		}
		coupons[i] = c
	}
	return func(now time.Time) []Discount {
		out := []Discount{}
		for i, w := range wishes {
			if w.discount != "" {
				out = append(out, sub.Discounts[slices.IndexFunc(sub.Discounts, func(d Discount) bool { return d.ID == w.discount })])
				continue
			}
			out = append(out, s.discount(coupons[i], w.code, now))
		}
		return out
	}, nil
}

// off is what discounts take from an amount, one after the other, and those that
// are left once they have.
func (s *Server) off(minor int64, all []Discount, now time.Time) (sum int64, left []Discount) {
	for _, d := range all {
		c, ok := s.coupons.byID[d.Coupon]
		if !ok || !d.runs(now) {
			continue
		}
		sum += c.off(minor - sum)
		if c.Duration != "once" {
			left = append(left, d)
		}
	}
	return sum, left
}

// renderDiscounts gives what is written as discount and as discounts: the whole
// of the first, and the ids of all.
func (s *Server) renderDiscounts(all []Discount, customer, subscription string) (one any, ids []string) {
	ids = []string{}
	for _, d := range all {
		if !d.runs(s.clock.Now()) {
			continue
		}
		if one == nil {
			one = s.renderDiscount(d, customer, subscription)
		}
		ids = append(ids, d.ID)
	}
	return one, ids
}

func (s *Server) renderDiscount(d Discount, customer, subscription string) object {
	return object{
		"id":               d.ID,
		"object":           "discount",
		"checkout_session": nil,
		"coupon":           s.inside(s.coupons.object(d.Coupon)),
		"customer":         orNull(customer),
		"end":              unix(d.End),
		"invoice":          nil,
		"invoice_item":     nil,
		"promotion_code":   orNull(d.PromotionCode),
		"start":            d.Start.Unix(),
		"subscription":     orNull(subscription),
	}
}

// discountObject finds a subscription's or customer's discount by its id.
func (s *Server) discountObject(id string) object {
	for _, sub := range s.subscriptions.rows {
		for _, d := range sub.Discounts {
			if d.ID == id {
				return s.renderDiscount(d, sub.Customer, sub.ID)
			}
		}
	}
	for _, c := range s.customers.rows {
		for _, d := range c.Discounts {
			if d.ID == id {
				return s.renderDiscount(d, c.ID, "")
			}
		}
	}
	return nil
}

// expandIDs puts objects in the place of a list of ids.
func (s *Server) expandIDs(kind string, ids []string) []object {
	out := make([]object, 0, len(ids))
	for _, id := range ids {
		out = append(out, s.load(kind, id))
	}
	return out
}
