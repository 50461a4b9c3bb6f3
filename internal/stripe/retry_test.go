package stripe_test

import (
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// withOpenInvoice has an invoice that was never paid.
func withOpenInvoice(t *testing.T, card stripeapi.Card) (*bench, policies.Retry) {
	t.Helper()
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_anne", Currency: "eur", Card: &card})
	b.account.AddInvoice(stripeapi.Invoice{ID: "in_open", Customer: "cus_anne", Currency: "eur", Status: "open", Lines: []stripeapi.Line{{Amount: 2000}}})
	return b, policies.Retry{
		Asker: asker(), Invoice: policies.Invoice{ID: "in_open", Customer: "cus_anne", Status: "open", Remaining: eur(2000)},
		Card: policies.DefaultCard{Name: "visa 4242", Until: start().AddDate(1, 0, 0)},
	}
}

func TestAnOpenInvoiceIsPaidOnceUnderOneKey(t *testing.T) {
	for name, f := range map[string]control.Fault{
		"nothing breaks": {Method: "DELETE", Kind: control.CutAfter}, "the answer is lost": {Method: "POST", Kind: control.CutAfter},
		"the answer is 500": {Method: "POST", Kind: control.ErrorAfter},
	} {
		b, a := withOpenInvoice(t, stripeapi.Card{})
		if _, found, err := b.FindPaid(t.Context(), a, "act_1"); found || err != nil {
			t.Errorf("%s: found before it was done: %v", name, err)
		}
		if err := b.account.Desk.Inject(f); err != nil {
			t.Fatal(err)
		}
		got, err := act(t, "act_1", a, b.PayInvoice)
		if err != nil && fault.TookOf(err) != fault.Unknown {
			t.Errorf("%s: %v", name, err)
		}
		found, ok, lookErr := b.FindPaid(t.Context(), a, "act_1")
		if !ok || lookErr != nil || found.Amount != eur(2000) || found.Charge == "" || found.PaidAt.IsZero() || err == nil && found != got {
			t.Errorf("%s: found %v %+v, %v; the receipt was %+v", name, ok, found, lookErr, got)
		}
		again, err := act(t, "act_2", a, b.PayInvoice) // somebody has paid it: said as it is, and nothing is charged
		if err != nil || again != found {
			t.Errorf("%s: again under another key: %+v, %v", name, again, err)
		}
		if i, _ := b.account.Invoice("in_open"); i.Status != "paid" {
			t.Errorf("%s: the invoice is %s", name, i.Status)
		}
	}
}

func TestWhyAnInvoiceWasNotPaidIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		card stripeapi.Card
		code fault.Code
		says string
	}{
		"declined":     {stripeapi.Card{Declines: "insufficient_funds"}, fault.Refused, "nothing was taken: the card was declined (card_declined)"},
		"expired":      {stripeapi.Card{ExpMonth: 1, ExpYear: 2020}, fault.Refused, "nothing was taken: the card was declined (expired_card)"},
		"to confirm":   {stripeapi.Card{Confirms: true}, fault.Refused, "nothing was taken: the bank wants the customer to confirm this payment"},
		"kept by bank": {stripeapi.Card{Declines: "stolen_card"}, fault.Refused, "nothing was taken: the card was declined (card_declined)"},
	} {
		b, a := withOpenInvoice(t, c.card)
		_, err := act(t, "act_1", a, b.PayInvoice)
		if fault.CodeOf(err) != c.code || fault.TookOf(err) != fault.No || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		_, again := act(t, "act_1", a, b.PayInvoice) // the same key: the first answer, and no second attempt
		if again == nil || again.Error() != err.Error() {
			t.Errorf("%s: under the same key: %v", name, again)
		}
	}
}
