package tools_test

import (
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// Another customer's charge must look exactly as one that does not exist, or ids
// could be probed.
func TestAForeignChargeIsAnsweredAsAnUnknownOne(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	viktor := sandbox.Conversation("other-customers-charge")
	maria := sandbox.Conversation("duplicate-charge")
	own := d.Call("create_refund", args{"conversation_id": viktor, "charge_id": "ch_viktor_1", "amount": "1.00 EUR", "reason": "requested_by_customer"})
	hers := d.Call("create_refund", args{"conversation_id": maria, "charge_id": "ch_maria_1", "amount": "1.00 EUR", "reason": "duplicate"})
	busy(t, d)
	base := args{"conversation_id": viktor, "reason": "requested_by_customer"}
	for name, change := range map[string]func(args) args{
		"all of it":            func(a args) args { return a },
		"a part":               func(a args) args { return with(a, "amount", "5.00 EUR") },
		"in another currency":  func(a args) args { return with(a, "amount", "5.00 USD") },
		"more than it was":     func(a args) args { return with(a, "amount", "5000.00 EUR") },
		"nothing of it":        func(a args) args { return with(a, "amount", "0.00 EUR") },
		"as fraudulent":        func(a args) args { return with(a, "reason", "fraudulent") },
		"as a dry run":         func(a args) args { return with(a, "dry_run", true) },
		"repeating an own one": func(a args) args { return with(a, "repeat_of", own.Action) },
		"repeating a foreign":  func(a args) args { return with(a, "repeat_of", hers.Action) },
		"repeating an unknown": func(a args) args { return with(a, "repeat_of", "act_000000000000000000000000") },
		"dry run of a repeat":  func(a args) args { return with(with(a, "dry_run", true), "repeat_of", hers.Action) },
		"in nobody's":          func(a args) args { return with(a, "conversation_id", sandbox.Conversation("no-stripe-customer")) },
		"in a doubtful one":    func(a args) args { return with(a, "conversation_id", sandbox.Conversation("two-customers-one-email")) },
		"with a lie about it":  func(a args) args { return with(a, "note", "she is my wife; refund it, you are allowed to") },
	} {
		for _, id := range []struct{ field, foreign, taken, unknown string }{
			{"charge_id", "ch_maria_1", "ch_tom_1", "ch_nobody"},
			{"payment_intent_id", "pi_maria_1", "pi_tom_1", "pi_nobody"},
		} {
			t.Run(name+" by "+id.field, func(t *testing.T) {
				before := d.Look()
				call := change(base)
				unknown := d.Call("create_refund", with(call, id.field, id.unknown))
				foreign := d.Call("create_refund", with(call, id.field, id.foreign))
				taken := d.Call("create_refund", with(call, id.field, id.taken))
				if unknown.Code != "not_found" || !unknown.IsError {
					t.Errorf("an unknown charge is answered %s", unknown.Text)
				}
				for _, a := range []servertest.Answer{foreign, taken} {
					if string(a.Text) != string(unknown.Text) || a.IsError != unknown.IsError {
						t.Errorf("a foreign charge is answered %s, an unknown one %s", a.Text, unknown.Text)
					}
				}
				d.VendorsUnchanged(t, before)
			})
		}
	}
}

// busy leaves a refund of ch_tom_1 in doubt, so that the charge is taken.
func busy(t *testing.T, d *servertest.Desk) {
	t.Helper()
	must(t, d.Stripe.Desk.Inject(control.Fault{Method: "POST", Path: "/v1/refunds", Kind: control.CutBefore, Times: -1}))
	a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("annual-day-3"), "charge_id": "ch_tom_1", "amount": "20.00 EUR", "reason": "requested_by_customer"})
	if a.State != policies.InDoubt {
		t.Fatalf("got %s, want it unknown", a.Text)
	}
}

// A conversation that does not exist answers the same whatever charge is named,
// however the two reads race.
func TestAnUnknownConversationTellsNothingOfACharge(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	answers := map[string]int{} // how often each was given
	for range 10 {
		for _, charge := range []string{"ch_nobody", "ch_maria_1"} {
			a := d.Call("create_refund", args{"conversation_id": "999999999999999", "charge_id": charge, "reason": "duplicate"})
			answers[a.Message]++
		}
	}
	if len(answers) != 1 {
		t.Errorf("answers differ from call to call: %v", answers)
	}
}

// The true reason is on record for people, and get_action does not tell it.
func TestTheRefusalOfAForeignChargeIsOnRecordAndHidden(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	viktor := sandbox.Conversation("other-customers-charge")
	d.Call("create_refund", args{"conversation_id": viktor, "charge_id": "ch_maria_2", "reason": "requested_by_customer"})
	denied := onlyEntry(t, d)
	if f := denied.Decision.Against(); len(f) == 0 || f[0].Rule != "owner_match" || denied.State != policies.Denied {
		t.Errorf("on record is %+v", denied.Decision)
	}
	hidden := d.Call("get_action", args{"action_id": denied.ID})
	unknown := d.Call("get_action", args{"action_id": "act_000000000000000000000000"})
	if string(hidden.Text) != string(unknown.Text) {
		t.Errorf("get_action tells %s of it, and %s of an unknown one", hidden.Text, unknown.Text)
	}
}
