package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

func TestTheReportSumsDenialsShadowRulesAndWaitingByAge(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	entry := func(id string, s policies.State, ago time.Duration, minor int64, d policies.Decision) policies.Entry {
		return policies.Entry{
			Draft: policies.Draft{Kind: policies.KindRefund, Principal: "fin", Subject: policies.Subject{Customer: "cus_1", Charge: "ch_1", Cost: money.Of(minor, "eur")}},
			ID:    id, State: s, CreatedAt: now.Add(-ago), UpdatedAt: now.Add(-ago), Decision: d,
		}
	}
	against := func(rule string, e policies.Effect) []policies.Finding {
		return []policies.Finding{{Rule: "other", Effect: policies.Allow}, {Rule: rule, Effect: e}}
	}
	denied := policies.Decision{Findings: append(against("refund.window", policies.Deny), policies.Finding{Rule: "refund.limit", Effect: policies.NeedsApproval})}
	h := policies.NewHistory([]policies.Entry{
		entry("act_1", policies.Denied, time.Hour, 100, denied), entry("act_2", policies.Denied, 2*time.Hour, 250, denied),
		entry("act_old", policies.Denied, 50*24*time.Hour, 9900, denied),
		entry("act_3", policies.Done, 3*time.Hour, 2000, policies.Decision{Shadow: against("refund.when.abroad", policies.NeedsApproval)}),
		entry("act_4", policies.Awaiting, 59*time.Minute, 6000, policies.Decision{}), entry("act_5", policies.Awaiting, time.Hour, 7000, policies.Decision{}),
		entry("act_6", policies.Awaiting, 40*24*time.Hour, 8000, policies.Decision{}),
	})
	p, err := policies.Parse("policy.yaml", []byte("version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 50.00, max: 100.00}}, budgets: [{scope: customer, window: 24h, sum: {eur: 40.00}}]}"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printPolicyReport(world{out: &out}, h, p, now.Add(-30*24*time.Hour), now); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"5 actions since 2026-10-26",
		"Denied, by rule refund.window: deny 2 actions, 3.50 EUR Shadow",
		"Shadow rules would have said refund.when.abroad: needs_approval 1 action, 20.00 EUR Waiting",
		"Waiting for a person less than 1h 1 action, 60.00 EUR 1h to 4h 1 action, 70.00 EUR longer 1 action, 80.00 EUR Budgets",
		"refund.budgets[customer].sum.eur 24h 40.00 EUR 20.00 EUR 50 % cus_1 0",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
