package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
)

func TestPastRefundsAreThoseOfTheWholeAccountWhoseMoneyIsGone(t *testing.T) {
	b := withMaria(t)
	for i := range 150 {
		b.account.AddRefund(stripeapi.Refund{ID: fmt.Sprintf("re_%03d", i), Charge: "ch_maria", Amount: 10})
	}
	b.account.AddRefund(stripeapi.Refund{ID: "re_back", Charge: "ch_maria", Amount: 11, Status: "failed"})
	b.account.AddRefund(stripeapi.Refund{ID: "re_old", Charge: "ch_maria", Amount: 12, Created: start().Add(-48 * time.Hour)})
	var all []stripe.PastRefund
	err := b.PastRefunds(t.Context(), start().Add(-24*time.Hour), func(r stripe.PastRefund) { all = append(all, r) })
	if err != nil || len(all) != 150 {
		t.Fatalf("%d refunds, %v", len(all), err)
	}
	want := stripe.PastRefund{Amount: eur(10), At: start(), PaidAt: start(), Paid: eur(10000), Customer: "cus_maria"}
	if all[0] != want {
		t.Errorf("%+v, want %+v", all[0], want)
	}
}

func TestPastPaymentsAreThoseThatTookMoneyUpToSoManyPages(t *testing.T) {
	b := withMaria(t)
	for i := range 150 {
		b.account.AddCharge(stripeapi.Charge{ID: fmt.Sprintf("ch_more_%03d", i), Customer: "cus_maria", Amount: 500, Currency: "usd"})
	}
	b.account.AddCharge(stripeapi.Charge{ID: "ch_declined", Customer: "cus_maria", Amount: 500, Currency: "usd", Status: "failed"})
	for pages, want := range map[int]int{9: 151, 1: 99} {
		var n int
		err := b.PastPayments(t.Context(), start().Add(-time.Hour), pages, func(money.Money) { n++ })
		if err != nil || n != want {
			t.Errorf("%d pages: %d payments, %v; want %d", pages, n, err, want)
		}
	}
}
