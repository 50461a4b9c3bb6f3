package stripeapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Invoice is a bill. Its total is the sum of its lines less what is taken off,
// with tax. The charge that paid it is the one that names it.
type Invoice struct {
	ID           string
	Customer     string
	Subscription string
	Number       string    // the id's own part in capitals when ""
	Created      time.Time // the clock's now when zero
	Currency     string    // "usd" when ""
	Status       string    // "paid" when "", or "draft", "open", "void", "uncollectible"
	Reason       string    // of billing; "subscription_cycle" or "manual" when ""
	Due          time.Time
	NextTry      time.Time
	Lines        []Line
	Off          int64 // minor units that discounts took off
	FromBalance  int64 // minor units that the customer's credit paid
	Discounts    []Discount
	Sent         bool   // the customer pays on their own: nothing is charged for it
	Card         string // id of its own payment method; the subscription's or the customer's when ""
}

// Line is one entry of an invoice.
type Line struct {
	Description string
	Amount      int64 // minor units before tax; negative is credit
	Tax         int64 // minor units on top of Amount
	Price       string
	Quantity    int64     // 1 when 0
	Start, End  time.Time // of the period it pays for; the invoice's Created when zero
	Proration   bool
}

func (i *Invoice) stamp() (string, time.Time) { return i.ID, i.Created }

// AddInvoice seeds an invoice.
func (s *Server) AddInvoice(i Invoice) {
	s.seed(func(now time.Time) {
		i.Created = orNow(i.Created, now)
		s.keepInvoice(&i)
	})
}

func (s *Server) keepInvoice(i *Invoice) {
	i.Currency = cmp.Or(i.Currency, "usd")
	i.Status = cmp.Or(i.Status, "paid")
	i.Number = cmp.Or(i.Number, strings.ToUpper(strings.TrimPrefix(i.ID, "in_")))
	i.Reason = cmp.Or(i.Reason, map[bool]string{true: "subscription_cycle", false: "manual"}[i.Subscription != ""])
	i.Lines = slices.Clone(i.Lines)
	s.invoices.put(i)
}

// Invoice is the invoice with this id.
func (s *Server) Invoice(id string) (Invoice, bool) { return one(s, s.invoices.byID, id) }

func (s *Server) listInvoices(p *params) action {
	customer, subscription := known(p, s.customers, "customer"), known(p, s.subscriptions, "subscription")
	status := p.oneOf("status", "draft", "open", "paid", "uncollectible", "void")
	p.oneOf("collection_method", "charge_automatically", "send_invoice")
	return list(p, s.invoices, "/v1/invoices", func(i *Invoice) bool {
		return wanted(customer, i.Customer) && wanted(subscription, i.Subscription) && wanted(status, i.Status)
	})
}

func (i *Invoice) subtotal() int64 {
	var sum int64
	for _, l := range i.Lines {
		sum += l.Amount
	}
	return sum
}

func (i *Invoice) tax() int64 {
	var sum int64
	for _, l := range i.Lines {
		sum += l.Tax
	}
	return sum
}

func (i *Invoice) total() int64 { return i.subtotal() - i.Off + i.tax() }

// due is what had or has to be paid, less credit notes from before it was paid.
func (s *Server) due(i *Invoice) int64 {
	return max(0, i.total()-i.FromBalance-s.credited(i.ID, "pre_payment"))
}

// tries are the charges for an invoice, newest first.
func (s *Server) tries(i *Invoice) []*Charge {
	return s.charges.newest(func(c *Charge) bool { return c.Invoice == i.ID })
}

// payment is the charge that paid an invoice.
func (s *Server) payment(i *Invoice) (*Charge, bool) {
	return s.charges.latest(func(c *Charge) bool { return c.Invoice == i.ID && c.Status == "succeeded" })
}

func (s *Server) renderInvoice(i *Invoice) object {
	due, start, end := s.due(i), time.Time{}, time.Time{}
	start, end = i.period()
	discount, discounts := s.renderDiscounts(i.Discounts, i.Customer, i.Subscription)
	o := object{
		"id":                               i.ID,
		"object":                           "invoice",
		"amount_due":                       due,
		"amount_paid":                      0,
		"amount_remaining":                 due,
		"attempt_count":                    0,
		"attempted":                        false,
		"auto_advance":                     i.Status == "open",
		"billing_reason":                   i.Reason,
		"charge":                           nil,
		"collection_method":                map[bool]string{false: "charge_automatically", true: "send_invoice"}[i.Sent],
		"created":                          i.Created.Unix(),
		"currency":                         i.Currency,
		"customer":                         i.Customer,
		"customer_email":                   nil,
		"customer_name":                    nil,
		"default_payment_method":           orNull(i.Card),
		"description":                      nil,
		"discount":                         discount,
		"discounts":                        discounts,
		"due_date":                         unix(i.Due),
		"ending_balance":                   0,
		"hosted_invoice_url":               "https://invoice.stripe.com/i/" + accountID + "/" + i.ID,
		"invoice_pdf":                      "https://pay.stripe.com/invoice/" + accountID + "/" + i.ID + "/pdf",
		"lines":                            s.renderLines(i),
		"livemode":                         false,
		"metadata":                         object{},
		"next_payment_attempt":             unix(i.NextTry),
		"number":                           i.Number,
		"paid":                             i.Status == "paid",
		"payment_intent":                   nil,
		"period_end":                       end.Unix(),
		"period_start":                     start.Unix(),
		"post_payment_credit_notes_amount": s.credited(i.ID, "post_payment"),
		"pre_payment_credit_notes_amount":  s.credited(i.ID, "pre_payment"),
		"starting_balance":                 -i.FromBalance,
		"status":                           i.Status,
		"status_transitions":               s.renderTransitions(i),
		"subscription":                     orNull(i.Subscription),
		"subtotal":                         i.subtotal(),
		"subtotal_excluding_tax":           i.subtotal(),
		"tax":                              orNull(i.tax()),
		"total":                            i.total(),
		"total_discount_amounts":           []object{},
		"total_excluding_tax":              i.total() - i.tax(),
		"total_tax_amounts":                taxAmounts(i.tax(), i.subtotal()-i.Off),
	}
	s.renderState(i, o)
	return o
}

// renderTransitions says since when an invoice is what it is.
func (s *Server) renderTransitions(i *Invoice) object {
	o := object{"finalized_at": nil, "marked_uncollectible_at": nil, "paid_at": nil, "voided_at": nil}
	if i.Status != "draft" {
		o["finalized_at"] = i.Created.Unix()
	}
	if i.Status == "paid" {
		o["paid_at"] = i.Created.Unix()
		if c, ok := s.payment(i); ok {
			o["paid_at"] = c.Created.Unix()
		}
	}
	return o
}

// renderState adds what follows from an invoice's status and its charges.
func (s *Server) renderState(i *Invoice, o object) {
	switch i.Status {
	case "paid":
		o["amount_paid"], o["amount_remaining"] = o["amount_due"], 0
	case "draft":
		o["number"], o["hosted_invoice_url"], o["invoice_pdf"] = nil, nil, nil
	}
	if c, ok := s.customers.byID[i.Customer]; ok {
		o["customer_email"], o["customer_name"] = orNull(c.Email), orNull(c.Name)
	}
	if i.Off > 0 && len(i.Discounts) > 0 {
		o["total_discount_amounts"] = []object{{"amount": i.Off, "discount": i.Discounts[0].ID}}
	}
	if tries := s.tries(i); len(tries) > 0 {
		o["charge"], o["payment_intent"] = tries[0].ID, orNull(tries[0].PaymentIntent)
		o["attempt_count"], o["attempted"] = len(tries), true
	}
}

func taxAmounts(tax, of int64) []object {
	if tax == 0 {
		return []object{}
	}
	return []object{{"amount": tax, "inclusive": false, "tax_rate": "txr_sandbox", "taxability_reason": "standard_rated", "taxable_amount": of}}
}

// period is the widest of what the lines pay for.
func (i *Invoice) period() (start, end time.Time) {
	start, end = i.Created, i.Created
	for _, l := range i.Lines {
		if !l.Start.IsZero() && l.Start.Before(start) {
			start = l.Start
		}
		if l.End.After(end) {
			end = l.End
		}
	}
	return start, end
}

// lineID is the id of an invoice's n-th line, from 0.
func (i *Invoice) lineID(n int) string {
	return fmt.Sprintf("il_%s_%d", strings.TrimPrefix(i.ID, "in_"), n+1)
}

func (s *Server) renderLines(i *Invoice) object {
	data := []object{}
	for n, l := range i.Lines {
		kind := "invoiceitem"
		if i.Subscription != "" && !l.Proration {
			kind = "subscription"
		}
		data = append(data, object{
			"id":               i.lineID(n),
			"object":           "line_item",
			"amount":           l.Amount,
			"currency":         i.Currency,
			"description":      orNull(l.Description),
			"discount_amounts": []object{},
			"discountable":     !l.Proration,
			"discounts":        []string{},
			"invoice":          i.ID,
			"livemode":         false,
			"metadata":         object{},
			"period":           object{"start": orNow(l.Start, i.Created).Unix(), "end": orNow(l.End, i.Created).Unix()},
			"price":            s.priceInside(l.Price),
			"proration":        l.Proration,
			"quantity":         cmp.Or(l.Quantity, 1),
			"subscription":     orNull(i.Subscription),
			"tax_amounts":      taxAmounts(l.Tax, l.Amount),
			"type":             kind,
		})
	}
	return object{"object": "list", "url": "/v1/invoices/" + i.ID + "/lines", "has_more": false, "data": data}
}

// Payments are the charges that paid an invoice, newest first.
func (s *Server) Payments(invoice string) []Charge {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Charge
	for _, c := range s.charges.newest(func(c *Charge) bool { return c.Invoice == invoice && c.Status == "succeeded" }) {
		out = append(out, *c)
	}
	return out
}
