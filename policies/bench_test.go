package policies

import (
	"fmt"
	"strings"
	"testing"
)

// crowdedPolicy has 24 limits and matchers for one refund: 3 of the section, 9
// bounds of budgets, a breaker and 11 rules.
func crowdedPolicy(tb testing.TB) *Policy {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`version: 1
breaker: {window: 24h, sum: {eur: 5000.00}}
refund:
  window: 60d
  currencies: {eur: {auto: 50.00, max: 500.00}}
  budgets:
    - {scope: customer, window: 90d, count: 3, sum: {eur: 300.00}}
    - {scope: conversation, window: 24h, count: 2, sum: {eur: 300.00}}
    - {scope: person, window: 90d, count: 5, sum: {eur: 600.00}}
    - {scope: principal, window: 1h, count: 30}
    - {scope: global, window: 24h, count: 500, sum: {eur: 5000.00}}
  when:
`)
	for i := range 11 {
		conditions := []string{
			"interval: [year], older_than: 14d", "plan: [price_1, Pro, Enterprise]", "country: [CH, GB, US]",
			"metadata: {segment: enterprise}", "tag: [vip, press], channel: [email]", "product: [prod_1]",
		}
		fmt.Fprintf(&b, "    - {id: rule-%d, %s, then: needs_approval, message: A person looks at this}\n", i, conditions[i%len(conditions)])
	}
	return compiled(tb, b.String())
}

func crowdedRefund() Refund {
	r := refundOf(2000)
	r.Charge.Card = "card_1"
	r.Traits = Traits{
		Known: true, Channel: "chat", Country: "DE", Tags: []string{"billing", "question"}, Plans: []string{"price_9", "Basic"},
		Intervals: []string{"month"}, Products: []string{"prod_9"}, Metadata: map[string]string{"segment": "small"},
	}
	return r
}

func TestTheCrowdedPolicyAllowsItsRefund(t *testing.T) {
	p := crowdedPolicy(t)
	reads, judge := p.plan(crowdedRefund(), Request{Principal: "agent"})
	if d := judge(Snapshot{Now: noon(), Usage: make([]Usage, len(reads.Queries))}); d.Effect != Allow || len(d.Findings) < 24 {
		t.Errorf("%s by %d findings: %+v", d.Effect, len(d.Findings), d.Against())
	}
}

// BenchmarkJudge judges one refund by 24 limits and matchers, everything read.
func BenchmarkJudge(b *testing.B) {
	p := crowdedPolicy(b)
	var a Action = crowdedRefund()
	reads, judge := p.plan(a, Request{Principal: "agent"})
	s := Snapshot{Now: noon(), Usage: make([]Usage, len(reads.Queries))}
	b.ReportAllocs()
	for b.Loop() {
		if judge(s).Effect != Allow {
			b.Fatal("denied")
		}
	}
}

// BenchmarkPlan is what a judgement must know, before anything is read.
func BenchmarkPlan(b *testing.B) {
	p := crowdedPolicy(b)
	var a Action = crowdedRefund()
	b.ReportAllocs()
	for b.Loop() {
		p.plan(a, Request{Principal: "agent"})
	}
}

// BenchmarkParseOf500Lines loads a policy of 500 lines.
func BenchmarkParseOf500Lines(b *testing.B) {
	text := longPolicy()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("policy.yaml", text); err != nil {
			b.Fatal(err)
		}
	}
}

// longPolicy has at least 500 lines, as a file that is written out does.
func longPolicy() []byte {
	var b strings.Builder
	b.WriteString("version: 1\nrefund:\n  window: 30d\n  currencies:\n    eur:\n      auto: 50.00\n      max: 500.00\n  when:\n")
	for i := range 70 {
		fmt.Fprintf(&b, "    # rule %d\n    - id: rule-%d\n      country: [DE, AT]\n      interval:\n        - year\n      then: needs_approval\n      message: A person looks at this\n", i, i)
	}
	return []byte(b.String())
}

// BenchmarkCompare compares two policies that use every key.
func BenchmarkCompare(b *testing.B) {
	p, text := wholePolicy(b)
	q := compiled(b, strings.Replace(text, "max_percent: 80", "max_percent: 81", 1))
	b.ReportAllocs()
	for b.Loop() {
		if len(Compare(p, q)) != 1 {
			b.Fatal("not one difference")
		}
	}
}
