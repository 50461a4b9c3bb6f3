package tools_test

import (
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// The breaker trips on what was spent, leaves money to a person, and is released
// by approving what stands for it, as every other approval.
func TestAPersonReleasesTheBreaker(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: policy + "breaker: {window: 24h, sum: {eur: 20.00}}\n"})
	maria := args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"}
	if a := d.Call("create_refund", with(maria, "amount", "20.00 EUR")); a.State != policies.Done {
		t.Fatalf("answered %s", a.Text)
	}
	next := with(annual(), "amount", "1.00 EUR")
	if a := d.Call("create_refund", next); a.State != policies.Awaiting || !strings.Contains(string(a.Text), `"breaker"`) {
		t.Fatalf("with the breaker open it is answered %s", a.Text)
	}
	open, err := d.Ledger.List(t.Context(), ledger.Filter{States: []policies.State{policies.Awaiting}, OldestFirst: true, Limit: 10})
	must(t, err)
	tripped := slices.IndexFunc(open, func(e policies.Entry) bool { return e.Kind == policies.KindBreaker })
	if len(open) != 2 || tripped < 0 {
		t.Fatalf("%d actions wait, and none of them is the breaker", len(open))
	}
	if _, err := d.Ledger.Reject(t.Context(), open[tripped].ID, "robin", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a breaker was rejected: %v", err)
	}
	d.Approve(open[tripped].ID)
	d.Settle()
	if a := d.Call("create_refund", with(annual(), "amount", "2.00 EUR")); a.State != policies.Done {
		t.Errorf("released, it is answered %s", a.Text)
	}
}
