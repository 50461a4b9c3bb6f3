package tools_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// headroom is what the agent is told to be left for the customer.
func headroom(t *testing.T, d *servertest.Desk, conversation string) string {
	t.Helper()
	var b struct {
		Customers []struct {
			Headroom []string `json:"refund_headroom"`
		}
	}
	d.Call("get_billing_overview", args{"conversation_id": conversation}).Into(t, &b)
	if len(b.Customers) != 1 || len(b.Customers[0].Headroom) != 1 {
		t.Fatalf("the headroom is %+v", b)
	}
	return b.Customers[0].Headroom[0]
}

// Whatever Stripe does to the answer, there is one refund in the end, the agent
// hears the truth at each moment, and the budget is counted all the while.
func TestAFaultAtStripeEndsWithOneRefund(t *testing.T) {
	t.Parallel()
	const done, executing, unknown = policies.Done, policies.Executing, policies.InDoubt
	for name, c := range map[string]struct {
		fault control.Fault
		says  []policies.State // right after: any of these is true; net/http may repeat a request that was cut
	}{
		"429":                    {control.Fault{Kind: control.RateLimit}, []policies.State{executing}},
		"429 for a long time":    {control.Fault{Kind: control.RateLimit, Times: 3}, []policies.State{executing}},
		"500, nothing applied":   {control.Fault{Kind: control.ErrorBefore}, []policies.State{unknown}},
		"503 twice":              {control.Fault{Kind: control.ErrorBefore, Status: 503, Times: 2}, []policies.State{unknown}},
		"500 after the refund":   {control.Fault{Kind: control.ErrorAfter}, []policies.State{unknown}},
		"cut before the refund":  {control.Fault{Kind: control.CutBefore, Times: 2}, []policies.State{unknown, done}},
		"cut after the refund":   {control.Fault{Kind: control.CutAfter, Times: 2}, []policies.State{unknown, done}},
		"slower than our time":   {control.Fault{Kind: control.Slow, Delay: control.Duration(10 * time.Second)}, []policies.State{unknown}},
		"slow, within our time":  {control.Fault{Kind: control.Slow, Delay: control.Duration(50 * time.Millisecond)}, []policies.State{done}},
		"refused as in progress": {control.Fault{Kind: control.ErrorBefore, Status: 409}, []policies.State{executing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond, Wait: time.Millisecond})
			maria := sandbox.Conversation("duplicate-charge")
			call := args{"conversation_id": maria, "charge_id": "ch_maria_2", "reason": "duplicate"}
			c.fault.Method, c.fault.Path = "POST", "/v1/refunds"
			must(t, d.Stripe.Desk.Inject(c.fault))
			a := d.Call("create_refund", call)
			if !slices.Contains(c.says, a.State) || a.IsError {
				t.Errorf("answered %s, want one of %v", a.Text, c.says)
			}
			if got := headroom(t, d, maria); got != "280.00 EUR" {
				t.Errorf("meanwhile the headroom is %s", got)
			}
			if a.State != done {
				stillInDoubt(t, d, call, a)
			}
			d.Settle()
			got := d.Call("get_action", args{"action_id": a.Action})
			if got.State != done || got.Receipt == nil {
				t.Errorf("in the end the agent reads %s", got.Text)
			}
			if n := len(d.Stripe.RefundsOf("ch_maria_2")); n != 1 {
				t.Errorf("there are %d refunds, want one", n)
			}
			if got := headroom(t, d, maria); got != "280.00 EUR" {
				t.Errorf("in the end the headroom is %s", got)
			}
			notes := d.Parts(maria, "note")
			issued := func(note string) bool { return strings.Contains(note, "was issued") }
			if len(notes) == 0 || !issued(notes[len(notes)-1]) || slices.ContainsFunc(notes[:len(notes)-1], issued) {
				t.Errorf("colleagues read the notes %q, want the receipt once, and last", notes)
			}
		})
	}
}

// stillInDoubt looks at what holds while nobody knows what became of a refund.
func stillInDoubt(t *testing.T, d *servertest.Desk, call args, a servertest.Answer) {
	t.Helper()
	if !strings.Contains(a.NextStep, "do not repeat") {
		t.Errorf("the next step is %q", a.NextStep)
	}
	again := d.Call("create_refund", call)
	if !again.Replayed || again.Action != a.Action || again.IsError {
		t.Errorf("asked again it is answered %s", again.Text)
	}
	other := d.Call("create_refund", with(call, "amount", "1.00 EUR"))
	if other.Code != "busy" || !other.IsError {
		t.Errorf("another refund of the charge is answered %s", other.Text)
	}
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != a.State {
		t.Errorf("get_action reads %s", got.Text)
	}
}

// Intercom has no idempotency keys: a message is never sent twice by us. In the
// end it stands there once, or the agent is told that it was not delivered.
func TestAFaultAtIntercomNeverSendsAMessageTwice(t *testing.T) {
	t.Parallel()
	maria := sandbox.Conversation("duplicate-charge")
	const done, unknown, failed = policies.Done, policies.InDoubt, policies.Failed
	for name, c := range map[string]struct {
		fault        control.Fault
		says, ends   policies.State
		right, after int // how often the text stands there right after, and in the end
	}{
		"429":                   {control.Fault{Kind: control.RateLimit}, failed, failed, 0, 0},
		"500, nothing applied":  {control.Fault{Kind: control.ErrorBefore}, unknown, failed, 0, 0},
		"502 after it was sent": {control.Fault{Kind: control.ErrorAfter, Status: 502}, unknown, done, 1, 1},
		"cut after it was sent": {control.Fault{Kind: control.CutAfter}, unknown, done, 1, 1},
		"cut before":            {control.Fault{Kind: control.CutBefore}, unknown, failed, 0, 0},
		"slower than our time":  {control.Fault{Kind: control.Slow, Delay: control.Duration(10 * time.Second)}, unknown, done, 1, 1},
		"403":                   {control.Fault{Kind: control.ErrorBefore, Status: 403}, failed, failed, 0, 0},
		"half of the answer":    {control.Fault{Kind: control.Half}, unknown, done, 1, 1},
		"no answer, not sent":   {control.Fault{Kind: control.Hang}, unknown, failed, 0, 0},
	} {
		for _, w := range []struct {
			tool, path, part string
			args             args
		}{
			{"reply_to_conversation", "/conversations/*/reply", "comment", args{"conversation_id": maria, "body": "Hello\n\nMaria & <all>"}},
			{"reply_to_conversation", "/conversations/*/parts", "close", args{"conversation_id": maria, "body": "Good bye", "close": true}},
			{"add_internal_note", "/conversations/*/reply", "note", args{"conversation_id": maria, "body": "for colleagues"}},
		} {
			t.Run(name+"/"+w.part, func(t *testing.T) {
				t.Parallel()
				d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond, Wait: time.Millisecond})
				fault := c.fault
				fault.Method, fault.Path = "POST", w.path
				must(t, d.Intercom.Desk.Inject(fault))
				a := d.Call(w.tool, w.args)
				if a.State != c.says || a.IsError != (c.says == failed) || len(d.Parts(maria, w.part)) != c.right {
					t.Errorf("answered %s with %q on the conversation", a.Text, d.Parts(maria, w.part))
				}
				if c.says == unknown {
					if again := d.Call(w.tool, w.args); !again.Replayed || again.Action != a.Action {
						t.Errorf("asked again it is answered %s", again.Text)
					}
					if other := d.Call("add_internal_note", args{"conversation_id": maria, "body": "something else"}); other.Code != "busy" {
						t.Errorf("another message meanwhile is answered %s", other.Text)
					}
				}
				d.Settle()
				got := d.Call("get_action", args{"action_id": a.Action})
				if got.State != c.ends || len(d.Parts(maria, w.part)) != c.after {
					t.Errorf("in the end the agent reads %s, with %q on the conversation", got.Text, d.Parts(maria, w.part))
				}
				if c.ends != failed {
					return
				}
				if got.NextStep == "" {
					t.Errorf("a failed message has no next step: %s", got.Text)
				}
				d.Clock.Advance(time.Minute) // as the next step says
				if second := d.Call(w.tool, w.args); second.State != done || len(d.Parts(maria, w.part)) != 1 {
					t.Errorf("sent again it is answered %s, with %q on the conversation", second.Text, d.Parts(maria, w.part))
				}
			})
		}
	}
}

// A desired state can always be set again, so every fault ends with it set.
func TestAFaultAtIntercomEndsInTheWantedState(t *testing.T) {
	t.Parallel()
	maria := sandbox.Conversation("duplicate-charge")
	for name, fault := range map[string]control.Fault{
		"429":                  {Kind: control.RateLimit},
		"500, nothing applied": {Kind: control.ErrorBefore},
		"502 after it was set": {Kind: control.ErrorAfter, Status: 502},
		"cut after it was set": {Kind: control.CutAfter},
		"cut before":           {Kind: control.CutBefore},
		"slower than our time": {Kind: control.Slow, Delay: control.Duration(10 * time.Second)},
	} {
		for _, w := range []struct {
			tool, path, want string
			args             args
		}{
			{"set_conversation_state", "/conversations/*/parts", "closed", args{"conversation_id": maria, "state": "closed"}},
			{"set_conversation_state", "/conversations/*/parts", "snoozed until 2026-11-24T09:00:00Z", args{"conversation_id": maria, "state": "snoozed", "snoozed_until": "2026-11-24T09:00:00Z"}},
			{"tag_conversation", "/conversations/*/tags", "open billing,refunded", args{"conversation_id": maria, "add": []string{"billing", "refunded"}}},
		} {
			t.Run(name+"/"+w.want, func(t *testing.T) {
				t.Parallel()
				d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond})
				fault := fault
				fault.Method, fault.Path = "POST", w.path
				must(t, d.Intercom.Desk.Inject(fault))
				a := d.Call(w.tool, w.args)
				if a.State != policies.InDoubt && a.State != policies.Executing || a.IsError {
					t.Errorf("answered %s", a.Text)
				}
				d.Settle()
				if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Done {
					t.Errorf("in the end the agent reads %s", got.Text)
				}
				if got := d.Look()["intercom "+maria]; got != w.want {
					t.Errorf("the conversation is %q, want %q", got, w.want)
				}
			})
		}
	}
}
