package tools_test

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// waiting asks for a refund that a person must approve.
func waiting(t *testing.T, d *servertest.Desk) servertest.Answer {
	t.Helper()
	a := d.Call("create_refund", annual())
	if a.State != policies.Awaiting || a.IsError || !strings.Contains(a.NextStep, "a person must approve") {
		t.Fatalf("answered %s, want it to wait for a person", a.Text)
	}
	return a
}

func annual() args {
	return args{"conversation_id": sandbox.Conversation("annual-day-3"), "charge_id": "ch_tom_1", "amount": "100.00 EUR", "reason": "requested_by_customer"}
}

func TestAnApprovedRefundIsCarriedOut(t *testing.T) {
	t.Parallel()
	d := desk(t)
	a := waiting(t, d)
	var told struct {
		Expires time.Time `json:"expires_at"`
	}
	a.Into(t, &told)
	if want := d.Clock.Now().Add(24 * time.Hour); !told.Expires.Equal(want) {
		t.Errorf("it expires at %v, want %v", told.Expires, want)
	}
	must(t, d.Sweep())
	if got := d.Stripe.AmountRefunded("ch_tom_1"); got != 0 {
		t.Errorf("%d were refunded before anybody approved", got)
	}
	// What happens on the conversation meanwhile is none of the facts approved.
	d.Call("reply_to_conversation", args{"conversation_id": annual()["conversation_id"], "body": "A colleague is looking at it."})
	d.Approve(a.Action)
	d.Settle()
	done := d.Call("get_action", args{"action_id": a.Action})
	if done.State != policies.Done || !strings.Contains(string(done.Receipt), `"amount":"100.00 EUR"`) {
		t.Errorf("the agent reads %s", done.Text)
	}
	if again := d.Call("create_refund", annual()); !again.Replayed || again.State != policies.Done {
		t.Errorf("asked again it is answered %s", again.Text)
	}
	if n := len(d.Stripe.RefundsOf("ch_tom_1")); n != 1 {
		t.Errorf("there are %d refunds", n)
	}
	if notes := d.Parts(annual()["conversation_id"].(string), "note"); len(notes) != 1 {
		t.Errorf("colleagues read the notes %q", notes)
	}
}

func TestARejectedRefundTellsThePersonsNote(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	a := waiting(t, d)
	_, err := d.Ledger.Reject(t.Context(), a.Action, "robin", "the plan was used for three days")
	must(t, err)
	d.Settle()
	got := d.Call("get_action", args{"action_id": a.Action})
	if got.State != policies.Rejected || got.Message != "the plan was used for three days" || got.NextStep == "" {
		t.Errorf("the agent reads %s", got.Text)
	}
	d.MoneyUnchanged(t, before)
	if again := waiting(t, d); again.Action == a.Action {
		t.Error("asked again after a rejection, the rejected action is answered")
	}
}

// What a person approved is bound to the facts and judged by today's policy.
func TestAnApprovalIsNoBlankCheque(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(*servertest.Desk)
		state     policies.State
		message   string
	}{
		"somebody refunds a part in Stripe": {
			func(d *servertest.Desk) {
				d.Stripe.AddRefund(stripeapi.Refund{ID: "re_dashboard", Charge: "ch_tom_1", Amount: 100})
			}, policies.Stale, "the facts changed",
		},
		"the bank takes the money back": {
			func(d *servertest.Desk) {
				d.Stripe.AddDispute(stripeapi.Dispute{ID: "dp_tom", Charge: "ch_tom_1", Status: "needs_response"})
			}, policies.Stale, "the facts changed",
		},
		"the policy lowers the maximum": {
			func(d *servertest.Desk) { d.Use(strings.Replace(policy, "max: 500.00", "max: 99.00", 1)) },
			policies.Stale, "the policy no longer allows",
		},
		"the policy drops the section": {
			func(d *servertest.Desk) { d.Use("version: 1\nreply: {max_chars: 100}\n") },
			policies.Stale, "the policy no longer allows",
		},
		"the policy allows more": {
			func(d *servertest.Desk) { d.Use(strings.Replace(policy, "auto: 50.00", "auto: 500.00", 1)) },
			policies.Done, "",
		},
		"the approval took too long to be used": {
			func(d *servertest.Desk) { d.Clock.Advance(24 * time.Hour) },
			policies.Expired, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			a := waiting(t, d)
			d.Approve(a.Action)
			c.meanwhile(d)
			before := d.Look()
			d.Settle()
			got := d.Call("get_action", args{"action_id": a.Action})
			if got.State != c.state || !strings.Contains(got.Message, c.message) {
				t.Errorf("the agent reads %s, want %s: …%s…", got.Text, c.state, c.message)
			}
			if c.state != policies.Done {
				d.MoneyUnchanged(t, before)
			}
		})
	}
}

// Another refund uses the budget up while this one waits: approval does not lift budgets.
func TestAnApprovalDoesNotLiftBudgets(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: strings.Replace(policy, "count: 5", "count: 1", 1)})
	a := waiting(t, d)
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_tom_2", Customer: "cus_tom", Amount: 500, Currency: "eur"})
	if other := d.Call("create_refund", with(with(annual(), "charge_id", "ch_tom_2"), "amount", "5.00 EUR")); other.State != policies.Done {
		t.Fatalf("answered %s", other.Text)
	}
	d.Approve(a.Action)
	d.Settle()
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Stale {
		t.Errorf("the agent reads %s", got.Text)
	}
	if got := d.Stripe.AmountRefunded("ch_tom_1"); got != 0 {
		t.Errorf("%d were refunded", got)
	}
}

func TestNobodyDecidesInTime(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	a := waiting(t, d)
	d.Clock.Advance(24*time.Hour + time.Second)
	must(t, d.Sweep())
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Expired {
		t.Errorf("the agent reads %s", got.Text)
	}
	if _, err := d.Ledger.Approve(t.Context(), a.Action, "robin", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a late approval gives %v", err)
	}
	d.Settle()
	d.MoneyUnchanged(t, before)
}

func TestWhoMayApprove(t *testing.T) {
	t.Parallel()
	d := desk(t)
	a := waiting(t, d)
	for _, by := range []string{"agent", "Agent", " agent ", "", " "} {
		if _, err := d.Ledger.Approve(t.Context(), a.Action, by, ""); fault.CodeOf(err) != fault.Refused {
			t.Errorf("approval by %q gives %v", by, err)
		}
	}
	d.Approve(a.Action)
	if _, err := d.Ledger.Approve(t.Context(), a.Action, "noa", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a second approval gives %v", err)
	}
	if _, err := d.Ledger.Reject(t.Context(), a.Action, "noa", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a rejection after the approval gives %v", err)
	}
}

// Stripe is down when an approved refund is to be carried out: it waits for better
// times and is made once.
func TestAnApprovedRefundOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	d := desk(t)
	a := waiting(t, d)
	d.Approve(a.Action)
	must(t, d.Stripe.Desk.Inject(control.Fault{Kind: control.ErrorBefore, Status: 503, Times: -1}))
	if err := d.Sweep(); err == nil {
		t.Error("the sweep tells no error while Stripe is down")
	}
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Approved || got.NextStep == "" {
		t.Errorf("meanwhile the agent reads %s", got.Text)
	}
	d.Stripe.Desk.Clear()
	d.Settle()
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Done {
		t.Errorf("in the end the agent reads %s", got.Text)
	}
	if n := len(d.Stripe.RefundsOf("ch_tom_1")); n != 1 {
		t.Errorf("there are %d refunds", n)
	}
}
