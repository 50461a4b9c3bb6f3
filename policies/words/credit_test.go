package words

import (
	"testing"

	"supportmcp/internal/money"
)

// A credit makes word of credit true, and word of money on its way back never.
func TestACreditShowsWordOfCreditAndNoneOfARefund(t *testing.T) {
	ten := []money.Money{money.Of(1000, "eur")}
	for text, want := range map[string]bool{
		"I have credited 10.00 EUR to your account; it comes off your next invoice.":     true,
		"10.00 EUR have been credited to your account.":                                  true,
		"A credit of 10 EUR was applied to your account and comes off the next invoice.": true,
		"Wir haben Ihnen 10,00 EUR gutgeschrieben.":                                      true,
		"Sie haben eine Gutschrift über 10,00 EUR erhalten.":                             true,
		"I have credited 11.00 EUR to your account.":                                     false,
		"We have refunded 10.00 EUR.":                                                    false,
		"We have credited 10.00 EUR back to your card.":                                  false,
		"We credited your card with 10.00 EUR.":                                          false,
		"As a refund, we credited 10.00 EUR to your account.":                            false,
		"We have credited 10.00 EUR to your bank account.":                               false,
		"Wir haben Ihrer Kreditkarte 10,00 EUR gutgeschrieben.":                          false,
		"Wir haben Ihnen 10,00 EUR zurücküberwiesen und gutgeschrieben.":                 false,
		"Wir haben Ihnen 10,00 EUR erstattet.":                                           false,
		"Nous vous avons remboursé 10,00 EUR.":                                           false,
	} {
		read := Read(text)
		if got := read.Shown(Done{Credits: ten}); got != want || !read.Claims() {
			t.Errorf("%q: shown %v, claims %v", text, got, read.Claims())
		}
		if amount := want || text != "I have credited 11.00 EUR to your account."; amount && !read.Shown(Done{Refunds: ten}) {
			t.Errorf("%q is not shown by a refund", text)
		}
	}
}
