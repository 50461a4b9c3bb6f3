package stripeapi

import (
	"fmt"
	"math"
	"net/http"

	"supportmcp/internal/money"
)

// noteAsked is what a credit note was asked for with.
type noteAsked struct {
	invoice   string
	amount    int64 // minor units with tax; or else lines
	lines     []noteLine
	refund    int64
	credit    int64
	outOfBand int64
	linked    string // id of a refund that was made before
	reason    string
	memo      string
	metadata  map[string]string
}

func (p *params) creditNote() noteAsked {
	ask := noteAsked{
		invoice:   p.text("invoice"),
		amount:    p.integer("amount", 1, math.MaxInt64, 0),
		refund:    p.integer("refund_amount", 0, math.MaxInt64, 0),
		credit:    p.integer("credit_amount", 0, math.MaxInt64, 0),
		outOfBand: p.integer("out_of_band_amount", 0, math.MaxInt64, 0),
		linked:    p.text("refund"),
		reason:    p.oneOf("reason", "duplicate", "fraudulent", "order_change", "product_unsatisfactory"),
		memo:      p.text("memo"),
		metadata:  p.metadata()(nil),
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("lines[%d]", i)
		if p.oneOf(name+"[type]", "invoice_line_item") == "" {
			break
		}
		ask.lines = append(ask.lines, noteLine{
			of: p.text(name + "[invoice_line_item]"), amount: p.integer(name+"[amount]", 1, math.MaxInt64, 0),
		})
	}
	switch {
	case ask.invoice == "":
		p.refuse(invalid("parameter_missing", "invoice", "Missing required param: invoice."))
	case (ask.amount == 0) == (len(ask.lines) == 0):
		p.refuse(invalid("parameter_missing", "", "You must specify exactly one of amount and lines."))
	}
	return ask
}

// previewCreditNote says what a credit note would be, and keeps nothing.
// See https://docs.stripe.com/api/credit_notes/preview.
func (s *Server) previewCreditNote(p *params) action {
	ask := p.creditNote()
	return func() (object, *apiError) {
		n, _, err := s.draftNote(ask, true)
		if err != nil {
			return nil, err
		}
		n.ID = "cn_preview"
		return s.renderCreditNote(n), nil
	}
}

// createCreditNote follows https://docs.stripe.com/api/credit_notes/create.
func (s *Server) createCreditNote(p *params) action {
	ask := p.creditNote()
	return func() (object, *apiError) {
		n, pay, err := s.draftNote(ask, false)
		if err != nil {
			return nil, err
		}
		n.ID = s.next("cn")
		s.creditNotes.put(n)
		if pay != nil {
			r := s.refund(pay, refundAsked{charge: pay.ID, amount: n.Refunded})
			n.Refund = r.ID
		}
		if c, ok := s.customers.byID[n.Customer]; ok && n.Credited > 0 {
			n.Balance = s.rebalance(c, BalanceTransaction{Amount: -n.Credited, Type: "credit_note", CreditNote: n.ID, Created: n.Created}).ID
		}
		s.emit("credit_note.created", s.renderCreditNote(n))
		return s.renderCreditNote(n), nil
	}
}

// draftNote checks a credit note. The charge is the one to refund, nil for none. A
// preview need not say where the money goes.
func (s *Server) draftNote(ask noteAsked, preview bool) (*CreditNote, *Charge, *apiError) {
	i, err := s.invoices.find(ask.invoice, "invoice", http.StatusBadRequest)
	if err != nil {
		return nil, nil, err
	}
	if i.Status != "open" && i.Status != "paid" {
		return nil, nil, invalid("", "invoice", "Credit notes can only be issued for invoices that are open or paid; %s is %s.", i.ID, i.Status)
	}
	n := &CreditNote{
		Invoice: i.ID, Customer: i.Customer, Currency: i.Currency, Type: "pre_payment", Created: s.clock.Now(),
		Refunded: ask.refund, Credited: ask.credit, OutOfBand: ask.outOfBand, Refund: ask.linked,
		Reason: ask.reason, Memo: ask.memo, Metadata: ask.metadata,
	}
	if n.Lines, err = s.noteLines(i, ask); err != nil {
		return nil, nil, err
	}
	for _, l := range n.Lines {
		n.Total += l.amount - l.discount + l.tax
	}
	if i.Status == "open" {
		return n, nil, s.prePayment(i, n)
	}
	n.Type = "post_payment"
	if preview && n.Refunded+n.Credited+n.OutOfBand == 0 && n.Refund == "" {
		n.Credited = n.Total
	}
	c, err := s.postPayment(i, n)
	return n, c, err
}

// noteLines works out discount and tax of what is taken off.
func (s *Server) noteLines(i *Invoice, ask noteAsked) ([]noteLine, *apiError) {
	if ask.amount > 0 {
		tax := share(ask.amount, i.tax(), i.total())
		return []noteLine{{amount: ask.amount - tax, tax: tax}}, nil
	}
	for n := range ask.lines {
		l, name := &ask.lines[n], fmt.Sprintf("lines[%d]", n)
		of, ok := i.line(l.of)
		switch {
		case !ok:
			return nil, missing(http.StatusBadRequest, "invoice line item", l.of, name+"[invoice_line_item]")
		case l.amount == 0:
			l.amount = of.Amount
		case l.amount > of.Amount-s.creditedOf(l.of):
			return nil, invalid("", name+"[amount]", "The amount is more than what is left of the line.")
		}
		l.discount = share(i.Off, l.amount, i.subtotal())
		l.tax = share(of.Tax, l.amount, of.Amount)
	}
	return ask.lines, nil
}

func (i *Invoice) line(id string) (Line, bool) {
	for n, l := range i.Lines {
		if i.lineID(n) == id {
			return l, true
		}
	}
	return Line{}, false
}

func (s *Server) prePayment(i *Invoice, n *CreditNote) *apiError {
	switch {
	case n.Refunded+n.Credited+n.OutOfBand > 0 || n.Refund != "":
		return invalid("", "refund_amount", "Nothing was paid for this invoice that could be refunded or credited.")
	case n.Total > s.due(i):
		return invalid("", "amount", "The credit note is more than the amount due on the invoice (%s).", money.Of(s.due(i), money.Currency(i.Currency)))
	}
	return nil
}

// postPayment makes sure that all of a paid invoice's credit goes somewhere and
// is not more than was paid.
func (s *Server) postPayment(i *Invoice, n *CreditNote) (*Charge, *apiError) {
	given := n.Refunded + n.Credited + n.OutOfBand
	if r, ok := s.refunds.byID[n.Refund]; ok {
		given += r.Amount
	} else if n.Refund != "" {
		return nil, missing(http.StatusBadRequest, "refund", n.Refund, "refund")
	}
	left := i.total() - s.credited(i.ID, "post_payment") - s.credited(i.ID, "pre_payment")
	switch {
	case n.Total > left:
		return nil, invalid("", "amount", "The credit note is more than what is left to credit on the invoice (%s).", money.Of(left, money.Currency(i.Currency)))
	case given != n.Total:
		return nil, invalid("", "", "The sum of credit amount, refund amount and out of band amount (%d) must equal the credit note amount (%d).", given, n.Total)
	case n.Refunded == 0:
		return nil, nil
	}
	pay, ok := s.payment(i)
	if !ok {
		return nil, invalid("", "refund_amount", "The invoice was not paid with a charge, so nothing can be refunded.")
	}
	c, err := s.refundable(refundAsked{charge: pay.ID})
	if err != nil {
		return nil, err
	}
	return c, sumAllowed(c, n.Refunded, c.Amount-s.refunded(c))
}
