package stripeapi

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Subscription is a customer's standing order.
type Subscription struct {
	ID                string
	Customer          string
	Items             []Item
	Created           time.Time // the clock's now when zero
	Status            string    // "active" when "", or "trialing" when there is a TrialEnd
	PeriodStart       time.Time // Created when zero
	PeriodEnd         time.Time // one interval of the first item's price after PeriodStart when zero
	TrialEnd          time.Time
	CancelAtPeriodEnd bool
	CanceledAt        time.Time // when canceling was asked for
	EndedAt           time.Time
	PaymentMethod     string // the customer's default when ""
	Feedback, Comment string // of whoever canceled
	Discounts         []Discount
	TaxPercent        int64  // on top of the price, from the next period on
	Schedule          string // id of a schedule that will change it
	PausedCollection  string // how collection is paused: "void", "keep_as_draft" or "mark_uncollectible"
	Metadata          map[string]string
}

// Item is one price of a subscription. Seed the price before the subscription.
type Item struct {
	ID       string // "si_" and the subscription's own part of the id when ""
	Price    string
	Quantity int64 // 1 when 0
}

func (sub *Subscription) stamp() (string, time.Time) { return sub.ID, sub.Created }

// AddSubscription seeds a subscription, in its present period. What it was billed
// for before is what the story says: seeding bills nothing.
func (s *Server) AddSubscription(sub Subscription) {
	s.seed(func(now time.Time) {
		sub.Created = orNow(sub.Created, now)
		sub.PeriodStart = orNow(sub.PeriodStart, sub.Created)
		if !sub.TrialEnd.IsZero() {
			sub.Status = cmp.Or(sub.Status, "trialing")
			sub.PeriodEnd = orNow(sub.PeriodEnd, sub.TrialEnd)
		}
		sub.PeriodEnd = orNow(sub.PeriodEnd, s.periodEnd(&sub, sub.PeriodStart))
		sub.Status = cmp.Or(sub.Status, "active")
		sub.Metadata = maps.Clone(sub.Metadata)
		sub.Items = slices.Clone(sub.Items)
		s.catchUp(&sub, now)
		s.subscriptions.put(&sub)
	})
}

// Subscription is the subscription with this id.
func (s *Server) Subscription(id string) (Subscription, bool) {
	return one(s, s.subscriptions.byID, id)
}

// ended reports whether a subscription is over for good.
func (sub *Subscription) ended() bool {
	return sub.Status == "canceled" || sub.Status == "incomplete_expired"
}

// periodEnd is when a period that begins at start is over.
func (s *Server) periodEnd(sub *Subscription, start time.Time) time.Time {
	for _, item := range sub.Items {
		if p, ok := s.prices.byID[item.Price]; ok {
			return p.after(start)
		}
	}
	return start
}

// catchUp takes a subscription from the past to the period that runs now.
func (s *Server) catchUp(sub *Subscription, now time.Time) {
	for !sub.CancelAtPeriodEnd && (sub.Status == "active" || sub.Status == "trialing") && sub.PeriodEnd.Before(now) {
		next := s.periodEnd(sub, sub.PeriodEnd)
		if !next.After(sub.PeriodEnd) {
			return
		}
		sub.Status, sub.PeriodStart, sub.PeriodEnd = "active", sub.PeriodEnd, next
	}
}

// turn is what becomes of a subscription when its period is over: it ends if it
// was to end then, and is billed for the next period otherwise. nil is nothing.
func (s *Server) turn(sub *Subscription) (due time.Time, what func()) {
	next := s.periodEnd(sub, sub.PeriodEnd)
	switch {
	case sub.Status != "active" && sub.Status != "trialing":
		return due, nil
	case sub.CancelAtPeriodEnd:
		return sub.PeriodEnd, func() { s.end(sub, sub.PeriodEnd) }
	case !next.After(sub.PeriodEnd):
		return due, nil
	}
	return sub.PeriodEnd, func() { s.renew(sub, next, sub.PeriodEnd) }
}

// end ends a subscription for good.
func (s *Server) end(sub *Subscription, at time.Time) {
	sub.Status, sub.EndedAt = "canceled", at
	s.emit("customer.subscription.deleted", s.renderSubscription(sub))
}

// currencyOf is the currency of a subscription's prices.
func (s *Server) currencyOf(sub *Subscription) string {
	currency := "usd"
	for _, item := range sub.Items {
		if p, ok := s.prices.byID[item.Price]; ok {
			currency = p.Currency
		}
	}
	return currency
}

func (s *Server) listSubscriptions(p *params) action {
	customer, price := known(p, s.customers, "customer"), p.text("price")
	status := p.oneOf("status", "active", "all", "canceled", "ended", "incomplete",
		"incomplete_expired", "past_due", "paused", "trialing", "unpaid")
	return list(p, s.subscriptions, "/v1/subscriptions", func(sub *Subscription) bool {
		return wanted(customer, sub.Customer) && sub.is(status) &&
			(price == "" || slices.ContainsFunc(sub.Items, func(i Item) bool { return i.Price == price }))
	})
}

// is reports whether a list by status holds the subscription; without a status
// it holds all that have not been canceled.
func (sub *Subscription) is(status string) bool {
	switch status {
	case "all":
		return true
	case "ended":
		return sub.ended()
	case "":
		return sub.Status != "canceled"
	}
	return sub.Status == status
}

func (s *Server) renderSubscription(sub *Subscription) object {
	discount, discounts := s.renderDiscounts(sub.Discounts, sub.Customer, sub.ID)
	o := object{
		"id":                     sub.ID,
		"object":                 "subscription",
		"billing_cycle_anchor":   sub.PeriodStart.Unix(),
		"cancel_at":              nil,
		"cancel_at_period_end":   sub.CancelAtPeriodEnd,
		"canceled_at":            unix(sub.CanceledAt),
		"cancellation_details":   sub.cancellation(),
		"collection_method":      "charge_automatically",
		"created":                sub.Created.Unix(),
		"currency":               s.currencyOf(sub),
		"current_period_end":     sub.PeriodEnd.Unix(),
		"current_period_start":   sub.PeriodStart.Unix(),
		"customer":               sub.Customer,
		"default_payment_method": orNull(sub.PaymentMethod),
		"discount":               discount,
		"discounts":              discounts,
		"ended_at":               unix(sub.EndedAt),
		"items":                  s.renderItems(sub),
		"latest_invoice":         nil,
		"livemode":               false,
		"metadata":               pairs(sub.Metadata),
		"pause_collection":       nil,
		"schedule":               orNull(sub.Schedule),
		"start_date":             sub.Created.Unix(),
		"status":                 sub.Status,
		"trial_end":              unix(sub.TrialEnd),
		"trial_start":            nil,
	}
	if sub.CancelAtPeriodEnd {
		o["cancel_at"] = sub.PeriodEnd.Unix()
	}
	if !sub.TrialEnd.IsZero() {
		o["trial_start"] = sub.Created.Unix()
	}
	if sub.PausedCollection != "" {
		o["pause_collection"] = object{"behavior": sub.PausedCollection, "resumes_at": nil}
	}
	if invoice, ok := s.invoices.latest(func(i *Invoice) bool { return i.Subscription == sub.ID }); ok {
		o["latest_invoice"] = invoice.ID
	}
	return o
}

func (sub *Subscription) cancellation() object {
	o := object{"comment": orNull(sub.Comment), "feedback": orNull(sub.Feedback), "reason": nil}
	if sub.CancelAtPeriodEnd || sub.ended() {
		o["reason"] = "cancellation_requested"
	}
	return o
}
