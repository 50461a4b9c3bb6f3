package stripeapi

import (
	"maps"
	"math"
	"net/http"
	"time"
)

// BalanceTransaction is one change of a customer's balance, which the next
// invoice takes into account. Negative is credit for the customer.
type BalanceTransaction struct {
	ID          string
	Customer    string
	Amount      int64 // minor units
	Ending      int64 // balance afterwards
	Currency    string
	Type        string // "adjustment", "applied_to_invoice", "credit_note" or "unapplied_from_invoice"
	Invoice     string
	CreditNote  string
	Description string
	Created     time.Time
	Metadata    map[string]string
}

func (b *BalanceTransaction) stamp() (string, time.Time) { return b.ID, b.Created }

// BalanceTransactions lists the changes of a customer's balance, oldest first.
func (s *Server) BalanceTransactions(customer string) []BalanceTransaction {
	return all(s, func() []*BalanceTransaction {
		return only(s.balances.rows, func(b *BalanceTransaction) bool { return b.Customer == customer })
	})
}

// rebalance changes a customer's balance and writes down why.
func (s *Server) rebalance(c *Customer, b BalanceTransaction) *BalanceTransaction {
	c.Balance += b.Amount
	b.ID, b.Customer, b.Ending, b.Currency = s.next("cbtxn"), c.ID, c.Balance, c.Currency
	s.balances.put(&b)
	return &b
}

// createBalanceTransaction follows
// https://docs.stripe.com/api/customer_balance_transactions/create.
func (s *Server) createBalanceTransaction(p *params) action {
	id := p.path("id")
	amount := p.integer("amount", math.MinInt64, math.MaxInt64, 0)
	currency, description, metadata := p.text("currency"), p.text("description"), p.metadata()(nil)
	switch {
	case amount == 0:
		p.refuse(invalid("parameter_missing", "amount", "Missing required param: amount."))
	case currency == "":
		p.refuse(invalid("parameter_missing", "currency", "Missing required param: currency."))
	}
	return func() (object, *apiError) {
		c, err := s.customers.find(id, "customer", http.StatusNotFound)
		switch {
		case err != nil:
			return nil, err
		case c.Deleted:
			return nil, missing(http.StatusNotFound, "customer", id, "customer")
		case c.Currency != "" && currency != c.Currency:
			return nil, invalid("", "currency", "The currency of the transaction (%s) must match the currency of the customer (%s).", currency, c.Currency)
		}
		c.Currency = currency
		b := s.rebalance(c, BalanceTransaction{
			Amount: amount, Type: "adjustment", Description: description, Created: s.clock.Now(), Metadata: maps.Clone(metadata),
		})
		s.emit("customer.updated", s.renderCustomer(c))
		return s.renderBalanceTransaction(b), nil
	}
}

func (s *Server) listBalanceTransactions(p *params) action {
	customer := p.path("id")
	if _, err := s.customers.find(customer, "customer", http.StatusNotFound); err != nil {
		p.refuse(err)
	}
	return list(p, s.balances, "/v1/customers/"+customer+"/balance_transactions", func(b *BalanceTransaction) bool {
		return b.Customer == customer
	})
}

func (s *Server) renderBalanceTransaction(b *BalanceTransaction) object {
	return object{
		"id":             b.ID,
		"object":         "customer_balance_transaction",
		"amount":         b.Amount,
		"created":        b.Created.Unix(),
		"credit_note":    orNull(b.CreditNote),
		"currency":       b.Currency,
		"customer":       b.Customer,
		"description":    orNull(b.Description),
		"ending_balance": b.Ending,
		"invoice":        orNull(b.Invoice),
		"livemode":       false,
		"metadata":       pairs(b.Metadata),
		"type":           b.Type,
	}
}
