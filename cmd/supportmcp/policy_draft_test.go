package main

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

func draftOf(t *testing.T, refunds []stripe.PastRefund, payments ...money.Money) string {
	t.Helper()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	p := past{since: now.Add(-suggestedFrom), payments: map[money.Currency]int{}, refunds: map[money.Currency][]stripe.PastRefund{}}
	for _, r := range refunds {
		p.refunded(r)
	}
	for _, m := range payments {
		p.paid(m)
	}
	text, err := p.draft(now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := policies.Parse("draft", []byte(text)); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestADraftSaysWhichSumsLedToEachNumber(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var refunds []stripe.PastRefund
	for i, minor := range []int64{500, 1000, 1234, 2000, 9999} {
		given := at.AddDate(0, 0, i)
		refunds = append(refunds, stripe.PastRefund{Amount: money.Of(minor, "eur"), At: given, PaidAt: given.AddDate(0, 0, -9), Customer: "cus_1"})
	}
	refunds = append(refunds, stripe.PastRefund{Amount: money.Of(1500, "jpy"), At: at, PaidAt: at.AddDate(0, 0, -40), Customer: "cus_2"})
	text := draftOf(t, refunds, money.Of(100, "eur"), money.Of(100, "usd"))
	for _, want := range []string{
		"  # 95 % of the 6 refunds were given within 41 days of the payment, the last after 41.\n  window: 41d\n",
		"    # 5 refunds, 147.33 EUR in all: half of them up to 12.34 EUR, three of four up to 20.00 EUR, the largest 99.99 EUR.\n    eur: {auto: 20.00, max: 100.00}\n",
		"    # 1 refund, 1500 JPY in all: half of them up to 1500 JPY, three of four up to 1500 JPY, the largest 1500 JPY.\n    jpy: {auto: 1500, max: 1500}\n",
		"    # 1 payment in USD and no refund: without limits, refunds in it are denied.\n",
		"    # One customer had at most 5 refunds in 90 days, and at most 147.33 EUR, 1500 JPY.\n    - {scope: customer, window: 90d, count: 5, sum: {eur: 150.00, jpy: 1500}}\n",
		"    - {scope: global, window: 24h, sum: {eur: 150.00, jpy: 2300}}\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestADraftOfAnAccountWithoutRefundsLetsAnAgentDoNothingAlone(t *testing.T) {
	text := draftOf(t, nil, money.Of(100, "kwd"))
	if !strings.Contains(text, "kwd: {auto: 0, max: 1.000}") || !strings.Contains(text, "this is a guess") {
		t.Error(text)
	}
	p := past{}
	if _, err := p.draft(time.Time{}); err == nil {
		t.Error("an account without anything gave a draft")
	}
}

func TestACustomerIsCountedInRollingWindowsOnly(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	of := func(customer string, day int) stripe.PastRefund {
		return stripe.PastRefund{Amount: money.Of(100, "eur"), At: at.AddDate(0, 0, day), Customer: customer}
	}
	n, sum := running([]stripe.PastRefund{of("a", 0), of("a", 89), of("a", 90), of("b", 1), of("", 2), of("", 3)}, 90*24*time.Hour, true)
	if n != 2 || sum != 200 {
		t.Errorf("%d refunds of %d", n, sum)
	}
}
