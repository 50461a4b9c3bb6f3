package sandbox

import (
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// subscriptions are stories about plans and cards.
func subscriptions() []Story {
	return []Story{
		{Name: "card-expiring", Summary: "the card expires this month", seed: func(s seeder, st Story) {
			s.stripe.AddCustomer(stripeapi.Customer{
				ID: "cus_ben", Name: "Ben Archer", Email: "ben.archer@example.com", Currency: "eur", Created: s.ago(400 * day),
				Card: &stripeapi.Card{Brand: "mastercard", Last4: "4444", ExpMonth: int(s.now.Month()), ExpYear: s.now.Year()},
			})
			s.contact(st, intercomapi.Contact{Name: "Ben Archer", Email: "ben.archer@example.com", ExternalID: "user-ben"})
			s.paid("ch_ben_1", "cus_ben", 2000, 25*day, "Team monthly")
			s.subscribed("sub_ben", "cus_ben", monthlyPlan, 25*day)
			s.asks(st, "You mailed me that my card will not work next time. Which card do you mean?")
		}},
		{Name: "trialing", Summary: "still in the trial, nothing paid", seed: func(s seeder, st Story) {
			s.person(st, "cus_kim", "Kim Duval", "kim.duval@example.com")
			s.stripe.AddSubscription(stripeapi.Subscription{
				ID: "sub_kim", Customer: "cus_kim", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(6 * day), TrialEnd: s.now.Add(8 * day),
			})
			s.asks(st, "Please refund my trial, I do not want to continue.")
		}},
		{Name: "past-due", Summary: "a renewal that could not be charged", seed: func(s seeder, st Story) {
			s.person(st, "cus_rosa", "Rosa Lind", "rosa.lind@example.com")
			s.paid("ch_rosa_1", "cus_rosa", 2000, 36*day, "Team monthly")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_rosa_2", PaymentIntent: "pi_rosa_2", Customer: "cus_rosa", Amount: 2000, Currency: "eur", Created: s.ago(5 * day),
				Status: "failed", FailureCode: "expired_card", FailureMessage: "Your card has expired.", Description: "Team monthly",
			})
			s.stripe.AddSubscription(stripeapi.Subscription{
				ID: "sub_rosa", Customer: "cus_rosa", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(36 * day), Status: "past_due", PeriodStart: s.ago(5 * day),
			})
			s.asks(st, "My workspace says 'payment overdue'. What do I have to do?")
		}},
	}
}

// subscribed adds an active subscription that began with a payment.
func (s seeder) subscribed(id, customer, price string, ago time.Duration) {
	s.stripe.AddSubscription(stripeapi.Subscription{ID: id, Customer: customer, Items: []stripeapi.Item{{Price: price}}, Created: s.ago(ago)})
}
