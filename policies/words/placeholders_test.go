package words

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestOnlyPlaceholdersThatCanBeFilledInPass(t *testing.T) {
	bad := []string{"placeholders"}
	check(t, []refusal{
		{"A new card: {card_update}", nil},
		{"Pay here: {invoice:in_foreign99}, or write to us.", nil}, // whose it is, the caller knows
		{"({receipt:ch_1A})! And ({invoice:in_2}).", nil},
		{"{card_update}\n{receipt:py_1}", nil},
		{"Hello {first_name}, dear {{customer_name}}", bad},
		{"{refund:re_1x}", bad},
		{"{invoice}", bad},
		{"{invoice:}", bad},
		{"{invoice: in_1}", bad},
		{"{ card_update }", bad},
		{"{Card_Update}", bad},
		{"{card_update:cus_1}", bad},
		{"{{card_update}}", bad},
		{"{card_update", bad},
		{"{card_update\n}", bad},
		{"x{card_update}", bad},
		{"{card_update}/../login", bad},
		{"{invoice:in_1}?to=evil", bad},
		{"{invoice:in_1}.evil", bad},
		{"{invoice:in_1}{invoice:in_2}", bad},
		{"{receipt:ch_1/../x}", bad},
		{`Send {"amount": 5} or {timeout: 30} {} { } {5}`, nil},
	})
}

func TestPlaceholdersAreReadOnceEach(t *testing.T) {
	got := Read("{invoice:in_1} {card_update} {invoice:in_1} {invoice:x y}").Placeholders()
	want := []Placeholder{{"{invoice:in_1}", Invoice, "in_1"}, {"{card_update}", CardUpdate, ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What stands in a placeholder is no word of the text: its id is judged apart.
func TestAPlaceholderHidesNoOtherFault(t *testing.T) {
	check(t, []refusal{
		{"{invoice:in_1} https://billing.stripe.com/p/login/x", []string{"links"}},
		{"We have refunded 5 EUR: {receipt:ch_1}", []string{"promise"}},
		{"ch_9f8e {receipt:ch_1}", []string{"ids"}},
	})
}

func TestFillingTakesOnlyPages(t *testing.T) {
	const body = "Card: {card_update}.\n\nInvoice ({invoice:in_1}), again {card_update}!"
	card, invoice := "https://billing.stripe.com/p/session/test_bps_1", "https://invoice.stripe.com/i/acct_1/test_a-b_?s=ap&x=1"
	got, err := Fill(body, map[string]string{"{card_update}": card, "{invoice:in_1}": invoice})
	if want := "Card: " + card + ".\n\nInvoice (" + invoice + "), again " + card + "!"; err != nil || got != want {
		t.Errorf("filled %q, %v", got, err)
	}
	if Unaddressed(got) != Unaddressed(body) || strings.Contains(Unaddressed(got), "stripe") {
		t.Errorf("%q, %q", Unaddressed(got), Unaddressed(body))
	}
	for name, addresses := range map[string]map[string]string{
		"none":            nil,
		"one is missing":  {"{card_update}": card},
		"another host":    {"{card_update}": card, "{invoice:in_1}": "https://evil.example.com/i/acct_1"},
		"two addresses":   {"{card_update}": card, "{invoice:in_1}": invoice + " " + card},
		"text behind":     {"{card_update}": card, "{invoice:in_1}": invoice + "\nhello"},
		"a mark behind":   {"{card_update}": card, "{invoice:in_1}": invoice + "."},
		"markup":          {"{card_update}": card, "{invoice:in_1}": invoice + "<b>"},
		"no address":      {"{card_update}": card, "{invoice:in_1}": "hello"},
		"the dashboard":   {"{card_update}": card, "{invoice:in_1}": "https://dashboard.stripe.com/x"},
		"the empty one":   {"{card_update}": card, "{invoice:in_1}": ""},
		"the placeholder": {"{card_update}": card, "{invoice:in_1}": Link},
	} {
		if got, err := Fill(body, addresses); err == nil || got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got, err := Fill("Hello {name}", nil); got != "Hello {name}" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAddressesOfCustomersPagesAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"See https://billing.stripe.com/p/session/x_1.":                                       "See [link].",
		"(HTTPS://Invoice.Stripe.com/i/acct_1/x?s=ap)":                                        "([link])",
		"label (https://pay.stripe.com/receipts/a)\nnext":                                     "label ([link])\nnext",
		"[pay](https://invoice.stripe.com/i/a)":                                               "[pay]([link])",
		"billing.stripe.com/p/login/x":                                                        "[link]",
		"> at https://pay.example.com/p/session/live_1 you":                                   "> at [link] you",
		`<a href="https://billing.stripe.com/p/login/x">https://billing.stripe.com/p/x</a>`:   `<a href="[link]">[link]</a>`,
		"https://safe.example.com/?u=https%3A%2F%2Fbilling.stripe.com%2Fp%2Fsession%2Fx&d=1,": "[link],",
		"https://help.example.com/x and https://docs.stripe.com/api":                          "https://help.example.com/x and https://docs.stripe.com/api",
		"https://dashboard.stripe.com/payments/pi_1 or and/or":                                "https://dashboard.stripe.com/payments/pi_1 or and/or",
		"evilstripe.com/x stripe.com/pricing":                                                 "evilstripe.com/x stripe.com/pricing",
		"{card_update} 5/10":                                                                  "{card_update} 5/10",
		"":                                                                                    "",
	} {
		if got := Masked(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whatever stands around it, a page that was filled in is not read afterwards.
func TestWhatIsFilledInIsMasked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zäß .,(){}:/"']{0,12}`)
		key := rapid.StringMatching(`[A-Za-z0-9_-]{8,40}`).Draw(t, "key")
		body := word.Draw(t, "before") + " {card_update}" + rapid.SampledFrom([]string{"", ".", "!", ")", "?\n", ", "}).Draw(t, "mark") + " " + word.Draw(t, "after")
		filled, err := Fill(body, map[string]string{"{card_update}": "https://billing.stripe.com/p/session/" + key + "0"})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(Masked(filled), key) || Unaddressed(filled) != Unaddressed(body) {
			t.Fatalf("%q is read as %q", filled, Masked(filled))
		}
	})
}
