package policies

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/money"
)

func parsed(t *testing.T, text string) *Policy {
	t.Helper()
	p, err := Parse("policy.yaml", []byte("version: 1\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judged is the decision on an action of which nothing was used before.
func judged(p *Policy, a Action, usage ...Usage) Decision {
	reads, judge := p.plan(a, Request{Principal: "agent"})
	return judge(Snapshot{Now: noon(), Usage: append(usage, make([]Usage, len(reads.Queries)-len(usage))...)})
}

const someRefunds = `refund:
  window: 30d
  currencies: {eur: {auto: 100.00, max: 400.00}}
`

func TestAWhenRuleRestrictsWhatItMatches(t *testing.T) {
	p := parsed(t, someRefunds+`  when:
    - {id: yearly, interval: [year], older_than: 14d, then: needs_approval, message: "yearly plans need finance", cite: "kb://policies/refunds.md#yearly"}
    - {id: abroad, country: ["NO", CH], then: deny}
    - {id: big, metadata: {segment: enterprise}, plan: [Pro], then: deny}
    - {id: tried, tag: [vip], then: deny, mode: shadow}
`)
	of := func(change func(*Traits)) Refund {
		r := refundOf(100)
		r.Traits = Traits{Known: true, Country: "DE", Channel: "messenger"}
		change(&r.Traits)
		return r
	}
	old := func(r Refund) Refund {
		r.Charge.CreatedAt = noon().Add(-15 * day)
		return r
	}
	yearly := func(tr *Traits) { tr.Intervals = []string{"year"} }
	for name, c := range map[string]struct {
		r    Refund
		want Effect
	}{
		"nothing matches":                  {of(func(*Traits) {}), Allow},
		"only one of two conditions":       {of(yearly), Allow},
		"both conditions":                  {old(of(yearly)), NeedsApproval},
		"one value of a list, in any case": {of(func(tr *Traits) { tr.Country = "no" }), Deny},
		"an unknown country":               {of(func(tr *Traits) { tr.Country = "" }), Deny},
		"all metadata, and a plan": {of(func(tr *Traits) {
			tr.Metadata, tr.Plans = map[string]string{"segment": "Enterprise"}, []string{"price_1", "Pro"}
		}), Deny},
		"no such metadata":      {of(func(tr *Traits) { tr.Plans = []string{"Pro"} }), Allow},
		"a rule that is tried":  {of(func(tr *Traits) { tr.Tags = []string{"VIP"} }), Allow},
		"nothing was looked up": {refundOf(100), Deny},
	} {
		if d := judged(p, c.r); d.Effect != c.want {
			t.Errorf("%s: %s, want %s: %+v", name, d.Effect, c.want, d.Against())
		}
	}
	d := judged(p, old(of(yearly)))
	want := []Finding{{Rule: "refund.when.yearly", Effect: NeedsApproval, Message: "yearly plans need finance", Cite: "kb://policies/refunds.md#yearly"}}
	if diff := cmp.Diff(want, d.Against()); diff != "" {
		t.Error(diff)
	}
	shadow := judged(p, of(func(tr *Traits) { tr.Tags = []string{"vip"} })).Shadow
	if len(shadow) != 1 || shadow[0].Rule != "refund.when.tried" || shadow[0].Effect != Deny {
		t.Errorf("shadow %+v", shadow)
	}
}

func TestTheRulesOfTheRefundSection(t *testing.T) {
	p := parsed(t, someRefunds+`  max_percent: 50
  account_age: 7d
  risk: {elevated: needs_approval, highest: deny}
  inquiry: needs_approval
  reasons: {requested_by_customer: needs_approval, fraudulent: needs_approval}
  cooldown: 24h
  cite: "kb://policies/refunds.md"
`)
	good := func(change func(*Refund)) Refund {
		r := refundOf(1000)
		r.Since, r.Charge.Risk, r.Reason = noon().Add(-8*day), "normal", Duplicate
		r.Twins = []Twin{{Charge: "ch_2", CreatedAt: r.Charge.CreatedAt}}
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		change func(*Refund)
		rule   string
		want   Effect
	}{
		"all is well":               {func(*Refund) {}, "", Allow},
		"more than half":            {func(r *Refund) { r.Amount.Minor, r.Charge.Amount.Minor, r.Charge.Remaining.Minor = 5001, 10000, 10000 }, "refund.max_percent", Deny},
		"more than half, in pieces": {func(r *Refund) { r.Charge.Remaining.Minor, r.Charge.Amount.Minor = 5999, 10000 }, "refund.max_percent", Deny},
		"a new account":             {func(r *Refund) { r.Since = noon().Add(-6 * day) }, "refund.account_age", Deny},
		"an account of unknown age": {func(r *Refund) { r.Since = time.Time{} }, "refund.account_age", Deny},
		"an elevated risk":          {func(r *Refund) { r.Charge.Risk = "elevated" }, "refund.risk", NeedsApproval},
		"the highest risk":          {func(r *Refund) { r.Charge.Risk = "highest" }, "refund.risk", Deny},
		"an unknown risk":           {func(r *Refund) { r.Charge.Risk = "" }, "refund.risk", Deny},
		"an inquiry":                {func(r *Refund) { r.Charge.Dispute = DisputeRefundable }, "refund.inquiry", NeedsApproval},
		"a listed reason":           {func(r *Refund) { r.Reason = RequestedByCustomer }, "refund.reason", NeedsApproval},
		"fraud":                     {func(r *Refund) { r.Reason = Fraudulent }, "refund.reason", NeedsApproval},
	} {
		d := judged(p, good(c.change))
		if d.Effect != c.want || c.rule != "" && !against(d, c.rule) {
			t.Errorf("%s: %s, %+v", name, d.Effect, d.Against())
		}
		for _, f := range d.Against() {
			if f.Cite != "kb://policies/refunds.md" {
				t.Errorf("%s cites %q", name, f.Cite)
			}
		}
	}
	if d := judged(p, good(func(*Refund) {}), Usage{Count: 1}); d.Effect != Deny || !against(d, "budget.charge.24h") {
		t.Errorf("within the cool-down: %+v", d.Against())
	}
}

func TestASharedBudgetCountsAllItsSections(t *testing.T) {
	p := parsed(t, someRefunds+`credit: {currencies: {eur: {auto: 20.00, max: 50.00}}}
budgets:
  - {of: [refund, credit], scope: person, window: 30d, sum: {eur: 50.00}, on_exceed: needs_approval}
`)
	credit := Credit{Asker: refundOf(1).Asker, Customer: Customer{ID: "cus_1", Since: noon().Add(-90 * day)}, Amount: money.Of(1000, "eur")}
	for _, a := range []Action{refundOf(1000), credit} {
		if d := judged(p, a); d.Effect != Allow {
			t.Errorf("%s with nothing used: %+v", a.Kind(), d.Against())
		}
		d := judged(p, a, Usage{Sum: 4001})
		if d.Effect != NeedsApproval || !against(d, "budget.shared.person.30d") || d.Against()[0].MaxAllowedNow != money.Of(999, "eur") {
			t.Errorf("%s with most of it used: %+v", a.Kind(), d.Against())
		}
		reads, _ := p.plan(a, Request{})
		if q := reads.Queries[0]; q.Scope != "person:cus_1" || len(q.Kinds) != 2 {
			t.Errorf("%s asks for %+v", a.Kind(), q)
		}
	}
}

func TestLargerAmountsNeedMorePeople(t *testing.T) {
	p := parsed(t, someRefunds+`approvals:
  expires: 24h
  role: support-lead
  bands:
    - {over: {eur: 150.00}, role: finance, expires: 4h}
    - {over: {eur: 300.00}, people: 2}
`)
	for minor, want := range map[int64]Need{
		9000:  {},
		10001: {Role: "support-lead", People: 1, Expires: day},
		15000: {Role: "support-lead", People: 1, Expires: day},
		15001: {Role: "finance", People: 1, Expires: 4 * time.Hour},
		30001: {Role: "finance", People: 2, Expires: 4 * time.Hour},
	} {
		if d := judged(p, refundOf(minor)); d.Need != want {
			t.Errorf("%d: %+v, want %+v", minor, d.Need, want)
		}
	}
}

func TestAnAgentIsToldOfADecisionWhatItsLevelAllows(t *testing.T) {
	p := parsed(t, someRefunds+`disclosure: {default: hint, principals: {trusted: full, outsider: code}}
budgets:
  - {of: [refund], scope: person, window: 30d, sum: {eur: 50.00}}
`)
	d := newDesk(t)
	d.Use(p)
	whole := judged(p, refundOf(6000))
	hint, full, code := d.Disclosed(whole, "agent"), d.Disclosed(whole, "trusted"), d.Disclosed(whole, "outsider")
	if diff := cmp.Diff(whole, full); diff != "" {
		t.Errorf("full: %s", diff)
	}
	if len(hint.Findings) != 1 || hint.Findings[0].Rule != "budget.shared.person.30d" || hint.Findings[0].Limit != "" || !hint.Headroom.IsZero() {
		t.Errorf("hint: %+v", hint)
	}
	if code.Findings != nil || code.Effect != Deny || code.Revision != whole.Revision {
		t.Errorf("code: %+v", code)
	}
	o := enforce(t, d, d.ask(func(r *Request) { r.Principal = "outsider" }), d.refunding(refundOf(6000)))
	if o.State != Denied || o.Message != "the policy does not allow this" || len(o.Decision.Findings) != 0 {
		t.Errorf("the outsider is told %+v", o)
	}
	if e, err := d.ledger.Entry(t.Context(), o.Action); err != nil || len(e.Decision.Findings) < 5 {
		t.Errorf("the ledger holds %+v: %v", e.Decision, err)
	}
}
