package words

import (
	"slices"
	"strings"

	"supportmcp/internal/money"
)

// Done is what was done about somebody's money, as far as a text can be true of it.
type Done struct {
	Refunds []money.Money
	Credits []money.Money // money off invoices to come: credits and discounts
}

// credited reports whether a sentence speaks of credit, and of nothing that goes back
// to where the money came from: that would be a refund, whatever it is called. In
// doubt it is one. Only English and German are read so closely.
func credited(s []token) bool {
	begins := func(stems ...string) bool {
		return slices.ContainsFunc(s, func(t token) bool {
			return slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(t.low, stem) })
		})
	}
	return begins("credit", "gutgeschr", "gutschr", "guthaben") &&
		!begins("refund", "re-fund", "reimburs", "repa", "return", "revers", "recredit", "re-credit", "back", "erstatt", "rückerstatt", "zurück", "rück", "überw", "ausgezahlt", "ausbezahlt") &&
		!begins("card", "creditcard", "bank", "visa", "mastercard", "amex", "maestro", "paypal", "iban", "karte", "kreditkarte", "girokonto", "method", "zahlungs")
}

// by are the amounts that can show a claim.
func (c claim) by(d Done) []money.Money {
	if c.credit {
		return slices.Concat(d.Refunds, d.Credits)
	}
	return d.Refunds
}
