package stripeapi

import (
	"cmp"
	"maps"
	"strings"
	"time"
)

// Customer is somebody who pays.
type Customer struct {
	ID          string
	Name        string
	Email       string // kept, and listed by, exactly as written
	Phone       string
	Description string
	Created     time.Time // the clock's now when zero
	Balance     int64     // minor units; negative is credit for the customer
	Currency    string    // "usd" when "" is seeded; of one made through the API "" until the first bill
	Delinquent  bool      // the latest invoice was not paid in time
	Deleted     bool      // retrieved as a stub, never listed
	Metadata    map[string]string
	Card        *Card  // default payment method, made along with the customer
	Default     string // id of the default payment method; "pm_maria" for cus_maria when there is a Card
	Discounts   []Discount

	pending []Line // for the next invoice
}

func (c *Customer) stamp() (string, time.Time) { return c.ID, c.Created }

// AddCustomer seeds a customer, with its card if it has one.
func (s *Server) AddCustomer(c Customer) {
	s.seed(func(now time.Time) {
		c.Created = orNow(c.Created, now)
		c.Currency = cmp.Or(c.Currency, "usd")
		c.Metadata = maps.Clone(c.Metadata)
		if c.Card != nil {
			c.Default = cmp.Or(c.Default, "pm_"+strings.TrimPrefix(c.ID, "cus_"))
			s.paymentMethods.put(&PaymentMethod{ID: c.Default, Customer: c.ID, Created: c.Created, Card: c.Card.filled()})
		}
		s.customers.put(&c)
	})
}

// Customer is the customer with this id.
func (s *Server) Customer(id string) (Customer, bool) { return one(s, s.customers.byID, id) }

// UpdateCard replaces a customer's default card, as the customer does on the
// billing portal, or the network by itself.
func (s *Server) UpdateCard(customer string, card Card) {
	s.seed(func(now time.Time) {
		c, ok := s.customers.byID[customer]
		if !ok {
			return
		}
		m := &PaymentMethod{ID: s.next("pm"), Customer: c.ID, Created: now, Card: card.filled()}
		s.paymentMethods.put(m)
		c.Default = m.ID
		s.emit("payment_method.attached", s.renderPaymentMethod(m))
		s.emit("customer.updated", s.renderCustomer(c))
	})
}

func (s *Server) listCustomers(p *params) action {
	email := p.text("email")
	return list(p, s.customers, "/v1/customers", func(c *Customer) bool {
		return !c.Deleted && wanted(email, c.Email)
	})
}

func (s *Server) renderCustomer(c *Customer) object {
	if c.Deleted {
		return object{"id": c.ID, "object": "customer", "deleted": true}
	}
	discount, _ := s.renderDiscounts(c.Discounts, c.ID, "")
	return object{
		"id":             c.ID,
		"object":         "customer",
		"address":        nil,
		"balance":        c.Balance,
		"created":        c.Created.Unix(),
		"currency":       orNull(c.Currency),
		"default_source": nil,
		"delinquent":     c.Delinquent,
		"description":    orNull(c.Description),
		"discount":       discount,
		"email":          orNull(c.Email),
		"invoice_settings": object{
			"custom_fields": nil, "default_payment_method": orNull(c.Default), "footer": nil,
		},
		"livemode":          false,
		"metadata":          pairs(c.Metadata),
		"name":              orNull(c.Name),
		"phone":             orNull(c.Phone),
		"preferred_locales": []string{},
		"shipping":          nil,
		"tax_exempt":        "none",
	}
}
