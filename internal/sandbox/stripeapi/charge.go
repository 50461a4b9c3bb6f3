package stripeapi

import (
	"cmp"
	"maps"
	"strings"
	"time"
)

// Charge is one attempt to take money. How much of it was refunded is never
// seeded: it follows from the refunds there are.
type Charge struct {
	ID             string
	Customer       string
	PaymentIntent  string // made along with the charge when it does not exist yet
	Invoice        string
	Amount         int64     // minor units
	AmountCaptured int64     // all of a successful charge when 0; less is a partial capture
	Currency       string    // "usd" when ""
	Created        time.Time // the clock's now when zero
	Status         string    // "succeeded" when "", or "failed", "pending"
	Uncaptured     bool      // authorized only
	FailureCode    string    // of a failed charge: "card_declined" when ""
	FailureMessage string
	Outcome        Outcome
	Card           *Card  // the customer's default card when nil
	PaymentMethod  string // the customer's default payment method when ""
	Description    string
	ReceiptEmail   string
	Metadata       map[string]string
	Refunding      Course // what becomes of refunds made through the API
	Refusal        string // code with which Stripe refuses every refund, such as "balance_insufficient"
	Fee            int64  // of Connect: what the platform keeps, in minor units
	Destination    string // of Connect: the account that the rest was sent to
	OnBehalfOf     string // of Connect: the account that is the merchant
}

// Outcome is the network's and Radar's word on a charge; the zero value is
// filled in to suit the charge's status.
type Outcome struct {
	RiskLevel     string // "normal" when ""
	Reason        string // such as "insufficient_funds"; none for a successful charge
	SellerMessage string
}

func (c *Charge) stamp() (string, time.Time) { return c.ID, c.Created }

// AddCharge seeds a charge, and the PaymentIntent it names when there is none yet.
func (s *Server) AddCharge(c Charge) {
	s.seed(func(now time.Time) {
		c.Created = orNow(c.Created, now)
		s.keepCharge(&c)
	})
}

func (s *Server) keepCharge(c *Charge) {
	c.Currency = cmp.Or(c.Currency, "usd")
	c.Status = cmp.Or(c.Status, "succeeded")
	c.Metadata = maps.Clone(c.Metadata)
	switch {
	case c.Status == "failed":
		c.AmountCaptured = 0
		c.FailureCode = cmp.Or(c.FailureCode, "card_declined")
		c.FailureMessage = cmp.Or(c.FailureMessage, "Your card was declined.")
	case c.Uncaptured || c.Status != "succeeded":
		c.AmountCaptured = 0
	default:
		c.AmountCaptured = cmp.Or(c.AmountCaptured, c.Amount)
	}
	c.Outcome = c.outcome()
	s.pay(c)
	s.charges.put(c)
	if _, known := s.intents.byID[c.PaymentIntent]; c.PaymentIntent != "" && !known {
		s.intents.put(&PaymentIntent{
			ID: c.PaymentIntent, Customer: c.Customer, Amount: c.Amount, Currency: c.Currency,
			Created: c.Created, Invoice: c.Invoice, Description: c.Description,
		})
	}
}

// pay fills in what a charge was paid with.
func (s *Server) pay(c *Charge) {
	if c.PaymentMethod == "" {
		if customer, ok := s.customers.byID[c.Customer]; ok {
			c.PaymentMethod = customer.Default
		}
	}
	var card Card
	if m, ok := s.paymentMethods.byID[c.PaymentMethod]; ok && c.Card == nil {
		card = m.Card
	} else if c.Card != nil {
		card = *c.Card
	}
	card = card.filled()
	c.Card = &card
}

func (c *Charge) outcome() Outcome {
	o := c.Outcome
	o.RiskLevel = cmp.Or(o.RiskLevel, "normal")
	if c.Status == "failed" {
		o.Reason = cmp.Or(o.Reason, "generic_decline")
		o.SellerMessage = cmp.Or(o.SellerMessage, "The bank did not return any further details with this decline.")
	}
	o.SellerMessage = cmp.Or(o.SellerMessage, "Payment complete.")
	return o
}

// Charge is the charge with this id, as it was seeded and filled in.
func (s *Server) Charge(id string) (Charge, bool) { return one(s, s.charges.byID, id) }

// AmountRefunded is what has left a charge, in minor units, pending refunds included.
func (s *Server) AmountRefunded(charge string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.clock.Now())
	if c, ok := s.charges.byID[charge]; ok {
		return s.refunded(c)
	}
	return 0
}

// refunded is a charge's amount_refunded: every refund that has not come back,
// and what a partial capture released.
func (s *Server) refunded(c *Charge) int64 {
	var sum int64
	if c.captured() {
		sum = c.Amount - c.AmountCaptured
	}
	for _, r := range s.refunds.rows {
		if r.Charge == c.ID && r.counts() {
			sum += r.Amount
		}
	}
	return sum
}

func (c *Charge) captured() bool { return c.AmountCaptured > 0 }

func (s *Server) listCharges(p *params) action {
	customer, intent := known(p, s.customers, "customer"), known(p, s.intents, "payment_intent")
	return list(p, s.charges, "/v1/charges", func(c *Charge) bool {
		return wanted(customer, c.Customer) && wanted(intent, c.PaymentIntent)
	})
}

func (s *Server) renderCharge(c *Charge) object {
	refunded := s.refunded(c)
	o := object{
		"id":                     c.ID,
		"object":                 "charge",
		"amount":                 c.Amount,
		"amount_captured":        c.AmountCaptured,
		"amount_refunded":        refunded,
		"application_fee_amount": orNull(c.Fee),
		"balance_transaction":    nil,
		"billing_details":        s.billing(c.Customer),
		"captured":               c.captured(),
		"created":                c.Created.Unix(),
		"currency":               c.Currency,
		"customer":               orNull(c.Customer),
		"description":            orNull(c.Description),
		"dispute":                nil,
		"disputed":               false,
		"failure_code":           orNull(c.FailureCode),
		"failure_message":        orNull(c.FailureMessage),
		"fraud_details":          object{},
		"invoice":                orNull(c.Invoice),
		"livemode":               false,
		"metadata":               pairs(c.Metadata),
		"on_behalf_of":           orNull(c.OnBehalfOf),
		"outcome":                c.renderOutcome(),
		"paid":                   c.Status == "succeeded",
		"payment_intent":         orNull(c.PaymentIntent),
		"payment_method":         orNull(c.PaymentMethod),
		"payment_method_details": object{"type": "card", "card": c.Card.render()},
		"receipt_email":          orNull(c.ReceiptEmail),
		"receipt_number":         nil,
		"receipt_url":            nil,
		"refunded":               c.captured() && refunded >= c.Amount,
		"status":                 c.Status,
		"transfer_data":          nil,
	}
	if c.captured() {
		o["balance_transaction"] = transactionOf(c.ID)
	}
	if c.Status == "succeeded" {
		o["receipt_url"] = "https://pay.stripe.com/receipts/" + strings.TrimPrefix(c.ID, "ch_")
	}
	if d, ok := s.disputeOf(c.ID); ok {
		o["dispute"], o["disputed"] = d.ID, true
	}
	if c.Destination != "" {
		o["transfer_data"] = object{"amount": nil, "destination": c.Destination}
		o["transfer"] = "tr_" + strings.TrimPrefix(c.ID, "ch_")
	}
	return o
}

func (c *Charge) renderOutcome() object {
	o := object{
		"network_status": "approved_by_network", "reason": orNull(c.Outcome.Reason), "risk_level": c.Outcome.RiskLevel,
		"seller_message": c.Outcome.SellerMessage, "type": "authorized",
	}
	if c.Status == "failed" {
		o["network_status"], o["type"] = "declined_by_network", "issuer_declined"
	}
	return o
}
