package stripeapi

import (
	"cmp"
	"time"
)

// Card is a payment card, as far as Stripe tells about one.
type Card struct {
	Brand    string // "visa" when ""
	Last4    string // "4242" when ""
	ExpMonth int    // 12 when 0
	ExpYear  int    // 2034 when 0
	Country  string // "US" when ""
	Funding  string // "credit" when ""
	Declines string // code with which the bank declines every payment, such as "insufficient_funds"; "" for none
	Confirms bool   // the bank wants the customer to confirm every payment, and nobody is there to do it
}

// decline is why a bank declines a payment at some time; "" when it does not.
func (c Card) decline(at time.Time) (code, message string) {
	ends := time.Date(c.ExpYear, time.Month(c.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case !at.Before(ends):
		return "expired_card", "Your card has expired."
	case c.Declines != "":
		return "card_declined", "Your card was declined."
	}
	return "", ""
}

func (c Card) filled() Card {
	return Card{
		Brand:    cmp.Or(c.Brand, "visa"),
		Last4:    cmp.Or(c.Last4, "4242"),
		ExpMonth: cmp.Or(c.ExpMonth, 12),
		ExpYear:  cmp.Or(c.ExpYear, 2034),
		Country:  cmp.Or(c.Country, "US"),
		Funding:  cmp.Or(c.Funding, "credit"),
		Declines: c.Declines,
		Confirms: c.Confirms,
	}
}

func (c Card) render() object {
	return object{
		"brand":       c.Brand,
		"checks":      object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		"country":     c.Country,
		"exp_month":   c.ExpMonth,
		"exp_year":    c.ExpYear,
		"fingerprint": "fp_" + c.Brand + c.Last4,
		"funding":     c.Funding,
		"last4":       c.Last4,
		"wallet":      nil,
	}
}

// PaymentMethod is a card that a customer can pay with.
type PaymentMethod struct {
	ID       string
	Customer string
	Created  time.Time // the clock's now when zero
	Card     Card
}

func (m *PaymentMethod) stamp() (string, time.Time) { return m.ID, m.Created }

// AddPaymentMethod seeds a further card of a customer.
func (s *Server) AddPaymentMethod(m PaymentMethod) {
	s.seed(func(now time.Time) {
		m.Created, m.Card = orNow(m.Created, now), m.Card.filled()
		s.paymentMethods.put(&m)
	})
}

func (s *Server) listPaymentMethods(p *params) action {
	return s.methodsOf(p, known(p, s.customers, "customer"), "/v1/payment_methods")
}

func (s *Server) listCustomersPaymentMethods(p *params) action {
	customer := p.path("id")
	if _, err := s.customers.find(customer, "customer", 404); err != nil {
		p.refuse(err)
	}
	return s.methodsOf(p, customer, "/v1/customers/"+customer+"/payment_methods")
}

// methodsOf lists the payment methods of a customer, all of which are cards.
// Without a customer the list is empty, as Stripe's is for attached methods.
func (s *Server) methodsOf(p *params, customer, url string) action {
	kind := p.oneOf("type", "card", "link", "paypal", "sepa_debit", "us_bank_account")
	return list(p, s.paymentMethods, url, func(m *PaymentMethod) bool {
		return m.Customer == customer && wanted(kind, "card")
	})
}

func (s *Server) renderPaymentMethod(m *PaymentMethod) object {
	return object{
		"id":              m.ID,
		"object":          "payment_method",
		"billing_details": s.billing(m.Customer),
		"card":            m.Card.render(),
		"created":         m.Created.Unix(),
		"customer":        orNull(m.Customer),
		"livemode":        false,
		"metadata":        object{},
		"type":            "card",
	}
}

// billing is what a customer left with the card.
func (s *Server) billing(customer string) object {
	o := object{"address": nil, "email": nil, "name": nil, "phone": nil}
	if c, ok := s.customers.byID[customer]; ok {
		o["email"], o["name"], o["phone"] = orNull(c.Email), orNull(c.Name), orNull(c.Phone)
	}
	return o
}
