package contract

import "supportmcp/internal/money"

// Sums in test mode, in minor units.
const (
	monthly = 3000 // of each subscription
	paid    = 5000 // once
	part    = 100  // of each refund, and of the credit
)

// Plan says what a run makes, so that somebody can agree to it.
type Plan struct{ Stripe, Intercom []string }

// Planned is what every run makes.
func Planned() Plan {
	in := func(minor int64) string { return money.Of(minor, currency).String() }
	return Plan{
		Stripe: []string{
			"a customer with the test card pm_card_visa",
			"a product with a price of " + in(monthly) + " a month, and a classic and a flexible subscription to it, paid with that card",
			"a payment intent of " + in(paid) + ", paid with that card",
			"an invoice of " + in(paid) + ", paid with that card",
			"a coupon of 10 % and a promotion code, put on a subscription and taken off again",
			"a refund of " + in(part) + ", two more by credit notes, and a credit of " + in(part) + " on the customer's balance",
			"changes of the subscriptions: set to end, kept on, ended at once, ended with a refund",
		},
		Intercom: []string{
			"a lead (contact) with an address at example.com, which nobody has",
			"a conversation by that lead, with two replies and a note of yours; it is assigned, snoozed, opened and closed",
			"a tag, put on both and taken off again",
			"the attribute of contacts " + attribute + ", when there is none yet, set on that lead",
			"an event of that lead",
		},
	}
}
