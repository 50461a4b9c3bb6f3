package stripe

import "github.com/stripe/stripe-go/v76"

// assess sets what Radar says of the risk, and the fingerprint of the card. What
// was not assessed has no risk that is known
// (https://docs.stripe.com/api/charges/object#charge_object-outcome-risk_level).
func (ch *Charge) assess(sc *stripe.Charge) {
	if sc.Outcome != nil {
		switch level := sc.Outcome.RiskLevel; level {
		case "normal", "elevated", "highest":
			ch.Risk = level
		}
	}
	if d := sc.PaymentMethodDetails; d != nil && d.Card != nil && wordOnly(d.Card.Fingerprint) {
		ch.Charge.Card = d.Card.Fingerprint
	}
}
