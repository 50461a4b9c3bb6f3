package stripeapi

import "strings"

// balance is the account's own. Nothing in the sandbox moves it: it is here for
// keys that can read more than they need.
func (s *Server) balance(*params) action {
	return func() (object, *apiError) {
		return object{"object": "balance", "available": []object{}, "livemode": false, "pending": []object{}}, nil
	}
}

// listPayouts is empty: the sandbox pays nothing out.
func (s *Server) listPayouts(p *params) action {
	p.page()
	return func() (object, *apiError) {
		return object{"object": "list", "url": "/v1/payouts", "has_more": false, "data": []object{}}, nil
	}
}

// transactionOf is the id of the balance transaction that a charge or refund
// made. It holds the whole id, so that the way back needs no index.
func transactionOf(id string) string { return "txn_" + id }

// balanceTransaction renders what a charge or refund did to the balance. Stripe's
// fees are left out: nobody in support hands them back.
func (s *Server) balanceTransaction(id string) object {
	source := strings.TrimPrefix(id, "txn_")
	if c, ok := s.charges.byID[source]; ok {
		return transaction(id, "charge", c.ID, c.Currency, c.AmountCaptured, c.Created.Unix())
	}
	if r, ok := s.refunds.byID[source]; ok {
		return transaction(id, "refund", r.ID, r.Currency, -r.Amount, r.Created.Unix())
	}
	return nil
}

func transaction(id, kind, source, currency string, amount, at int64) object {
	return object{
		"id":                 id,
		"object":             "balance_transaction",
		"amount":             amount,
		"available_on":       at,
		"created":            at,
		"currency":           currency,
		"description":        nil,
		"exchange_rate":      nil,
		"fee":                0,
		"fee_details":        []object{},
		"net":                amount,
		"reporting_category": kind,
		"source":             source,
		"status":             "available",
		"type":               kind,
	}
}
