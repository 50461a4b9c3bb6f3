package stripeapi

import (
	"cmp"
	"fmt"
	"time"
)

// CreditNote takes something off an invoice after it was sent. What was paid
// already goes back to the card, to the balance, or by other ways.
type CreditNote struct {
	ID        string
	Invoice   string
	Customer  string
	Currency  string
	Type      string // "pre_payment" or "post_payment"
	Total     int64  // minor units with tax, less discounts
	Lines     []noteLine
	Refunded  int64  // through Refund
	Credited  int64  // to the balance
	OutOfBand int64  // by other ways
	Refund    string // id
	Balance   string // id of the balance transaction
	Reason    string
	Memo      string
	Created   time.Time
	Metadata  map[string]string
}

// noteLine is what a credit note takes off one line, or in one sum.
type noteLine struct {
	of            string // id of the invoice's line; "" for a sum
	amount        int64  // before tax and discounts
	tax, discount int64
}

func (n *CreditNote) stamp() (string, time.Time) { return n.ID, n.Created }

// CreditNotes lists every credit note, oldest first.
func (s *Server) CreditNotes() []CreditNote {
	return all(s, func() []*CreditNote { return s.creditNotes.rows })
}

// credited is what credit notes of a type have taken off an invoice.
func (s *Server) credited(invoice, kind string) int64 {
	var sum int64
	for _, n := range s.creditNotes.rows {
		if n.Invoice == invoice && n.Type == kind {
			sum += n.Total
		}
	}
	return sum
}

// creditedOf is what credit notes have taken off one line.
func (s *Server) creditedOf(line string) int64 {
	var sum int64
	for _, n := range s.creditNotes.rows {
		for _, l := range n.Lines {
			if l.of == line {
				sum += l.amount
			}
		}
	}
	return sum
}

func (s *Server) listCreditNotes(p *params) action {
	invoice, customer := known(p, s.invoices, "invoice"), known(p, s.customers, "customer")
	return list(p, s.creditNotes, "/v1/credit_notes", func(n *CreditNote) bool {
		return wanted(invoice, n.Invoice) && wanted(customer, n.Customer)
	})
}

func (s *Server) renderCreditNote(n *CreditNote) object {
	var subtotal, tax, off int64
	for _, l := range n.Lines {
		subtotal, tax, off = subtotal+l.amount, tax+l.tax, off+l.discount
	}
	o := object{
		"id":                           n.ID,
		"object":                       "credit_note",
		"amount":                       n.Total,
		"amount_shipping":              0,
		"created":                      n.Created.Unix(),
		"currency":                     n.Currency,
		"customer":                     n.Customer,
		"customer_balance_transaction": orNull(n.Balance),
		"discount_amount":              off,
		"discount_amounts":             []object{},
		"effective_at":                 n.Created.Unix(),
		"invoice":                      n.Invoice,
		"lines":                        n.renderLines(),
		"livemode":                     false,
		"memo":                         orNull(n.Memo),
		"metadata":                     pairs(n.Metadata),
		"number":                       s.noteNumber(n),
		"out_of_band_amount":           orNull(n.OutOfBand),
		"pdf":                          "https://pay.stripe.com/credit_notes/" + accountID + "/" + n.ID + "/pdf",
		"reason":                       orNull(n.Reason),
		"refund":                       orNull(n.Refund),
		"shipping_cost":                nil,
		"status":                       "issued",
		"subtotal":                     subtotal,
		"subtotal_excluding_tax":       subtotal,
		"tax_amounts":                  taxAmounts(tax, subtotal-off),
		"total":                        n.Total,
		"total_excluding_tax":          n.Total - tax,
		"type":                         n.Type,
		"voided_at":                    nil,
	}
	return o
}

// noteNumber counts the credit notes of an invoice: INVOICE-CN-01.
func (s *Server) noteNumber(n *CreditNote) string {
	number, at := n.Invoice, 1
	if i, ok := s.invoices.byID[n.Invoice]; ok {
		number = cmp.Or(i.Number, i.ID)
	}
	for _, other := range s.creditNotes.rows {
		if other.ID == n.ID {
			break
		}
		if other.Invoice == n.Invoice {
			at++
		}
	}
	return fmt.Sprintf("%s-CN-%02d", number, at)
}

func (n *CreditNote) renderLines() object {
	data := []object{}
	for i, l := range n.Lines {
		kind := "custom_line_item"
		if l.of != "" {
			kind = "invoice_line_item"
		}
		data = append(data, object{
			"id":                fmt.Sprintf("cnli_%s_%d", n.ID, i+1),
			"object":            "credit_note_line_item",
			"amount":            l.amount,
			"description":       nil,
			"discount_amount":   l.discount,
			"discount_amounts":  []object{},
			"invoice_line_item": orNull(l.of),
			"livemode":          false,
			"quantity":          1,
			"tax_amounts":       taxAmounts(l.tax, l.amount-l.discount),
			"tax_rates":         []object{},
			"type":              kind,
			"unit_amount":       l.amount,
		})
	}
	return object{"object": "list", "url": "/v1/credit_notes/" + n.ID + "/lines", "has_more": false, "data": data}
}
