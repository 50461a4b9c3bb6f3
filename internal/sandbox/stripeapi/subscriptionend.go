package stripeapi

import (
	"net/http"
	"time"
)

// updateSubscription sets or takes back the end with the period, and replaces discounts.
// See https://docs.stripe.com/api/subscriptions/update.
func (s *Server) updateSubscription(p *params) action {
	id := p.path("id")
	end, given := p.flag("cancel_at_period_end")
	say := p.cancellation()
	metadata := p.metadata()
	wishes, cleared := p.discounts()
	p.oneOf("proration_behavior", "always_invoice", "create_prorations", "none")
	return func() (object, *apiError) {
		sub, err := s.subscriptions.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		if (given || cleared || len(wishes) > 0) && sub.ended() {
			return nil, invalid("", "cancel_at_period_end", "A canceled subscription can only update its cancellation_details and metadata.")
		}
		discounts, err := s.discounted(sub, wishes)
		if err != nil {
			return nil, err
		}
		if cleared || len(wishes) > 0 {
			sub.Discounts = discounts(s.clock.Now())
		}
		if given && end != sub.CancelAtPeriodEnd {
			sub.CancelAtPeriodEnd, sub.CanceledAt = end, time.Time{}
			if end {
				sub.CanceledAt = s.clock.Now()
			}
		}
		say(sub)
		sub.Metadata = metadata(sub.Metadata)
		s.emit("customer.subscription.updated", s.renderSubscription(sub))
		return s.renderSubscription(sub), nil
	}
}

// cancelSubscription ends a subscription at once, for good, and stops collecting
// its open invoices. No money goes back to a card: prorate makes the unused time
// a credit on the next invoice, which invoice_now makes at once.
// See https://docs.stripe.com/api/subscriptions/cancel.
func (s *Server) cancelSubscription(p *params) action {
	id := p.path("id")
	now, _ := p.flag("invoice_now")
	prorate, _ := p.flag("prorate")
	say := p.cancellation()
	return func() (object, *apiError) {
		sub, err := s.subscriptions.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		if sub.ended() {
			return nil, missing(http.StatusNotFound, "subscription", id, "id")
		}
		sub.CanceledAt = s.clock.Now()
		say(sub)
		if prorate {
			s.prorate(sub, sub.CanceledAt)
		}
		if now {
			s.billPending(sub, sub.CanceledAt)
		}
		for _, i := range s.invoices.rows {
			if i.Subscription == sub.ID && i.Status == "open" {
				i.NextTry = time.Time{}
			}
		}
		s.end(sub, sub.CanceledAt)
		return s.renderSubscription(sub), nil
	}
}

// cancellation reads what the customer said about leaving.
func (p *params) cancellation() func(*Subscription) {
	comment, said := p.raw("cancellation_details[comment]")
	feedback := p.oneOf("cancellation_details[feedback]", "customer_service", "low_quality",
		"missing_features", "other", "switched_service", "too_complex", "too_expensive", "unused")
	return func(sub *Subscription) {
		if said {
			sub.Comment = comment
		}
		if feedback != "" {
			sub.Feedback = feedback
		}
	}
}
