package stripeapi

import (
	"cmp"
	"math"
	"net/http"
)

// furnishing are the calls by which a program fills an account, and clears it
// again: what an agent's server never asks for.
func (s *Server) furnishing() []route {
	return []route{
		{"POST /v1/customers", "customer", s.createCustomer},
		{"DELETE /v1/customers/{id}", "customer", s.deleteCustomer},
		{"POST /v1/products", "product", s.createProduct},
		{"POST /v1/products/{id}", "product", s.updateProduct},
		{"POST /v1/prices", "price", s.createPrice},
		{"POST /v1/prices/{id}", "price", s.updatePrice},
		{"POST /v1/coupons", "coupon", s.createCoupon},
		{"DELETE /v1/coupons/{id}", "coupon", s.deleteCoupon},
		{"POST /v1/promotion_codes", "promotion_code", s.createPromotionCode},
		{"POST /v1/promotion_codes/{id}", "promotion_code", s.updatePromotionCode},
		{"POST /v1/payment_intents", "payment_intent", s.createIntent},
		{"POST /v1/subscriptions", "subscription", s.createSubscription},
		{"POST /v1/invoiceitems", "invoice", s.createInvoiceItem},
		{"POST /v1/invoices", "invoice", s.createInvoice},
		{"POST /v1/invoices/{id}/finalize", "invoice", s.finalizeInvoice},
		{"POST /v1/invoices/{id}/void", "invoice", s.voidInvoice},
	}
}

// testCard is the payment method that stands for a Visa card in test mode
// (https://docs.stripe.com/testing). Using it makes a new one each time.
const testCard = "pm_card_visa"

// method is a payment method by its id, or a new one for the test card's.
func (s *Server) method(id, customer string) (*PaymentMethod, *apiError) {
	if id != testCard {
		return s.paymentMethods.find(id, "payment_method", http.StatusBadRequest)
	}
	m := &PaymentMethod{ID: s.next("pm"), Customer: customer, Created: s.clock.Now(), Card: Card{}.filled()}
	s.paymentMethods.put(m)
	return m, nil
}

// createCustomer follows https://docs.stripe.com/api/customers/create.
func (s *Server) createCustomer(p *params) action {
	c := &Customer{Email: p.text("email"), Name: p.text("name"), Description: p.text("description"), Metadata: p.metadata()(nil)}
	attached, standard := p.text("payment_method"), p.text("invoice_settings[default_payment_method]")
	if standard != "" && standard != attached {
		p.refuse(invalid("", "invoice_settings[default_payment_method]", "The customer does not have a payment method with the ID %s.", standard))
	}
	return func() (object, *apiError) {
		c.ID, c.Created = s.next("cus"), s.clock.Now()
		if attached != "" {
			m, err := s.method(attached, c.ID)
			if err != nil {
				return nil, err
			}
			m.Customer = c.ID
			if standard != "" {
				c.Default = m.ID
			}
		}
		s.customers.put(c)
		s.emit("customer.created", s.renderCustomer(c))
		return s.renderCustomer(c), nil
	}
}

// deleteCustomer ends the customer's subscriptions, too
// (https://docs.stripe.com/api/customers/delete).
func (s *Server) deleteCustomer(p *params) action {
	id := p.path("id")
	return func() (object, *apiError) {
		c, err := s.customers.find(id, "id", http.StatusNotFound)
		if err != nil || c.Deleted {
			return nil, missing(http.StatusNotFound, "customer", id, "id")
		}
		for _, sub := range s.subscriptions.rows {
			if sub.Customer == id && !sub.ended() {
				sub.CanceledAt = s.clock.Now()
				s.end(sub, sub.CanceledAt)
			}
		}
		c.Deleted = true
		s.emit("customer.deleted", s.renderCustomer(c))
		return s.renderCustomer(c), nil
	}
}

func (s *Server) createProduct(p *params) action {
	name, description := p.text("name"), p.text("description")
	p.metadata()
	if name == "" {
		p.refuse(invalid("parameter_missing", "name", "Missing required param: name."))
	}
	return func() (object, *apiError) {
		o := &Product{ID: s.next("prod"), Name: name, Description: description, Created: s.clock.Now()}
		s.products.put(o)
		return s.renderProduct(o), nil
	}
}

// updateProduct takes a product out of use, or into it again.
func (s *Server) updateProduct(p *params) action {
	id := p.path("id")
	active, given := p.flag("active")
	return func() (object, *apiError) {
		o, err := s.products.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		o.Archived = given && !active
		return s.renderProduct(o), nil
	}
}

// createPrice follows https://docs.stripe.com/api/prices/create, for a price of
// one unit.
func (s *Server) createPrice(p *params) action {
	product, currency := known(p, s.products, "product"), p.text("currency")
	amount := p.integer("unit_amount", 0, math.MaxInt64, 0)
	interval := p.oneOf("recurring[interval]", "day", "week", "month", "year")
	nickname := p.text("nickname")
	p.metadata()
	if product == "" || currency == "" {
		p.refuse(invalid("parameter_missing", cmp.Or(product, "currency"), "Missing required param: product or currency."))
	}
	return func() (object, *apiError) {
		o := &Price{
			ID: s.next("price"), Product: product, Nickname: nickname, Amount: amount, Currency: currency,
			Interval: interval, IntervalCount: 1, Created: s.clock.Now(),
		}
		s.prices.put(o)
		return s.renderPrice(o), nil
	}
}

// updatePrice takes a price out of use: prices cannot be deleted.
func (s *Server) updatePrice(p *params) action {
	id := p.path("id")
	active, given := p.flag("active")
	return func() (object, *apiError) {
		o, err := s.prices.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		o.Archived = given && !active
		return s.renderPrice(o), nil
	}
}
