package stripeapi

import (
	"cmp"
	"net/http"
	"time"
)

// renew takes a subscription to its next period and bills it. Time moves by
// hours or months at once, so it happens at the moment when it was due.
func (s *Server) renew(sub *Subscription, next, at time.Time) {
	sub.PeriodStart, sub.PeriodEnd, sub.Status = sub.PeriodEnd, next, "active"
	i := s.bill(sub, at)
	s.collect(i, at)
	s.emit("customer.subscription.updated", s.renderSubscription(sub))
}

// bill makes the invoice of the period that begins.
func (s *Server) bill(sub *Subscription, at time.Time) *Invoice {
	i := &Invoice{
		ID: s.next("in"), Customer: sub.Customer, Subscription: sub.ID, Created: at, Status: "open",
		Currency: s.currencyOf(sub), Discounts: sub.Discounts,
	}
	for _, item := range sub.Items {
		if p, ok := s.prices.byID[item.Price]; ok {
			quantity := cmp.Or(item.Quantity, 1)
			i.Lines = append(i.Lines, Line{
				Description: p.Nickname, Amount: p.Amount * quantity, Price: p.ID, Quantity: quantity, Start: sub.PeriodStart, End: sub.PeriodEnd,
			})
		}
	}
	i.Off, sub.Discounts = s.off(i.subtotal(), sub.Discounts, at)
	for n := range i.Lines {
		l := &i.Lines[n]
		l.Tax = share(l.Amount, i.subtotal()-i.Off, i.subtotal()) * sub.TaxPercent / 100
	}
	s.takePending(i)
	s.keepInvoice(i)
	return i
}

// share is the part of minor that part is of all; all of it when there is nothing to compare with.
func share(minor, part, all int64) int64 {
	if all == 0 {
		return minor
	}
	return minor * part / all
}

// takePending moves onto an invoice what was waiting for the customer's next one.
func (s *Server) takePending(i *Invoice) {
	if c, ok := s.customers.byID[i.Customer]; ok {
		i.Lines = append(i.Lines, c.pending...)
		c.pending = nil
	}
}

// settleFromBalance lets a customer's credit pay what it can, and turns a
// negative invoice into credit.
func (s *Server) settleFromBalance(i *Invoice, at time.Time) {
	c, ok := s.customers.byID[i.Customer]
	if !ok || c.Currency != i.Currency {
		return
	}
	switch total := i.total(); {
	case total < 0:
		i.FromBalance = total
		s.rebalance(c, BalanceTransaction{Amount: total, Type: "applied_to_invoice", Invoice: i.ID, Created: at})
	case c.Balance < 0 && total > 0:
		i.FromBalance = min(total, -c.Balance)
		s.rebalance(c, BalanceTransaction{Amount: i.FromBalance, Type: "applied_to_invoice", Invoice: i.ID, Created: at})
	}
}

// collect takes what an invoice asks for: from the balance, then from the card.
func (s *Server) collect(i *Invoice, at time.Time) {
	s.settleFromBalance(i, at)
	if s.due(i) == 0 {
		s.paid(i)
		return
	}
	s.try(i, s.cardFor(i, ""), at)
}

// cardFor is what an invoice is paid with: the named one, its own, the
// subscription's or the customer's default.
func (s *Server) cardFor(i *Invoice, named string) *PaymentMethod {
	id := cmp.Or(named, i.Card)
	if sub, ok := s.subscriptions.byID[i.Subscription]; ok {
		id = cmp.Or(id, sub.PaymentMethod)
	}
	if c, ok := s.customers.byID[i.Customer]; ok {
		id = cmp.Or(id, c.Default)
	}
	return s.paymentMethods.byID[id]
}

// try charges a card for an invoice; nil is no card. It reports the charge, nil
// when there was none.
func (s *Server) try(i *Invoice, m *PaymentMethod, at time.Time) *Charge {
	if m == nil {
		s.unpaid(i)
		return nil
	}
	c := &Charge{
		ID: s.next("ch"), Customer: i.Customer, PaymentIntent: s.next("pi"), Invoice: i.ID, Amount: s.due(i), Currency: i.Currency,
		Created: at, PaymentMethod: m.ID, Description: "Subscription update",
	}
	if c.FailureCode, c.FailureMessage = m.Card.decline(at); c.FailureCode != "" {
		c.Status = "failed"
		c.Outcome.Reason = cmp.Or(m.Card.Declines, c.FailureCode)
	}
	s.keepCharge(c)
	if c.Status == "failed" {
		s.emit("charge.failed", s.renderCharge(c))
		s.unpaid(i)
		return c
	}
	s.emit("charge.succeeded", s.renderCharge(c))
	s.paid(i)
	return c
}

func (s *Server) paid(i *Invoice) {
	i.Status, i.NextTry = "paid", time.Time{}
	if sub, ok := s.subscriptions.byID[i.Subscription]; ok && (sub.Status == "past_due" || sub.Status == "unpaid") {
		sub.Status = "active"
	}
	if c, ok := s.customers.byID[i.Customer]; ok {
		c.Delinquent = false
	}
	s.emit("invoice.paid", s.renderInvoice(i))
}

func (s *Server) unpaid(i *Invoice) {
	i.Status, i.NextTry = "open", s.clock.Now().AddDate(0, 0, 3)
	if sub, ok := s.subscriptions.byID[i.Subscription]; ok && sub.Status == "active" {
		sub.Status = "past_due"
	}
	if c, ok := s.customers.byID[i.Customer]; ok {
		c.Delinquent = true
	}
	s.emit("invoice.payment_failed", s.renderInvoice(i))
}

// payInvoice tries again to collect an open invoice.
// See https://docs.stripe.com/api/invoices/pay.
func (s *Server) payInvoice(p *params) action {
	id, method := p.path("id"), known(p, s.paymentMethods, "payment_method")
	outside, _ := p.flag("paid_out_of_band")
	p.flag("off_session")
	p.flag("forgive")
	return func() (object, *apiError) {
		i, err := s.invoices.find(id, "id", http.StatusNotFound)
		switch {
		case err != nil:
			return nil, err
		case i.Status == "paid":
			return nil, invalid("", "", "Invoice is already paid")
		case i.Status != "open" && i.Status != "uncollectible":
			return nil, invalid("invoice_not_editable", "", "Invoice %s cannot be paid: its status is %s.", i.ID, i.Status)
		}
		return s.payNow(i, method, outside)
	}
}

func (s *Server) payNow(i *Invoice, method string, outside bool) (object, *apiError) {
	if outside {
		s.paid(i)
		return s.renderInvoice(i), nil
	}
	m := s.cardFor(i, method)
	if m == nil {
		return nil, invalid("resource_missing", "", "Cannot charge customer: there is no default payment method.")
	}
	if m.Card.Confirms {
		s.unpaid(i)
		return nil, invalid("invoice_payment_intent_requires_action", "", "This payment requires additional user action before it can be completed successfully.")
	}
	c := s.try(i, m, s.clock.Now())
	if c.Status == "failed" {
		return nil, declined(c)
	}
	return s.renderInvoice(i), nil
}

// declined is the refusal of a payment that the bank has declined.
func declined(c *Charge) *apiError {
	e := invalid("card_declined", "", "%s", c.FailureMessage)
	e.Status, e.Type, e.Charge, e.Decline = http.StatusPaymentRequired, cardTrouble, c.ID, c.Outcome.Reason
	if c.FailureCode == "expired_card" {
		e.Code = c.FailureCode
	}
	return e
}
