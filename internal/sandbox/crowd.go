package sandbox

import (
	"fmt"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// Crowd adds many customers at Stripe and contacts in Intercom, the same ones every
// time. Each customer has a card that expires within two years and a subscription;
// the first ones have a contact, of which every second one names its customer and
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
	s.stripe.AddSubscription(stripeapi.Subscription{
		ID: fmt.Sprintf("sub_crowd%06d", i), Customer: id, Created: since,
		Status: []string{"active", "active", "active", "past_due"}[i%4],
		Items:  []stripeapi.Item{{Price: []string{monthlyPlan, annualPlan}[i%3/2]}},
	})
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
