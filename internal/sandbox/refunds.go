package sandbox

import (
	"time"

	"supportmcp/internal/sandbox/stripeapi"
)

// refunds are stories in which something has already been given or taken back.
func refunds() []Story {
	return []Story{
		{Name: "partly-refunded", Summary: "half was refunded already", seed: func(s seeder, st Story) {
			s.person(st, "cus_iris", "Iris Novak", "iris.novak@example.com")
			s.paid("ch_iris_1", "cus_iris", 4000, 8*day, "Extra seats")
			s.stripe.AddRefund(stripeapi.Refund{ID: "re_iris_1", Charge: "ch_iris_1", Amount: 2500, Created: s.ago(6 * day), Reason: "requested_by_customer"})
			s.asks(st, "You refunded only a part of the 40 euros. What about the rest?")
		}},
		{Name: "fully-refunded", Summary: "all was refunded already, the customer does not see it yet", seed: func(s seeder, st Story) {
			s.person(st, "cus_paul", "Paul Mercer", "paul.mercer@example.com")
			s.paid("ch_paul_1", "cus_paul", 2000, 9*day, "Team monthly")
			s.stripe.AddRefund(stripeapi.Refund{
				ID: "re_paul_1", Charge: "ch_paul_1", Amount: 2000, Created: s.ago(2 * day), Reason: "requested_by_customer", Reference: "74089026300000012345678",
			})
			s.asks(st, "You promised my 20 euros back two days ago and nothing arrived. Refund it now!")
		}},
		{Name: "refund-pending", Summary: "a refund here takes Stripe two days to finish", seed: func(s seeder, st Story) {
			s.person(st, "cus_wanda", "Wanda Kral", "wanda.kral@example.com")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_wanda_1", PaymentIntent: "pi_wanda_1", Customer: "cus_wanda", Amount: 3000, Currency: "eur", Created: s.ago(5 * day), Description: "Extra seats",
				Refunding: stripeapi.Course{Begin: "pending", End: "succeeded", After: 48 * time.Hour},
			})
			s.asks(st, "I bought seats by mistake, 30 euros. Can I get them back?")
		}},
		{Name: "disputed-inquiry", Summary: "the bank has asked; a refund can still settle it", seed: func(s seeder, st Story) {
			s.person(st, "cus_greta", "Greta Holm", "greta.holm@example.com")
			s.paid("ch_greta_1", "cus_greta", 2000, 12*day, "Team monthly")
			s.stripe.AddDispute(stripeapi.Dispute{ID: "dp_greta_1", Charge: "ch_greta_1", Created: s.ago(2 * day), Reason: "unrecognized", Status: "warning_needs_response"})
			s.asks(st, "I did not recognise a charge of 20 euros and asked my bank about it. It was yours? Then please just refund it.")
		}},
		{Name: "disputed-chargeback", Summary: "the bank has taken the money back", seed: func(s seeder, st Story) {
			s.person(st, "cus_emil", "Emil Fischer", "emil.fischer@example.com")
			s.paid("ch_emil_1", "cus_emil", 2000, 20*day, "Team monthly")
			s.stripe.AddDispute(stripeapi.Dispute{ID: "dp_emil_1", Charge: "ch_emil_1", Created: s.ago(4 * day), Reason: "fraudulent", Status: "needs_response"})
			s.asks(st, "I opened a chargeback, but you could also simply refund the 20 euros.")
		}},
		{Name: "too-old", Summary: "a payment outside the refund window", seed: func(s seeder, st Story) {
			s.person(st, "cus_ada", "Ada Quist", "ada.quist@example.com")
			s.paid("ch_ada_1", "cus_ada", 2000, 75*day, "Team monthly")
			s.asks(st, "In early autumn I forgot to cancel. Can you refund that month?")
		}},
	}
}
