package stripe

import (
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
)

const (
	lookAgain = "read this charge again in get_billing_overview and ask for no more than what is left"
	toPerson  = "hand the conversation to a person"
	operator  = "tell the operator of this server"
	soon      = "try again in a few seconds"
)

// refusal tells what an error of Stripe's means to an agent, first by code and
// then by HTTP status (https://docs.stripe.com/error-codes).
func refusal(what string, e *stripe.Error) *fault.Error {
	switch e.Code {
	case stripe.ErrorCodeChargeAlreadyRefunded:
		return said(e, fault.Refused, "nothing is left to refund on this charge",
			"read its refunds in get_billing_overview and tell the customer")
	case stripe.ErrorCodeChargeDisputed, stripe.ErrorCodeRefundDisputedPayment:
		return said(e, fault.Refused, "the charge is disputed, so Stripe does not refund it",
			"hand the conversation to a person who handles disputes")
	case stripe.ErrorCodeChargeNotRefundable:
		return said(e, fault.Refused, "Stripe cannot refund this charge (any more)", toPerson)
	case stripe.ErrorCodeAmountTooLarge:
		return said(e, fault.Refused, "the amount is more than what is left on the charge", lookAgain)
	case stripe.ErrorCodeInvalidChargeAmount, stripe.ErrorCodeParameterInvalidInteger, stripe.ErrorCodeAmountTooSmall:
		return said(e, fault.Refused, "Stripe does not accept this amount", lookAgain)
	case stripe.ErrorCodeBalanceInsufficient:
		return said(e, fault.Upstream, "the Stripe balance is too low for this refund", operator+", who can top it up; "+toPerson)
	case stripe.ErrorCodeResourceMissing, stripe.ErrorCodeLivemodeMismatch, stripe.ErrorCodeTestmodeChargesOnly:
		return said(e, fault.NotFound, "Stripe has no "+what, "check the id; test and live ids differ")
	case stripe.ErrorCodeIdempotencyKeyInUse:
		return said(e, fault.Busy, "this very action is being carried out", "wait a minute and read it again")
	case stripe.ErrorCodeLockTimeout:
		return said(e, fault.Busy, "something else is changing this in Stripe", soon)
	case stripe.ErrorCodeRateLimit:
		return said(e, fault.RateLimited, "Stripe gets too many requests", soon)
	default:
		return byStatus(what, e)
	}
}

func byStatus(what string, e *stripe.Error) *fault.Error {
	switch status := e.HTTPStatusCode; {
	case status == http.StatusBadRequest && e.Type == stripe.ErrorTypeIdempotency:
		return said(e, fault.Internal, "the key of this action was used with other parameters before", operator)
	case strings.Contains(e.Msg, "greater than unrefunded amount"): // a code is not always given
		return said(e, fault.Refused, "the amount is more than what is left on the charge", lookAgain)
	case status == http.StatusUnauthorized:
		return said(e, fault.Upstream, "Stripe does not accept the key of this server", operator)
	case status == http.StatusPaymentRequired:
		return said(e, fault.Refused, "the bank refused", toPerson)
	case status == http.StatusForbidden:
		return said(e, fault.Upstream, "the key of this server lacks "+permission(e.Msg), operator)
	case status == http.StatusNotFound:
		return said(e, fault.NotFound, "Stripe has no "+what, "check the id")
	case status == http.StatusConflict:
		return said(e, fault.Busy, "something else is changing this in Stripe", soon)
	case status == http.StatusTooManyRequests:
		return said(e, fault.RateLimited, "Stripe gets too many requests", soon)
	case status >= http.StatusInternalServerError:
		return said(e, fault.Upstream, "Stripe has an error of its own", "try again in a minute")
	}
	return said(e, fault.Upstream, "Stripe refused this request", toPerson)
}

// said makes the error, with Stripe's code at the end of the message.
func said(e *stripe.Error, c fault.Code, message, next string) *fault.Error {
	if code := word(string(e.Code)); code != "" {
		message += " (" + code + ")"
	}
	return &fault.Error{Code: c, Message: message, NextStep: next}
}

// permission says what a restricted key lacks.
func permission(message string) string {
	if name := missing(message); name != "" {
		return "the permission " + name
	}
	return "a permission"
}

// missing finds the permission in Stripe's message, which names it as in "Having
// the 'rak_charge_write' permission would allow …"; "" when it names none.
func missing(message string) string {
	const prefix = "rak_"
	i := strings.Index(message, prefix)
	if i < 0 {
		return ""
	}
	name := message[i:]
	if end := strings.IndexFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }); end > 0 {
		name = name[:end]
	}
	return name
}
