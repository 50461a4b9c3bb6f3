package stripe

import (
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/money"
)

// mostMinor bounds an amount of Stripe's, so that sums of a thousand cannot
// overflow. Stripe itself stops at twelve digits
// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
const mostMinor = 1e15

// amount is an amount that cannot be negative, in a known currency.
func amount(minor int64, c stripe.Currency) (money.Money, error) {
	if minor < 0 {
		return money.Money{}, odd("has a negative amount")
	}
	return balance(minor, c)
}

// balance is an amount of either sign, in a known currency.
func balance(minor int64, c stripe.Currency) (money.Money, error) {
	known, err := money.ParseCurrency(string(c))
	if err != nil {
		return money.Money{}, odd("has an unknown currency %q", word(string(c)))
	}
	if minor > mostMinor || minor < -mostMinor {
		return money.Money{}, odd("has an amount out of range")
	}
	return money.Of(minor, known), nil
}

// at is a time of Stripe's, in UTC; the zero time for none.
func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// answeredAt is when Stripe answered, by its own clock; the zero time when it does
// not tell.
func answeredAt(r *stripe.APIResponse) time.Time {
	if r == nil {
		return time.Time{}
	}
	t, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Card is what may be told of a payment card.
type Card struct {
	Brand    string // such as visa
	Last4    string
	ExpMonth int // 1 to 12
	ExpYear  int // four digits
}

func cardOf(m *stripe.PaymentMethod) *Card {
	if m == nil || m.Card == nil {
		return nil
	}
	return &Card{Brand: string(m.Card.Brand), Last4: m.Card.Last4, ExpMonth: int(m.Card.ExpMonth), ExpYear: int(m.Card.ExpYear)}
}
