package stripeapi

import (
	"net/http"
	"time"
)

// updateSubscription sets or takes back the end with the period.
// See https://docs.stripe.com/api/subscriptions/update.
func (s *Server) updateSubscription(p *params) action {
	id := p.path("id")
	end, given := p.flag("cancel_at_period_end")
	say := p.cancellation()
	metadata := p.metadata()
	return func() (object, *apiError) {
		sub, err := s.subscriptions.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		if given && sub.ended() {
			return nil, invalid("", "cancel_at_period_end", "A canceled subscription can only update its cancellation_details and metadata.")
		}
		if given && end != sub.CancelAtPeriodEnd {
			sub.CancelAtPeriodEnd, sub.CanceledAt = end, time.Time{}
			if end {
				sub.CanceledAt = s.clock.Now()
			}
		}
		say(sub)
		sub.Metadata = metadata(sub.Metadata)
		return s.renderSubscription(sub), nil
	}
}

// cancelSubscription ends a subscription at once, for good and without money
// back. See https://docs.stripe.com/api/subscriptions/cancel.
func (s *Server) cancelSubscription(p *params) action {
	id := p.path("id")
	p.flag("invoice_now")
	p.flag("prorate")
	say := p.cancellation()
	return func() (object, *apiError) {
		sub, err := s.subscriptions.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		if sub.ended() {
			return nil, missing(http.StatusNotFound, "subscription", id, "id")
		}
		now := s.clock.Now()
		sub.Status, sub.CanceledAt, sub.EndedAt = "canceled", now, now
		say(sub)
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
