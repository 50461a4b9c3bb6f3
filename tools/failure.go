package tools

import (
	"cmp"
	"strings"

	"supportmcp/internal/stripe"
)

// failureOf says why a payment failed and what helps, in words for a customer
// (https://docs.stripe.com/declines/codes). What a bank keeps from its customer,
// such as a card reported stolen, is not told either.
func failureOf(c stripe.Charge) string {
	code := c.FailureCode
	if code == "card_declined" && declined(c.Decline) != "" { // the bank's own reason says more
		code = c.Decline
	}
	if words := declined(code); words != "" {
		return openly(code) + ": " + words
	}
	return label(c.FailureCode+" "+c.FailureMessage, maxFailure)
}

// openly is a code that may be told to whoever holds the card.
func openly(code string) string {
	switch code {
	case "lost_card", "stolen_card", "pickup_card", "restricted_card", "merchant_blacklist":
		return "card_declined"
	}
	return code
}

func declined(code string) string {
	switch code {
	case "insufficient_funds":
		return "the account lacks money; try again later or use another card"
	case "expired_card":
		return "the card has expired; another card is needed"
	case "generic_decline", "do_not_honor", "card_declined", "call_issuer", "no_action_taken", "lost_card", "stolen_card", "pickup_card", "restricted_card":
		return "the bank refused and gave no reason; ask the bank or use another card"
	case "incorrect_number", "invalid_number", "incorrect_cvc", "invalid_cvc", "invalid_expiry_month", "invalid_expiry_year", "incorrect_zip":
		return "a number of the card is wrong; enter the card again"
	case "authentication_required":
		return "the bank wants the customer to confirm; pay again and confirm there"
	case "card_velocity_exceeded", "withdrawal_count_limit_exceeded":
		return "a limit of the card is reached; try again later or use another card"
	case "processing_error", "issuer_not_available", "reenter_transaction", "try_again_later":
		return "it failed on the way to the bank; try again"
	case "card_not_supported", "currency_not_supported", "transaction_not_allowed":
		return "the card does not allow this payment; use another card"
	case "fraudulent", "highest_risk_level", "elevated_risk_level", "rule", "merchant_blacklist":
		return "it looked risky and was stopped; hand the conversation to a person"
	}
	return ""
}

// whereIs says where the money of a refund is, for "it has not arrived".
func whereIs(r stripe.Refund) string {
	switch r.Status {
	case "succeeded":
		if r.Reference == "" {
			return "issued to the bank, which takes 5 to 10 business days; no bank reference yet"
		}
		return "issued to the bank, which takes 5 to 10 business days; it finds the money by the bank reference"
	case "pending":
		return "under way: Stripe has not issued it yet"
	case "requires_action":
		return "waits for the customer, whom Stripe has asked by e-mail where to send it"
	case "canceled":
		return "canceled: nothing was given back"
	case "failed":
		return "came back: " + strings.ReplaceAll(cmp.Or(label(r.Failure, maxLabel), "unknown"), "_", " ") + "; hand the conversation to a person"
	}
	return "unknown"
}
