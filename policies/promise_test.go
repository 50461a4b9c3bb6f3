package policies

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const promisedPolicy = `version: 1
refund:
  window: 30d
  currencies:
    EUR: {auto: 50.00, max: 500.00}
  inquiry: needs_approval
  cite: kb://desk/refunds.md#window
  when:
    - {id: abroad, country: [CH], then: deny, cite: "kb://desk/abroad.md"}
    - {id: vip, tag: [vip], then: needs_approval}
reply:
  max_chars: 4000
  cite: kb://desk/tone.md
`

func TestAPromiseIsComparedWithWhatIsEnforced(t *testing.T) {
	t.Parallel()
	for promise, want := range map[Promise][]Difference{
		{"refund.window", "30d"}:                   nil,
		{"refund.window_days", "30"}:               nil,
		{"refund.window_hours", "720"}:             nil,
		{"refund.currencies.eur.max", "500"}:       nil,
		{"refund.inquiry", "needs_approval"}:       nil,
		{"refund.window_days", "60"}:               {{Path: "refund.window", Old: "30d", New: "60d", Looser: true}},
		{"refund.window", "14d"}:                   {{Path: "refund.window", Old: "30d", New: "14d", Stricter: true}},
		{"refund.currencies.eur.auto", "80.00"}:    {{Path: "refund.currencies.eur.auto", Old: "50.00 EUR", New: "80.00 EUR", Looser: true}},
		{"refund.inquiry", "allow"}:                {{Path: "refund.inquiry", Old: "needs_approval", New: "allow", Looser: true}},
		{"refund.account_age", "7d"}:               {{Path: "refund.account_age", New: "7d", Stricter: true}},
		{"refund.max_percent", "50"}:               {{Path: "refund.max_percent", New: "50", Stricter: true}},
		{"refund.currencies.chf.max", "20.00"}:     {{Path: "refund.currencies.chf.max", New: "20.00", Looser: true}},
		{"credit.currencies.eur.max", "20.00"}:     {{Path: "credit.currencies.eur.max", New: "20.00", Looser: true}},
		{"cancel.at_period_end", "allow"}:          {{Path: "cancel", New: "a section", Looser: true}},
		{"refund.currencies.EUR.max", "500.00"}:    nil,
		{"refund.currencies.eur.auto", "0"}:        {{Path: "refund.currencies.eur.auto", Old: "50.00 EUR", New: "0.00 EUR", Stricter: true}},
		{"refund.reasons.fraudulent", "deny"}:      nil,
		{"refund.duplicate_within", "7d"}:          nil,
		{"refund.cite", "kb://desk/other.md#here"}: {{Path: "refund.cite", Old: "kb://desk/refunds.md#window", New: "kb://desk/other.md#here"}},
	} {
		got, err := promise.Compare("policy.yaml", []byte(promisedPolicy))
		if err != nil {
			t.Errorf("%v: %v", promise, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v:\n%s", promise, diff)
		}
	}
}

func TestAPromiseThatNoPolicyCanKeepIsRefused(t *testing.T) {
	t.Parallel()
	for promise, want := range map[Promise]string{
		{"refund.windw", "30d"}:                   "no policy has the key refund.windw; did you mean refund.window?",
		{"warranty.years", "2"}:                   "no policy has the key warranty.years; ",
		{"refund.window", "a month"}:              "refund.window: ",
		{"refund.window_days", "thirty"}:          "refund.window: ",
		{"refund.currencies.eur.max", "lots"}:     "refund.currencies.eur.max: ",
		{"refund.budgets", "5"}:                   "refund.budgets: want a list",
		{"refund.currencies", "eur"}:              "refund.currencies: want a block",
		{"refund.currencies.eur.auto", "9000.00"}: "refund.currencies.eur: auto (9000.00 EUR) must not be above max (500.00 EUR)",
		{"", "30d"}: "no policy has the key ",
	} {
		got, err := promise.Compare("policy.yaml", []byte(promisedPolicy))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v is compared to %v and %v, want %q", promise, got, err, want)
		}
	}
}

func TestEveryDocumentThatAPolicyNamesIsACitation(t *testing.T) {
	t.Parallel()
	p, err := Parse("policy.yaml", []byte(promisedPolicy))
	if err != nil {
		t.Fatal(err)
	}
	want := []Citation{
		{"refund.cite", "kb://desk/refunds.md#window"}, {"refund.when.abroad.cite", "kb://desk/abroad.md"}, {"reply.cite", "kb://desk/tone.md"},
	}
	if diff := cmp.Diff(want, p.Citations()); diff != "" {
		t.Error(diff)
	}
}
