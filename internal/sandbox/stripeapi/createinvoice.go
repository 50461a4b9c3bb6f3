package stripeapi

import (
	"cmp"
	"math"
	"net/http"
)

// createInvoiceItem puts a line on the customer's next invoice
// (https://docs.stripe.com/api/invoiceitems/create).
func (s *Server) createInvoiceItem(p *params) action {
	customer, currency, text := known(p, s.customers, "customer"), p.text("currency"), p.text("description")
	amount := p.integer("amount", math.MinInt64, math.MaxInt64, 0)
	if customer == "" || currency == "" {
		p.refuse(invalid("parameter_missing", "customer", "Missing required param: customer or currency."))
	}
	return func() (object, *apiError) {
		c := s.customers.byID[customer]
		c.Currency = cmp.Or(c.Currency, currency)
		c.pending = append(c.pending, Line{Description: text, Amount: amount})
		return object{
			"id": s.next("ii"), "object": "invoiceitem", "amount": amount, "currency": currency, "customer": customer,
			"date": s.clock.Now().Unix(), "description": orNull(text), "invoice": nil, "livemode": false, "metadata": object{},
		}, nil
	}
}

// createInvoice makes a draft of what waits for the customer's next invoice
// (https://docs.stripe.com/api/invoices/create).
func (s *Server) createInvoice(p *params) action {
	customer := known(p, s.customers, "customer")
	items := p.oneOf("pending_invoice_items_behavior", "include", "exclude")
	p.flag("auto_advance")
	if customer == "" {
		p.refuse(invalid("parameter_missing", "customer", "Missing required param: customer."))
	}
	return func() (object, *apiError) {
		c := s.customers.byID[customer]
		i := &Invoice{ID: s.next("in"), Customer: customer, Created: s.clock.Now(), Currency: c.Currency, Status: "draft"}
		if items == "include" {
			s.takePending(i)
		}
		s.keepInvoice(i)
		return s.renderInvoice(i), nil
	}
}

// finalizeInvoice makes a draft one that can be paid
// (https://docs.stripe.com/api/invoices/finalize).
func (s *Server) finalizeInvoice(p *params) action {
	return s.moveInvoice(p, "draft", "open")
}

// voidInvoice takes an open invoice back (https://docs.stripe.com/api/invoices/void).
func (s *Server) voidInvoice(p *params) action {
	return s.moveInvoice(p, "open", "void")
}

func (s *Server) moveInvoice(p *params, from, to string) action {
	id := p.path("id")
	p.flag("auto_advance")
	return func() (object, *apiError) {
		i, err := s.invoices.find(id, "id", http.StatusNotFound)
		switch {
		case err != nil:
			return nil, err
		case i.Status != from:
			return nil, invalid("invoice_not_editable", "", "Invoice %s is %s, and only a %s one can be made %s.", i.ID, i.Status, from, to)
		}
		i.Status = to
		return s.renderInvoice(i), nil
	}
}
