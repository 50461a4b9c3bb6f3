package stripeapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Coupon is a rebate that subscriptions and customers can be given.
type Coupon struct {
	ID         string
	Name       string
	PercentOff float64 // 0 to 100; or else
	AmountOff  int64   // minor units
	Currency   string  // of AmountOff; "usd" when ""
	Duration   string  // "once" when "", or "forever", "repeating"
	Months     int     // of "repeating"
	RedeemBy   time.Time
	MaxTimes   int // redemptions in all; 0 is no limit
	Times      int // redeemed so far
	Created    time.Time
	Deleted    bool // nobody can redeem it any more
}

func (c *Coupon) stamp() (string, time.Time) { return c.ID, c.Created }

// AddCoupon seeds a coupon.
func (s *Server) AddCoupon(c Coupon) {
	s.seed(func(now time.Time) {
		c.Created = orNow(c.Created, now)
		c.Duration = cmp.Or(c.Duration, "once")
		c.Currency = cmp.Or(c.Currency, "usd")
		s.coupons.put(&c)
	})
}

// valid reports whether a coupon can still be redeemed.
func (c *Coupon) valid(now time.Time) bool {
	return !c.Deleted && (c.RedeemBy.IsZero() || now.Before(c.RedeemBy)) && (c.MaxTimes == 0 || c.Times < c.MaxTimes)
}

// off is what the coupon takes from an amount, never more than there is.
func (c *Coupon) off(minor int64) int64 {
	if c.PercentOff > 0 {
		return min(minor, int64(float64(minor)*c.PercentOff/100+0.5))
	}
	return min(minor, c.AmountOff)
}

func (s *Server) listCoupons(p *params) action {
	return list(p, s.coupons, "/v1/coupons", func(c *Coupon) bool { return !c.Deleted })
}

func (s *Server) renderCoupon(c *Coupon) object {
	o := object{
		"id":                 c.ID,
		"object":             "coupon",
		"amount_off":         orNull(c.AmountOff),
		"created":            c.Created.Unix(),
		"currency":           nil,
		"duration":           c.Duration,
		"duration_in_months": orNull(c.Months),
		"livemode":           false,
		"max_redemptions":    orNull(c.MaxTimes),
		"metadata":           object{},
		"name":               orNull(c.Name),
		"percent_off":        orNull(c.PercentOff),
		"redeem_by":          unix(c.RedeemBy),
		"times_redeemed":     c.Times,
		"valid":              c.valid(s.clock.Now()),
	}
	if c.AmountOff > 0 {
		o["currency"] = c.Currency
	}
	return o
}

// PromotionCode is a word by which customers can redeem a coupon.
type PromotionCode struct {
	ID        string
	Code      string // compared without regard to case
	Coupon    string // id
	Customer  string // the only one who can redeem it; "" is everybody
	Inactive  bool
	Expires   time.Time
	MaxTimes  int // 0 is no limit
	Times     int
	FirstTime bool  // for customers who have never paid
	Least     int64 // minor units that must be paid; 0 is no bound
	Currency  string
	Created   time.Time
	Metadata  map[string]string
}

func (c *PromotionCode) stamp() (string, time.Time) { return c.ID, c.Created }

// AddPromotionCode seeds a promotion code. Seed its coupon first.
func (s *Server) AddPromotionCode(c PromotionCode) {
	s.seed(func(now time.Time) {
		c.Created = orNow(c.Created, now)
		c.Metadata = maps.Clone(c.Metadata)
		s.promotionCodes.put(&c)
	})
}

// active reports whether anybody can still redeem a code.
func (s *Server) active(c *PromotionCode) bool {
	now := s.clock.Now()
	coupon, ok := s.coupons.byID[c.Coupon]
	return ok && coupon.valid(now) && !c.Inactive && (c.Expires.IsZero() || now.Before(c.Expires)) &&
		(c.MaxTimes == 0 || c.Times < c.MaxTimes)
}

func (s *Server) listPromotionCodes(p *params) action {
	code, customer, coupon := p.text("code"), known(p, s.customers, "customer"), known(p, s.coupons, "coupon")
	active, given := p.flag("active")
	return list(p, s.promotionCodes, "/v1/promotion_codes", func(c *PromotionCode) bool {
		return (code == "" || strings.EqualFold(code, c.Code)) && wanted(customer, c.Customer) && wanted(coupon, c.Coupon) &&
			(!given || active == s.active(c))
	})
}

func (s *Server) renderPromotionCode(c *PromotionCode) object {
	o := object{
		"id":              c.ID,
		"object":          "promotion_code",
		"active":          s.active(c),
		"code":            c.Code,
		"coupon":          s.inside(s.coupons.object(c.Coupon)),
		"created":         c.Created.Unix(),
		"customer":        orNull(c.Customer),
		"expires_at":      unix(c.Expires),
		"livemode":        false,
		"max_redemptions": orNull(c.MaxTimes),
		"metadata":        pairs(c.Metadata),
		"restrictions": object{
			"first_time_transaction": c.FirstTime, "minimum_amount": orNull(c.Least), "minimum_amount_currency": nil,
		},
		"times_redeemed": c.Times,
	}
	if c.Least > 0 {
		o["restrictions"].(object)["minimum_amount_currency"] = cmp.Or(c.Currency, "usd")
	}
	return o
}

// inside is an object where Stripe puts it whole; null when there is none.
func (s *Server) inside(o object) any {
	if o == nil {
		return nil
	}
	return o
}

// redeemable is the coupon behind a coupon or promotion code that a customer
// asks for, or Stripe's refusal. See https://docs.stripe.com/billing/subscriptions/coupons.
func (s *Server) redeemable(coupon, code, customer, param string) (*Coupon, *apiError) {
	if code == "" {
		return s.coupon(coupon, param)
	}
	c, err := s.promotionCodes.find(code, param, http.StatusBadRequest)
	if err != nil {
		return nil, err
	}
	paid := slices.ContainsFunc(s.charges.rows, func(ch *Charge) bool { return ch.Customer == customer && ch.captured() })
	switch {
	case !s.active(c):
		return nil, invalid("promotion_code_expired", param, "This promotion code is no longer active.")
	case c.Customer != "" && c.Customer != customer, c.FirstTime && paid:
		return nil, invalid("", param, "This promotion code cannot be redeemed because the associated customer does not meet its restrictions.")
	}
	return s.coupon(c.Coupon, param)
}

func (s *Server) coupon(id, param string) (*Coupon, *apiError) {
	c, err := s.coupons.find(id, param, http.StatusBadRequest)
	switch {
	case err != nil:
		return nil, err
	case c.Deleted:
		return nil, missing(http.StatusBadRequest, "coupon", id, param)
	case !c.valid(s.clock.Now()):
		return nil, invalid("coupon_expired", param, "Coupon %s is expired and cannot be applied.", id)
	}
	return c, nil
}
