package stripeapi

import (
	"cmp"
	"maps"
	"time"
)

// PaymentIntent is a wish to be paid, with all its charges. Charges seed their
// own, so it need only be seeded to be different.
type PaymentIntent struct {
	ID          string
	Customer    string
	Amount      int64     // minor units
	Currency    string    // "usd" when ""
	Created     time.Time // the clock's now when zero
	Status      string    // follows from the charges when ""
	Invoice     string
	Description string
	Metadata    map[string]string
}

func (i *PaymentIntent) stamp() (string, time.Time) { return i.ID, i.Created }

// AddPaymentIntent seeds a PaymentIntent.
func (s *Server) AddPaymentIntent(i PaymentIntent) {
	s.seed(func(now time.Time) {
		i.Created = orNow(i.Created, now)
		i.Currency = cmp.Or(i.Currency, "usd")
		i.Metadata = maps.Clone(i.Metadata)
		s.intents.put(&i)
	})
}

// paidBy is the charge that succeeded for an intent.
func (s *Server) paidBy(intent string) (*Charge, bool) {
	return s.charges.latest(func(c *Charge) bool { return c.PaymentIntent == intent && c.Status == "succeeded" })
}

func (s *Server) listIntents(p *params) action {
	customer := known(p, s.customers, "customer")
	return list(p, s.intents, "/v1/payment_intents", func(i *PaymentIntent) bool {
		return wanted(customer, i.Customer)
	})
}

func (s *Server) renderIntent(i *PaymentIntent) object {
	o := object{
		"id":                   i.ID,
		"object":               "payment_intent",
		"amount":               i.Amount,
		"amount_capturable":    0,
		"amount_received":      0,
		"canceled_at":          nil,
		"cancellation_reason":  nil,
		"capture_method":       "automatic",
		"client_secret":        nil,
		"confirmation_method":  "automatic",
		"created":              i.Created.Unix(),
		"currency":             i.Currency,
		"customer":             orNull(i.Customer),
		"description":          orNull(i.Description),
		"invoice":              orNull(i.Invoice),
		"last_payment_error":   nil,
		"latest_charge":        nil,
		"livemode":             false,
		"metadata":             pairs(i.Metadata),
		"next_action":          nil,
		"payment_method":       nil,
		"payment_method_types": []string{"card"},
		"status":               cmp.Or(i.Status, "requires_payment_method"),
		"transfer_data":        nil,
	}
	latest, ok := s.charges.latest(func(c *Charge) bool { return c.PaymentIntent == i.ID })
	if !ok {
		return o
	}
	o["latest_charge"], o["payment_method"] = latest.ID, orNull(latest.PaymentMethod)
	if latest.Status == "failed" {
		o["last_payment_error"] = object{
			"type": "card_error", "code": latest.FailureCode,
			"decline_code": latest.Outcome.Reason, "message": latest.FailureMessage, "charge": latest.ID,
		}
	}
	if paid, ok := s.paidBy(i.ID); ok {
		o["status"] = cmp.Or(i.Status, "succeeded")
		o["amount_received"] = paid.AmountCaptured
		if !paid.captured() {
			o["status"], o["amount_capturable"] = cmp.Or(i.Status, "requires_capture"), paid.Amount
		}
	}
	return o
}
