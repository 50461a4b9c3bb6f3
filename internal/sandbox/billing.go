package sandbox

import (
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// billing are stories about invoices, plans and what Stripe makes of refunds.
func billing() []Story {
	return []Story{
		{Name: "invoiced-with-tax", Summary: "a paid invoice with tax; one seat of it was never used", seed: func(s seeder, st Story) {
			s.person(st, "cus_vera", "Vera Lund", "vera.lund@example.com")
			s.invoiced("in_vera_1", "ch_vera_1", "cus_vera", "", 4000, 760, 4*day, "Extra seats")
			s.asks(st, "One of the two extra seats on the last invoice was never used. Can I get 23.80 euros back, with the VAT?")
		}},
		{Name: "refund-came-back", Summary: "a refund failed because the card was closed", seed: func(s seeder, st Story) {
			s.person(st, "cus_hugo", "Hugo Meier", "hugo.meier@example.com")
			s.paid("ch_hugo_1", "cus_hugo", 3000, 14*day, "Extra seats")
			s.stripe.AddRefund(stripeapi.Refund{ID: "re_hugo_1", Charge: "ch_hugo_1", Amount: 3000, Created: s.ago(9 * day), Status: "failed", FailureReason: "expired_or_canceled_card"})
			s.asks(st, "You refunded me last week, but my card was closed. Where is my money?")
		}},
		{Name: "refund-needs-details", Summary: "a refund waits for the customer's bank details", seed: func(s seeder, st Story) {
			s.person(st, "cus_pia", "Pia Sand", "pia.sand@example.com")
			s.paid("ch_pia_1", "cus_pia", 2500, 12*day, "Extra seats")
			s.stripe.AddRefund(stripeapi.Refund{ID: "re_pia_1", Charge: "ch_pia_1", Amount: 2500, Created: s.ago(3 * day), Status: "requires_action", Reason: "requested_by_customer"})
			s.asks(st, "I was told of a refund three days ago. Is there something I have to do?")
		}},
		{Name: "partial-capture", Summary: "only a part of an authorisation was taken", seed: func(s seeder, st Story) {
			s.person(st, "cus_leo", "Leo Brandt", "leo.brandt@example.com")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_leo_1", PaymentIntent: "pi_leo_1", Customer: "cus_leo", Amount: 9000, AmountCaptured: 3000, Currency: "eur", Created: s.ago(5 * day), Description: "Workshop",
			})
			s.asks(st, "You reserved 90 euros and took 30. I could not come at all; please give the 30 back.")
		}},
		{Name: "marketplace", Summary: "the money went on to a seller's connected account", seed: func(s seeder, st Story) {
			s.person(st, "cus_gwen", "Gwen Price", "gwen.price@example.com")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_gwen_1", PaymentIntent: "pi_gwen_1", Customer: "cus_gwen", Amount: 3500, Currency: "eur", Created: s.ago(3 * day), Description: "Template by a partner",
				Fee: 500, Destination: "acct_partner",
			})
			s.asks(st, "The template I bought from your partner does not open. I want my 35 euros back.")
		}},
		{Name: "second-try", Summary: "the first attempt failed, the second went through", seed: func(s seeder, st Story) {
			s.person(st, "cus_rita", "Rita Voss", "rita.voss@example.com")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_rita_1", PaymentIntent: "pi_rita_1", Customer: "cus_rita", Amount: 2000, Currency: "eur", Created: s.ago(2*day + 2*time.Minute), Status: "failed",
				FailureCode: "card_declined", FailureMessage: "Your card was declined.", Outcome: stripeapi.Outcome{Reason: "insufficient_funds"}, Description: "Team monthly",
			})
			s.stripe.AddCharge(stripeapi.Charge{ID: "ch_rita_2", PaymentIntent: "pi_rita_1", Customer: "cus_rita", Amount: 2000, Currency: "eur", Created: s.ago(2 * day), Description: "Team monthly"})
			s.asks(st, "I tried to pay twice and see two entries of 20 euros. Was I charged twice?")
		}},
		{Name: "dispute-won", Summary: "a chargeback that the bank decided for us", seed: func(s seeder, st Story) {
			s.person(st, "cus_otto", "Otto Falk", "otto.falk@example.com")
			s.paid("ch_otto_1", "cus_otto", 2000, 25*day, "Team monthly")
			s.stripe.AddDispute(stripeapi.Dispute{ID: "dp_otto_1", Charge: "ch_otto_1", Created: s.ago(20 * day), Status: "won"})
			s.asks(st, "My bank did not give me the 20 euros back. Could you, as a gesture?")
		}},
		{Name: "empty-balance", Summary: "Stripe's balance is too low for any refund", seed: func(s seeder, st Story) {
			s.person(st, "cus_june", "June Okafor", "june.okafor@example.com")
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_june_1", PaymentIntent: "pi_june_1", Customer: "cus_june", Amount: 2200, Currency: "eur", Created: s.ago(2 * day), Description: "Extra seats", Refusal: "balance_insufficient",
			})
			s.asks(st, "I ordered a seat too many. Please refund the 22 euros.")
		}},
	}
}

// plans are stories about subscriptions that somebody wants to end, keep or pay less for.
func plans() []Story {
	return []Story{
		{Name: "unused-time", Summary: "annual plan with tax, paid a month ago; wants the rest back", seed: func(s seeder, st Story) {
			s.person(st, "cus_anne", "Anne Kohl", "anne.kohl@example.com")
			s.subscribed("sub_anne", "cus_anne", annualPlan, 29*day)
			s.invoiced("in_anne_1", "ch_anne_1", "cus_anne", "sub_anne", 12000, 2280, 29*day, "Team annual")
			s.asks(st, "We close our office. Please cancel the annual plan now and refund the unused months.")
		}},
		{Name: "two-plans", Summary: "two active plans, and no word on which to cancel", seed: func(s seeder, st Story) {
			s.person(st, "cus_ivan", "Ivan Petrov", "ivan.petrov@example.com")
			s.paid("ch_ivan_1", "cus_ivan", 2000, 11*day, "Team monthly")
			s.subscribed("sub_ivan_a", "cus_ivan", monthlyPlan, 11*day)
			s.subscribed("sub_ivan_b", "cus_ivan", annualPlan, 100*day)
			s.asks(st, "Please cancel my subscription.")
		}},
		{Name: "wants-to-stay", Summary: "cancellation is scheduled; the customer changed their mind", seed: func(s seeder, st Story) {
			s.person(st, "cus_tara", "Tara Singh", "tara.singh@example.com")
			s.stripe.AddSubscription(stripeapi.Subscription{
				ID: "sub_tara", Customer: "cus_tara", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(50 * day), PeriodStart: s.ago(20 * day),
				CancelAtPeriodEnd: true, CanceledAt: s.ago(2 * day), Feedback: "too_expensive",
			})
			s.asks(st, "I cancelled by mistake on Saturday. Can you undo that?")
		}},
		{Name: "too-expensive", Summary: "would stay for a discount; a coupon is there", seed: func(s seeder, st Story) {
			s.person(st, "cus_cleo", "Cleo Martin", "cleo.martin@example.com")
			s.paid("ch_cleo_1", "cus_cleo", 2000, 8*day, "Team monthly")
			s.subscribed("sub_cleo", "cus_cleo", monthlyPlan, 8*day)
			s.asks(st, "20 euros a month is too much for us. I will cancel unless you can do something about the price.")
		}},
		{Name: "discounted-already", Summary: "has a discount and asks for another", seed: func(s seeder, st Story) {
			s.person(st, "cus_max", "Max Reuter", "max.reuter@example.com")
			s.stripe.AddSubscription(stripeapi.Subscription{
				ID: "sub_max", Customer: "cus_max", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(60 * day), Discounts: []stripeapi.Discount{{ID: "di_max", Coupon: stayCoupon, Start: s.ago(60 * day)}},
			})
			s.asks(st, "I found the code WELCOME10. Can you add it to my plan?")
		}},
		{Name: "has-credit", Summary: "credit from before waits for the next invoice", seed: func(s seeder, st Story) {
			s.stripe.AddCustomer(stripeapi.Customer{
				ID: "cus_nina", Name: "Nina Adler", Email: "nina.adler@example.com", Currency: "eur", Balance: -1500, Created: s.ago(400 * day), Card: &stripeapi.Card{},
			})
			s.contact(st, intercomapi.Contact{Name: "Nina Adler", Email: "nina.adler@example.com", ExternalID: "user-nina"})
			s.subscribed("sub_nina", "cus_nina", monthlyPlan, 12*day)
			s.asks(st, "You promised 15 euros of credit last month. I do not see it anywhere.")
		}},
		{Name: "card-fixed", Summary: "the card is new, an invoice is still open", seed: func(s seeder, st Story) {
			s.person(st, "cus_yara", "Yara Haddad", "yara.haddad@example.com")
			s.stripe.AddSubscription(stripeapi.Subscription{ID: "sub_yara", Customer: "cus_yara", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(37 * day), Status: "past_due", PeriodStart: s.ago(6 * day)})
			s.stripe.AddInvoice(stripeapi.Invoice{
				ID: "in_yara_2", Customer: "cus_yara", Subscription: "sub_yara", Currency: "eur", Created: s.ago(6 * day), Status: "open", NextTry: s.now.Add(2 * day),
				Lines: []stripeapi.Line{{Description: "Team monthly", Amount: 2000, Price: monthlyPlan, Start: s.ago(6 * day), End: s.now.Add(24 * day)}},
			})
			s.stripe.AddCharge(stripeapi.Charge{
				ID: "ch_yara_2", PaymentIntent: "pi_yara_2", Customer: "cus_yara", Invoice: "in_yara_2", Amount: 2000, Currency: "eur", Created: s.ago(6 * day),
				Status: "failed", FailureCode: "card_declined", FailureMessage: "Your card was declined.", Outcome: stripeapi.Outcome{Reason: "insufficient_funds"}, Description: "Team monthly",
			})
			s.asks(st, "I have put a new card in. Could you try the payment again, so that we are not locked out?")
		}},
		{Name: "paused", Summary: "collection is paused, and the plan looks active", seed: func(s seeder, st Story) {
			s.person(st, "cus_lars", "Lars Nygaard", "lars.nygaard@example.com")
			s.stripe.AddSubscription(stripeapi.Subscription{ID: "sub_lars", Customer: "cus_lars", Items: []stripeapi.Item{{Price: monthlyPlan}}, Created: s.ago(80 * day), PausedCollection: "void"})
			s.asks(st, "Am I paying at the moment? I thought we had paused it.")
		}},
	}
}

// invoiced adds a paid invoice of one line with its charge.
func (s seeder) invoiced(id, charge, customer, subscription string, minor, tax int64, ago time.Duration, what string) {
	price := ""
	if subscription != "" {
		price = annualPlan
	}
	s.stripe.AddInvoice(stripeapi.Invoice{
		ID: id, Customer: customer, Subscription: subscription, Currency: "eur", Created: s.ago(ago),
		Lines: []stripeapi.Line{{Description: what, Amount: minor, Tax: tax, Price: price, Start: s.ago(ago), End: s.ago(ago).AddDate(1, 0, 0)}},
	})
	s.stripe.AddCharge(stripeapi.Charge{
		ID: charge, PaymentIntent: "pi_" + charge[len("ch_"):], Customer: customer, Invoice: id, Amount: minor + tax, Currency: "eur", Created: s.ago(ago), Description: what,
	})
}
