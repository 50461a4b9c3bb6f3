package tools_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// handing is the policy with a team for what comes to nothing.
func handing(t *testing.T) string {
	t.Helper()
	named := strings.Replace(policy, "expires: 24h", "expires: 24h, hand_to: billing", 1)
	if named == policy {
		t.Fatal("the policy has no approvals")
	}
	return named
}

func handingOver(t *testing.T) *servertest.Desk {
	t.Helper()
	return servertest.Start(t, servertest.Setup{Policy: handing(t)})
}

// An action on money that comes to nothing does not leave the customer alone.
func TestWhatComesToNothingIsHandedToATeam(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*testing.T, *servertest.Desk, string)
		note string
	}{
		"rejected": {func(t *testing.T, d *servertest.Desk, id string) {
			_, err := d.Ledger.Reject(t.Context(), id, "robin", "used for three days")
			must(t, err)
		}, "rejected by robin: used for three days"},
		"expired": {func(t *testing.T, d *servertest.Desk, _ string) {
			d.Clock.Advance(25 * time.Hour)
			must(t, d.Sweep())
		}, "nobody decided in time"},
		"stale": {func(_ *testing.T, d *servertest.Desk, id string) {
			d.Approve(id)
			d.Use(strings.Replace(handing(t), "max: 500.00", "max: 99.00", 1))
		}, "the facts or the policy changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := handingOver(t)
			a := waiting(t, d)
			c.end(t, d, a.Action)
			d.Settle()
			d.Settle()
			handed(t, d, a.Action, c.note)
		})
	}
}

func handed(t *testing.T, d *servertest.Desk, action, note string) {
	t.Helper()
	where := annual()["conversation_id"].(string)
	if notes := d.Parts(where, "note"); len(notes) != 1 || !strings.Contains(notes[0], note) || !strings.Contains(notes[0], action) {
		t.Errorf("colleagues read %q", notes)
	}
	if c, ok := d.Intercom.Conversation(where); !ok || c.TeamAssignee != "8101" {
		t.Errorf("the conversation is with team %q", c.TeamAssignee)
	}
	if n := d.Entries("assign")["done"]; n != 1 {
		t.Errorf("%d hand-overs are done", n)
	}
}

func TestALongDoubtIsToldOnce(t *testing.T) {
	t.Parallel()
	d := handingOver(t)
	must(t, d.Stripe.Desk.Inject(control.Fault{Kind: control.CutAfter, Method: "POST", Times: 1}))
	must(t, d.Stripe.Desk.Inject(control.Fault{Kind: control.ErrorBefore, Path: "/v1/refunds", Status: 500, Times: -1}))
	a := d.Call("create_refund", with(annual(), "amount", "5.00 EUR"))
	if a.State != policies.InDoubt && a.State != policies.Executing {
		t.Fatalf("answered %s", a.Text)
	}
	for range 12 {
		d.Clock.Advance(time.Minute)
		_ = d.Sweep() // Stripe does not answer
	}
	d.Stripe.Desk.Clear()
	if notes := d.Parts(annual()["conversation_id"].(string), "note"); len(notes) != 1 || !strings.Contains(notes[0], "nobody knows yet") {
		t.Errorf("colleagues read %q", notes)
	}
	d.Settle()
	if notes := d.Parts(annual()["conversation_id"].(string), "note"); len(notes) != 2 || !strings.Contains(notes[1], "was issued") {
		t.Errorf("in the end colleagues read %q", notes)
	}
}

func TestTheCustomerIsToldOnceTheMoneyIsSent(t *testing.T) {
	t.Parallel()
	d := handingOver(t)
	where := annual()["conversation_id"].(string)
	replies := len(d.Parts(where, "comment"))
	a := d.Call("create_refund", with(annual(), "then_reply", "Your refund of 100.00 EUR is on its way."))
	d.Settle()
	if n := len(d.Parts(where, "comment")); n != replies {
		t.Fatalf("the customer was told before anybody approved %s", a.Action)
	}
	d.Approve(a.Action)
	d.Settle()
	d.Settle()
	told := d.Parts(where, "comment")[replies:]
	if len(told) != 1 || told[0] != "Your refund of 100.00 EUR is on its way." {
		t.Errorf("the customer was told %q", told)
	}
}

// Reports and automations of the workspace learn of a refund at Stripe's own time.
func TestARefundIsAnEventOfItsContact(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]*control.Fault{
		"when all is well":       nil,
		"502 after it was taken": {Method: "POST", Path: "/events", Kind: control.ErrorAfter, Status: 502},
		"cut before":             {Method: "POST", Path: "/events", Kind: control.CutBefore},
	} {
		d := desk(t)
		if fault != nil {
			must(t, d.Intercom.Desk.Inject(*fault))
		}
		a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"})
		d.Settle()
		d.Settle()
		var receipt struct {
			Refund string    `json:"id"`
			At     time.Time `json:"created_at"`
		}
		must(t, json.Unmarshal(a.Receipt, &receipt))
		got := d.Intercom.Events("64f0" + strings.Repeat("0", 5) + sandbox.Conversation("duplicate-charge"))
		if len(got) != 1 || got[0].Name != "refund-issued" || !got[0].At.Equal(receipt.At) || got[0].Metadata["refund"] != receipt.Refund {
			t.Errorf("%s: Intercom has %+v, the receipt is %s", name, got, a.Receipt)
		}
		if n := d.Entries("event")["done"]; n != 1 {
			t.Errorf("%s: %d events are done: %v", name, n, d.Entries("event"))
		}
	}
}

// Colleagues read on the conversation what was done, under which action, and who or
// what let it be done.
func TestTheReceiptSaysWhoLetTheMoneyGo(t *testing.T) {
	t.Parallel()
	d := desk(t)
	alone := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"})
	asked := waiting(t, d)
	d.Approve(asked.Action)
	d.Settle()
	d.Settle()
	e, err := d.Ledger.Entry(t.Context(), asked.Action)
	must(t, err)
	for where, wants := range map[string][]string{
		sandbox.Conversation("duplicate-charge"): {"of 20.00 EUR on ch_maria_2 was issued", alone.Action, "the policy (" + alone.Decision.Revision + ") allows it"},
		sandbox.Conversation("annual-day-3"):     {"of 100.00 EUR on ch_tom_1 was issued", asked.Action, "approved by " + e.Approver + " (refund.limit"},
	} {
		notes := strings.Join(d.Parts(where, "note"), "\n")
		for _, want := range wants {
			if !strings.Contains(notes, want) {
				t.Errorf("colleagues read %q, want %q in it", notes, want)
			}
		}
	}
}

// What follows an entry that goes stale is recorded in the same transaction, and the
// verdict still belongs to the entry.
func TestAStaleActionWithWhatFollowsItIsProved(t *testing.T) {
	t.Parallel()
	d := handingOver(t)
	a := waiting(t, d)
	d.Approve(a.Action)
	d.Use(strings.Replace(handing(t), "max: 500.00", "max: 99.00", 1))
	d.Settle()
	if e, err := d.Ledger.Entry(t.Context(), a.Action); err != nil || e.State != policies.Stale {
		t.Fatalf("it is %s, %v", e.State, err)
	}
	report, err := d.Ledger.Verify(t.Context())
	if err != nil || !report.Sound() {
		t.Errorf("verified: %v, %v", report.Problems, err)
	}
}

// Every action on money can tell the customer once it is done.
func TestACancellationTellsTheCustomerWhenItIsDone(t *testing.T) {
	t.Parallel()
	d := desk(t)
	where := annual()["conversation_id"].(string)
	replies := len(d.Parts(where, "comment"))
	a := d.Call("cancel_subscription", args{"conversation_id": where, "how": "at_period_end", "then_reply": "Your plan ends with its period."})
	if a.State != policies.Done {
		t.Fatalf("answered %s", a.Text)
	}
	d.Settle()
	if told := d.Parts(where, "comment")[replies:]; len(told) != 1 || told[0] != "Your plan ends with its period." {
		t.Errorf("the customer was told %q", told)
	}
}
