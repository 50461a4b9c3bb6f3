package tools_test

import (
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// The same request gets the first receipt again, however it is written, whoever
// asks, and however late.
func TestTheSameRefundIsMadeOnce(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := args{"conversation_id": sandbox.Conversation("annual-day-3"), "charge_id": "ch_tom_1", "amount": "20.00 EUR", "reason": "requested_by_customer"}
	first := d.Call("create_refund", call)
	if first.State != policies.Done || first.Replayed {
		t.Fatalf("answered %s", first.Text)
	}
	d.Settle()
	other := d.Another(servertest.Setup{Policy: policy, Principal: "another agent"})
	before := d.Look()
	for name, again := range map[string]servertest.Answer{
		"as it was":              d.Call("create_refund", call),
		"without decimals":       d.Call("create_refund", with(call, "amount", "20 EUR")),
		"with one decimal":       d.Call("create_refund", with(call, "amount", "20.0 EUR")),
		"currency in lower case": d.Call("create_refund", with(call, "amount", "20.00 eur")),
		"for another reason":     d.Call("create_refund", with(call, "reason", "duplicate")),
		"with a note":            d.Call("create_refund", with(call, "note", "again")),
		"by payment intent":      d.Call("create_refund", with(with(call, "charge_id", nil), "payment_intent_id", "pi_tom_1")),
		"by another process":     other.Call("create_refund", call),
	} {
		if !again.Replayed || again.IsError || again.Action != first.Action || string(again.Receipt) != string(first.Receipt) {
			t.Errorf("%s: answered %s, want the first receipt", name, again.Text)
		}
	}
	d.Clock.Advance(200 * 24 * time.Hour)
	if late := d.Call("create_refund", call); !late.Replayed || late.Action != first.Action {
		t.Errorf("half a year later: answered %s", late.Text)
	}
	d.Unchanged(t, before)
}

// "All that remains" asked twice is one refund, also when something is left again.
func TestTheRestIsRefundedOnce(t *testing.T) {
	t.Parallel()
	d := desk(t)
	rest := args{"conversation_id": sandbox.Conversation("partly-refunded"), "charge_id": "ch_iris_1", "reason": "requested_by_customer"}
	first := d.Call("create_refund", rest)
	second := d.Call("create_refund", rest)
	if first.State != policies.Done || !second.Replayed || second.Action != first.Action {
		t.Errorf("answered %s, then %s", first.Text, second.Text)
	}
	if got := d.Stripe.AmountRefunded("ch_iris_1"); got != 4000 {
		t.Errorf("%d are refunded", got)
	}
	if n := len(d.Stripe.RefundsOf("ch_iris_1")); n != 2 {
		t.Errorf("there are %d refunds, want the seeded one and ours", n)
	}
}

// A repeat on purpose waits for a person; asked twice it is one repeat; and when
// it is done the next repeat must name it.
func TestARepeatOnPurposeWaitsForAPerson(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := args{"conversation_id": sandbox.Conversation("annual-day-3"), "charge_id": "ch_tom_1", "amount": "20.00 EUR", "reason": "requested_by_customer"}
	first := d.Call("create_refund", call)
	repeat := with(call, "repeat_of", first.Action)
	waiting := d.Call("create_refund", repeat)
	if waiting.State != policies.Awaiting || waiting.IsError || waiting.Action == first.Action || waiting.Rules()[0] != "repeat" {
		t.Fatalf("the repeat is answered %s", waiting.Text)
	}
	if retried := d.Call("create_refund", repeat); !retried.Replayed || retried.Action != waiting.Action {
		t.Errorf("the retried repeat is answered %s", retried.Text)
	}
	d.Approve(waiting.Action)
	d.Settle()
	if done := d.Call("create_refund", repeat); !done.Replayed || done.Action != waiting.Action || done.State != policies.Done {
		t.Errorf("the repeat asked again after it was done is answered %s", done.Text)
	}
	if n := len(d.Stripe.RefundsOf("ch_tom_1")); n != 2 {
		t.Errorf("there are %d refunds, want two", n)
	}
	next := d.Call("create_refund", with(call, "repeat_of", waiting.Action))
	if next.State != policies.Awaiting || next.Action == waiting.Action {
		t.Errorf("a repeat of the repeat is answered %s", next.Text)
	}
	for name, wrong := range map[string]args{
		"another amount":       with(repeat, "amount", "21.00 EUR"),
		"another conversation": with(repeat, "conversation_id", sandbox.Conversation("duplicate-charge")),
		"what still waits":     with(call, "repeat_of", next.Action),
	} {
		if a := d.Call("create_refund", wrong); !a.IsError || a.Code != "invalid" && a.Code != "not_found" {
			t.Errorf("repeat with %s is answered %s", name, a.Text)
		}
	}
}

// The same text is sent once in 24 hours, another text at once; a state and tags
// are looked at first, and nothing is sent when they are so already.
func TestMessagesAndStatesAreNotRepeated(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	reply := args{"conversation_id": maria, "body": "Hello Maria,\n\nwe have looked into it."}
	first := d.Call("reply_to_conversation", reply)
	again := d.Call("reply_to_conversation", reply)
	if first.State != policies.Done || !again.Replayed || again.Action != first.Action {
		t.Errorf("answered %s, then %s", first.Text, again.Text)
	}
	note := d.Call("add_internal_note", args{"conversation_id": maria, "body": reply["body"]})
	if note.State != policies.Done || note.Replayed {
		t.Errorf("a note of the same text is answered %s", note.Text)
	}
	closing := d.Call("reply_to_conversation", with(reply, "close", true))
	if closing.State != policies.Done || closing.Replayed {
		t.Errorf("the same text that closes is answered %s", closing.Text)
	}
	d.Clock.Advance(25 * time.Hour)
	if next := d.Call("reply_to_conversation", reply); next.Replayed || next.State != policies.Done {
		t.Errorf("a day later: answered %s", next.Text)
	}
	if got := d.Parts(maria, "comment"); len(got) != 2 {
		t.Errorf("the customer reads %q, want the text twice", got)
	}
	before := d.Look()
	for _, c := range []struct {
		tool string
		args args
	}{
		{"set_conversation_state", args{"conversation_id": maria, "state": "closed"}},
		{"tag_conversation", args{"conversation_id": maria, "add": []string{"billing"}}},
	} {
		d.Call(c.tool, c.args)
		set := d.Look()
		a := d.Call(c.tool, c.args)
		if a.State != policies.Done || a.Replayed {
			t.Errorf("%s again is answered %s", c.tool, a.Text)
		}
		d.VendorsUnchanged(t, set)
	}
	if len(d.Changes(before)) == 0 {
		t.Error("nothing was tagged")
	}
}

// A dry run of any write tells the verdict, and neither sends nor records anything.
func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	calls := sound()
	for _, tool := range d.Tools {
		if tool.ReadOnly {
			continue
		}
		a := d.Call(tool.Name, with(calls[tool.Name], "dry_run", true))
		want := policies.Allow
		if tool.Kind == policies.KindLink { // which is always a person's to decide
			want = policies.NeedsApproval
		}
		if a.State != policies.Previewed || a.Action != "" || a.IsError || a.Decision.Effect != want {
			t.Errorf("%s answered %s", tool.Name, a.Text)
		}
	}
	for _, r := range append(d.Stripe.Desk.Requests(), d.Intercom.Desk.Requests()...) {
		if r.Method != "GET" {
			t.Errorf("%s %s was sent", r.Method, r.Path)
		}
	}
	refused := d.Call("tag_conversation", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "add": []string{"vip"}, "dry_run": true})
	if !refused.IsError || refused.State != policies.Previewed || refused.Code != "refused" {
		t.Errorf("a dry run of what is denied is answered %s", refused.Text)
	}
	d.Unchanged(t, before)
}

// After a failed attempt the same request may be tried again, and is a new action.
func TestAFailedRefundCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	d := desk(t)
	conversation := d.Open(servertest.Ticket{Name: "later", Charges: []stripeapi.Charge{{Amount: 2000}}})
	call := args{"conversation_id": conversation, "charge_id": "ch_later_1", "reason": "requested_by_customer"}
	lockedOut := d.Another(servertest.Setup{Policy: policy, StripeKey: "rk_test_reads"})
	d.Stripe.Restrict("rk_test_reads", "charge_write", "refund_write")
	failed := lockedOut.Call("create_refund", call)
	if failed.State != policies.Failed || !failed.IsError {
		t.Fatalf("answered %s", failed.Text)
	}
	second := d.Call("create_refund", call)
	if second.State != policies.Done || second.Replayed || second.Action == failed.Action {
		t.Errorf("the second try is answered %s", second.Text)
	}
	if n := len(d.Stripe.RefundsOf("ch_later_1")); n != 1 {
		t.Errorf("there are %d refunds", n)
	}
}
