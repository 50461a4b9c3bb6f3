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
	Metadata          map[string]string
}

// Item is one price of a subscription. Seed the price before the subscription.
type Item struct {
	ID       string // "si_" and the subscription's own part of the id when ""
	Price    string
	Quantity int64 // 1 when 0
}

func (sub *Subscription) stamp() (string, time.Time) { return sub.ID, sub.Created }

// AddSubscription seeds a subscription.
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

// turn ends a subscription that was to end with its period, and otherwise takes
// it to its present period. It bills nothing: a story seeds the invoices it wants.
func (s *Server) turn(sub *Subscription, now time.Time) {
	for sub.Status == "active" || sub.Status == "trialing" {
		next := s.periodEnd(sub, sub.PeriodEnd)
		switch {
		case now.Before(sub.PeriodEnd):
			return
		case sub.CancelAtPeriodEnd:
			sub.Status, sub.EndedAt = "canceled", sub.PeriodEnd
		case !next.After(sub.PeriodEnd):
			return
		default:
			sub.Status, sub.PeriodStart, sub.PeriodEnd = "active", sub.PeriodEnd, next
		}
	}
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
		"currency":               "usd",
		"current_period_end":     sub.PeriodEnd.Unix(),
		"current_period_start":   sub.PeriodStart.Unix(),
		"customer":               sub.Customer,
		"default_payment_method": orNull(sub.PaymentMethod),
		"discount":               nil,
		"ended_at":               unix(sub.EndedAt),
		"items":                  s.renderItems(sub),
		"latest_invoice":         nil,
		"livemode":               false,
		"metadata":               pairs(sub.Metadata),
		"pause_collection":       nil,
		"schedule":               nil,
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
	for _, item := range sub.Items {
		if p, ok := s.prices.byID[item.Price]; ok {
			o["currency"] = p.Currency
		}
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
