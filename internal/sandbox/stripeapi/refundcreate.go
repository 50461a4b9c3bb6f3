package stripeapi

import (
	"math"
	"net/http"

	"supportmcp/internal/money"
)

// refundAsked is what a refund was asked for with.
type refundAsked struct {
	charge, intent string // exactly one
	amount         int64  // minor units; 0 for all that is left
	reason         string
	reverse, fee   bool // of Connect
	metadata       map[string]string
}

// createRefund follows https://docs.stripe.com/api/refunds/create.
func (s *Server) createRefund(p *params) action {
	ask := refundAsked{
		charge:   p.text("charge"),
		intent:   p.text("payment_intent"),
		amount:   p.integer("amount", 1, math.MaxInt64, 0),
		reason:   p.oneOf("reason", "duplicate", "fraudulent", "requested_by_customer"),
		metadata: p.metadata()(nil),
	}
	ask.reverse, _ = p.flag("reverse_transfer")
	ask.fee, _ = p.flag("refund_application_fee")
	switch {
	case ask.charge == "" && ask.intent == "":
		p.refuse(invalid("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	case ask.charge != "" && ask.intent != "":
		p.refuse(invalid("", "", "You may only specify one of these parameters: charge, payment_intent."))
	}
	return func() (object, *apiError) {
		c, err := s.refundable(ask)
		if err != nil {
			return nil, err
		}
		if err := shareable(c, ask); err != nil {
			return nil, err
		}
		left := c.Amount - s.refunded(c)
		if err := sumAllowed(c, ask.amount, left); err != nil {
			return nil, err
		}
		if ask.amount == 0 {
			ask.amount = left
		}
		return s.renderRefund(s.refund(c, ask)), nil
	}
}

// shareable refuses to take back what no connected account or platform has got.
func shareable(c *Charge, ask refundAsked) *apiError {
	switch {
	case ask.reverse && c.Destination == "":
		return invalid("", "reverse_transfer", "You cannot reverse a transfer: charge %s has none.", c.ID)
	case ask.fee && c.Fee == 0:
		return invalid("", "refund_application_fee", "Charge %s has no application fee.", c.ID)
	}
	return nil
}

// refundable is the charge to refund, if anything of it can be refunded at all.
func (s *Server) refundable(ask refundAsked) (*Charge, *apiError) {
	c, err := s.chargeAsked(ask)
	if err != nil {
		return nil, err
	}
	if c.Status != "succeeded" {
		return nil, unpaid(c.ID, c.PaymentIntent)
	}
	switch d, ok := s.disputeOf(c.ID); {
	case !c.captured():
		return nil, refusal(c, "charge_not_refundable", "has not been captured; cancel its PaymentIntent to release the money.")
	case ok && !d.refundable():
		return nil, disputed(c, ask)
	case c.Refusal != "":
		return nil, refusal(c, c.Refusal, refusalWords(c.Refusal))
	case s.refunded(c) >= c.Amount:
		return nil, refusal(c, "charge_already_refunded", "has already been refunded.")
	}
	return c, nil
}

// disputed has another code for a payment that was named by its intent.
func disputed(c *Charge, ask refundAsked) *apiError {
	if ask.intent != "" {
		return refusal(c, "refund_disputed_payment", "has been charged back; cannot issue a refund.")
	}
	return refusal(c, "charge_disputed", "has been charged back; cannot issue a refund.")
}

// refusalWords are Stripe's words for refusals that do not follow from what the
// sandbox holds. See https://docs.stripe.com/error-codes.
func refusalWords(code string) string {
	switch code {
	case "balance_insufficient":
		return "cannot be refunded: insufficient funds in your Stripe balance."
	case "livemode_mismatch":
		return "exists in live mode, but a test mode key was used to make this request."
	case "testmode_charges_only":
		return "cannot be refunded: your account has not been activated and can only make test charges."
	case "amount_too_large":
		return "cannot be refunded: the specified amount is greater than the maximum amount allowed."
	}
	return "cannot be refunded."
}

func refusal(c *Charge, code, what string) *apiError {
	e := invalid(code, "", "Charge %s %s", c.ID, what)
	e.Charge = c.ID
	return e
}

func (s *Server) chargeAsked(ask refundAsked) (*Charge, *apiError) {
	if ask.charge != "" {
		return s.charges.find(ask.charge, "charge", http.StatusNotFound)
	}
	if _, err := s.intents.find(ask.intent, "payment_intent", http.StatusNotFound); err != nil {
		return nil, err
	}
	if c, ok := s.paidBy(ask.intent); ok {
		return c, nil
	}
	return nil, unpaid("", ask.intent)
}

// unpaid is the refusal to give back what was never taken. Stripe words it by
// the intent even when the charge was named, and gives no code.
func unpaid(charge, intent string) *apiError {
	if intent != "" {
		return invalid("", "", "This PaymentIntent (%s) does not have a successful charge to refund.", intent)
	}
	return invalid("charge_not_refundable", "", "Charge %s did not succeed; there is nothing to refund.", charge)
}

// sumAllowed refuses an amount that is more than what is left, or that the
// currency cannot express. Stripe gives the first no code, only these words.
func sumAllowed(c *Charge, amount, left int64) *apiError {
	currency := money.Currency(c.Currency)
	switch {
	case amount > left:
		return invalid("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money.Of(amount, currency), money.Of(left, currency))
	case amount%currency.Step() != 0:
		return invalid("invalid_charge_amount", "amount", "Invalid amount: the smallest step in %s is %d.", c.Currency, currency.Step())
	}
	return nil
}

// refund makes the refund, on the course that the story has set for the charge.
func (s *Server) refund(c *Charge, ask refundAsked) *Refund {
	r := &Refund{
		ID: s.next("re"), Charge: c.ID, Amount: ask.amount, Currency: c.Currency, Created: s.clock.Now(),
		Reason: ask.reason, Metadata: ask.metadata, Reversed: ask.reverse, FeeRefunded: ask.fee,
	}
	r.start(c.Refunding)
	s.refunds.put(r)
	s.emit("refund.created", s.renderRefund(r))
	s.emit("charge.refunded", s.renderCharge(c))
	return r
}
