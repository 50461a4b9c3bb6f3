package stripeapi

import (
	"cmp"
	"math"
	"net/http"
)

// createIntent charges a card at once: intents that are confirmed later are not
// modelled. See https://docs.stripe.com/api/payment_intents/create.
func (s *Server) createIntent(p *params) action {
	amount := p.integer("amount", 1, math.MaxInt64, 0)
	customer, currency, method := known(p, s.customers, "customer"), p.text("currency"), p.text("payment_method")
	description, metadata := p.text("description"), p.metadata()(nil)
	confirm, _ := p.flag("confirm")
	p.flag("off_session")
	p.array("payment_method_types")
	switch {
	case amount == 0 || currency == "":
		p.refuse(invalid("parameter_missing", "amount", "Missing required param: amount or currency."))
	case !confirm || method == "":
		p.refuse(invalid("", "confirm", "The sandbox makes payment intents with confirm=true and a payment method only."))
	}
	return func() (object, *apiError) {
		m, err := s.method(method, customer)
		if err != nil {
			return nil, err
		}
		c := &Charge{
			ID: s.next("ch"), Customer: customer, PaymentIntent: s.next("pi"), Amount: amount, Currency: currency,
			Created: s.clock.Now(), PaymentMethod: m.ID, Description: description, Metadata: metadata,
		}
		if c.FailureCode, c.FailureMessage = m.Card.decline(c.Created); c.FailureCode != "" {
			c.Status, c.Outcome.Reason = "failed", cmp.Or(m.Card.Declines, c.FailureCode)
		}
		s.keepCharge(c)
		s.intents.byID[c.PaymentIntent].Metadata = metadata
		if c.Status == "failed" {
			s.emit("charge.failed", s.renderCharge(c))
			return nil, declined(c)
		}
		s.emit("charge.succeeded", s.renderCharge(c))
		return s.intents.object(c.PaymentIntent), nil
	}
}

// createSubscription begins a subscription and takes its first payment; one whose
// payment fails is refused. Both billing modes behave alike here.
// See https://docs.stripe.com/api/subscriptions/create.
func (s *Server) createSubscription(p *params) action {
	customer, price := known(p, s.customers, "customer"), known(p, s.prices, "items[0][price]")
	metadata := p.metadata()(nil)
	p.oneOf("payment_behavior", "error_if_incomplete")
	p.oneOf("billing_mode[type]", "classic", "flexible")
	if customer == "" || price == "" {
		p.refuse(invalid("parameter_missing", "items", "Missing required param: customer or items."))
	}
	return func() (object, *apiError) {
		c, of := s.customers.byID[customer], s.prices.byID[price]
		if s.paymentMethods.byID[c.Default] == nil {
			return nil, invalid("resource_missing", "", "This customer has no attached payment source or default payment method.")
		}
		now := s.clock.Now()
		sub := &Subscription{
			ID: s.next("sub"), Customer: customer, Items: []Item{{Price: price}}, Created: now, Status: "active",
			PeriodStart: now, PeriodEnd: of.after(now), Metadata: metadata,
		}
		s.subscriptions.put(sub)
		c.Currency = cmp.Or(c.Currency, of.Currency)
		i := s.bill(sub, now)
		i.Reason = "subscription_create"
		s.collect(i, now)
		if i.Status != "paid" {
			s.end(sub, now)
			return nil, &apiError{Status: http.StatusPaymentRequired, Type: cardTrouble, Code: "card_declined", Message: "Your card was declined."}
		}
		s.emit("customer.subscription.created", s.renderSubscription(sub))
		return s.renderSubscription(sub), nil
	}
}

// createCoupon follows https://docs.stripe.com/api/coupons/create, in whole percents.
func (s *Server) createCoupon(p *params) action {
	percent, off := p.integer("percent_off", 1, 100, 0), p.integer("amount_off", 1, math.MaxInt64, 0)
	currency, name := p.text("currency"), p.text("name")
	duration := cmp.Or(p.oneOf("duration", "once", "forever"), "once")
	p.metadata()
	if (percent == 0) == (off == 0) || (off == 0) != (currency == "") {
		p.refuse(invalid("", "percent_off", "You must pass either percent_off, or amount_off with currency."))
	}
	return func() (object, *apiError) {
		c := &Coupon{
			ID: s.next("coupon"), Name: name, PercentOff: float64(percent), AmountOff: off, Currency: currency,
			Duration: duration, Created: s.clock.Now(),
		}
		s.coupons.put(c)
		return s.renderCoupon(c), nil
	}
}

func (s *Server) deleteCoupon(p *params) action {
	id := p.path("id")
	return func() (object, *apiError) {
		c, err := s.coupons.find(id, "id", http.StatusNotFound)
		if err != nil || c.Deleted {
			return nil, missing(http.StatusNotFound, "coupon", id, "id")
		}
		c.Deleted = true
		return object{"id": id, "object": "coupon", "deleted": true}, nil
	}
}

func (s *Server) createPromotionCode(p *params) action {
	coupon, code := known(p, s.coupons, "coupon"), p.text("code")
	metadata := p.metadata()(nil)
	if coupon == "" {
		p.refuse(invalid("parameter_missing", "coupon", "Missing required param: coupon."))
	}
	return func() (object, *apiError) {
		c := &PromotionCode{ID: s.next("promo"), Coupon: coupon, Created: s.clock.Now(), Metadata: metadata}
		c.Code = cmp.Or(code, c.ID)
		s.promotionCodes.put(c)
		return s.renderPromotionCode(c), nil
	}
}

// updatePromotionCode takes a code out of use: codes cannot be deleted.
func (s *Server) updatePromotionCode(p *params) action {
	id := p.path("id")
	active, given := p.flag("active")
	return func() (object, *apiError) {
		c, err := s.promotionCodes.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		c.Inactive = given && !active
		return s.renderPromotionCode(c), nil
	}
}
