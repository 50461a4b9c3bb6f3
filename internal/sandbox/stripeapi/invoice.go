package stripeapi

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Invoice is a bill. Its total is the sum of its lines. The charge that paid it
// is the one that names it.
type Invoice struct {
	ID           string
	Customer     string
	Subscription string
	Number       string    // the id's own part in capitals when ""
	Created      time.Time // the clock's now when zero
	Currency     string    // "usd" when ""
	Status       string    // "paid" when "", or "draft", "open", "void", "uncollectible"
	Due          time.Time
	Lines        []Line
}

// Line is one entry of an invoice.
type Line struct {
	Description string
	Amount      int64 // minor units; negative is credit
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
		i.Currency = cmp.Or(i.Currency, "usd")
		i.Status = cmp.Or(i.Status, "paid")
		i.Number = cmp.Or(i.Number, strings.ToUpper(strings.TrimPrefix(i.ID, "in_")))
		i.Lines = slices.Clone(i.Lines)
		s.invoices.put(&i)
	})
}

func (s *Server) listInvoices(p *params) action {
	customer, subscription := known(p, s.customers, "customer"), known(p, s.subscriptions, "subscription")
	status := p.oneOf("status", "draft", "open", "paid", "uncollectible", "void")
	return list(p, s.invoices, "/v1/invoices", func(i *Invoice) bool {
		return wanted(customer, i.Customer) && wanted(subscription, i.Subscription) && wanted(status, i.Status)
	})
}

func (i *Invoice) total() int64 {
	var sum int64
	for _, l := range i.Lines {
		sum += l.Amount
	}
	return sum
}

func (s *Server) renderInvoice(i *Invoice) object {
	total, paid := i.total(), i.Status == "paid"
	start, end := i.period()
	o := object{
		"id":                 i.ID,
		"object":             "invoice",
		"amount_due":         total,
		"amount_paid":        0,
		"amount_remaining":   total,
		"attempt_count":      0,
		"attempted":          false,
		"billing_reason":     "manual",
		"charge":             nil,
		"collection_method":  "charge_automatically",
		"created":            i.Created.Unix(),
		"currency":           i.Currency,
		"customer":           i.Customer,
		"customer_email":     nil,
		"customer_name":      nil,
		"description":        nil,
		"due_date":           unix(i.Due),
		"hosted_invoice_url": "https://invoice.stripe.com/i/" + accountID + "/" + i.ID,
		"invoice_pdf":        "https://pay.stripe.com/invoice/" + accountID + "/" + i.ID + "/pdf",
		"lines":              s.renderLines(i),
		"livemode":           false,
		"metadata":           object{},
		"number":             i.Number,
		"paid":               paid,
		"payment_intent":     nil,
		"period_end":         end.Unix(),
		"period_start":       start.Unix(),
		"status":             i.Status,
		"subscription":       orNull(i.Subscription),
		"subtotal":           total,
		"tax":                nil,
		"total":              total,
	}
	if paid {
		o["amount_paid"], o["amount_remaining"] = total, 0
	}
	if i.Status == "draft" {
		o["number"], o["hosted_invoice_url"], o["invoice_pdf"] = nil, nil, nil
	}
	if i.Subscription != "" {
		o["billing_reason"] = "subscription_cycle"
	}
	if c, ok := s.customers.byID[i.Customer]; ok {
		o["customer_email"], o["customer_name"] = orNull(c.Email), orNull(c.Name)
	}
	tries := s.charges.newest(func(c *Charge) bool { return c.Invoice == i.ID })
	if len(tries) > 0 {
		o["charge"], o["payment_intent"] = tries[0].ID, orNull(tries[0].PaymentIntent)
		o["attempt_count"], o["attempted"] = len(tries), true
	}
	return o
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

func (s *Server) renderLines(i *Invoice) object {
	data := []object{}
	for n, l := range i.Lines {
		kind := "invoiceitem"
		if i.Subscription != "" && !l.Proration {
			kind = "subscription"
		}
		data = append(data, object{
			"id":           "il_" + strings.TrimPrefix(i.ID, "in_") + "_" + strconv.Itoa(n+1),
			"object":       "line_item",
			"amount":       l.Amount,
			"currency":     i.Currency,
			"description":  orNull(l.Description),
			"invoice":      i.ID,
			"livemode":     false,
			"metadata":     object{},
			"period":       object{"start": orNow(l.Start, i.Created).Unix(), "end": orNow(l.End, i.Created).Unix()},
			"price":        s.priceInside(l.Price),
			"proration":    l.Proration,
			"quantity":     cmp.Or(l.Quantity, 1),
			"subscription": orNull(i.Subscription),
			"type":         kind,
		})
	}
	return object{"object": "list", "url": "/v1/invoices/" + i.ID + "/lines", "has_more": false, "data": data}
}
