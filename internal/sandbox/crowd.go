package sandbox

import (
	"fmt"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// Crowd adds many customers at Stripe and contacts in Intercom, the same ones every
// time. Each customer has a card that expires within two years, a payment and a
// subscription; the first ones have a contact, of which every second one names its customer and
// the others have only the same address.
func (s *Sandbox) Crowd(customers, contacts int) {
	sd := seeder{stripe: s.Stripe, intercom: s.Intercom, now: s.Clock.Now().Truncate(time.Second)}
	for i := range customers {
		sd.payerOfCrowd(i)
	}
	for i := range contacts {
		sd.contactOfCrowd(i)
	}
}

func (s seeder) payerOfCrowd(i int) {
	expires := s.now.AddDate(0, i%24, 0)
	since := s.ago(time.Duration(30+i%700) * day)
	id := fmt.Sprintf("cus_crowd%06d", i)
	s.stripe.AddCustomer(stripeapi.Customer{
		ID: id, Name: fmt.Sprintf("Customer %d", i), Email: addressOfCrowd(i), Currency: "eur", Created: since, Delinquent: i%40 == 0,
		Card: &stripeapi.Card{Brand: []string{"visa", "mastercard"}[i%2], Last4: fmt.Sprintf("%04d", i%10000), ExpMonth: int(expires.Month()), ExpYear: expires.Year()},
	})
	s.paid(fmt.Sprintf("ch_crowd%06d", i), id, 2000, time.Duration(i%30)*day, "Team monthly")
	s.stripe.AddSubscription(s.planOfCrowd(i, id, since))
	if i%40 == 0 {
		s.stripe.AddCharge(stripeapi.Charge{
			ID: fmt.Sprintf("ch_crowd%06d_again", i), Customer: id, Amount: 2000, Currency: "eur", Created: s.ago(time.Duration(i%14) * day),
			Status: "failed", FailureCode: "expired_card", FailureMessage: "Your card has expired.", Description: "Team monthly",
		})
	}
}

// planOfCrowd is a subscription: a quarter are past due, and of each hundred one is
// to be cancelled, one was cancelled within the month, and one is still on trial.
func (s seeder) planOfCrowd(i int, customer string, since time.Time) stripeapi.Subscription {
	sub := stripeapi.Subscription{
		ID: fmt.Sprintf("sub_crowd%06d", i), Customer: customer, Created: since,
		Status: []string{"active", "active", "active", "past_due"}[i%4],
		Items:  []stripeapi.Item{{Price: []string{monthlyPlan, annualPlan}[i%3/2]}},
	}
	switch i % 100 {
	case 1:
		sub.CancelAtPeriodEnd, sub.CanceledAt, sub.PeriodStart = true, s.ago(2*day), s.ago(5*day)
	case 2:
		sub.Status, sub.CanceledAt, sub.EndedAt = "canceled", s.ago(time.Duration(1+i/100%28)*day), s.ago(time.Duration(1+i/100%28)*day)
	case 5:
		sub.Status, sub.TrialEnd = "trialing", s.now.Add(time.Duration(1+i/100%14)*day)
	}
	return sub
}

func (s seeder) contactOfCrowd(i int) {
	c := intercomapi.Contact{
		ID: fmt.Sprintf("64f1%020d", i), Name: fmt.Sprintf("Customer %d", i), Email: addressOfCrowd(i),
		ExternalID: fmt.Sprintf("crowd-%d", i), Created: s.ago(time.Duration(30+i%700) * day),
	}
	if i%2 == 0 {
		c.CustomAttributes = map[string]any{"stripe_customer_id": fmt.Sprintf("cus_crowd%06d", i)}
	}
	s.intercom.AddContact(c)
}

func addressOfCrowd(i int) string { return fmt.Sprintf("customer%d@crowd.example", i) }
