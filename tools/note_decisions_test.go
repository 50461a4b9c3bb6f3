package tools_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

const lead = "8002" // an admin whose notes count; the server writes as 8001

// noting is a desk whose policy lets notes decide up to 100 euros.
func noting(t *testing.T) *servertest.Desk {
	t.Helper()
	named := strings.Replace(policy, "expires: 24h", `expires: 24h, notes: {admins: ["8002", "8001"], up_to: {eur: 100.00}}`, 1)
	return servertest.Start(t, servertest.Setup{Policy: named})
}

// escalation asks for a refund that waits, and gives the code that the note says.
func escalation(t *testing.T, d *servertest.Desk) (a servertest.Answer, where, code string) {
	t.Helper()
	a = waiting(t, d)
	must(t, d.Sweep())
	where = annual()["conversation_id"].(string)
	notes := d.Parts(where, "note")
	if len(notes) != 1 || !strings.Contains(notes[0], "Refund of 100.00 EUR on ch_tom_1 waits for a person ("+a.Action+"): above what an agent may refund alone") {
		t.Fatalf("colleagues read %q", notes)
	}
	m := regexp.MustCompile(`(?m)^approve ([a-z2-7]{16})$`).FindStringSubmatch(notes[0])
	if m == nil {
		t.Fatalf("there is no code in %q", notes[0])
	}
	return a, where, m[1]
}

func types(d *servertest.Desk, where, from, text string) {
	d.Intercom.Write(where, intercomapi.Message{From: from, Body: text, Note: strings.HasPrefix(from, "admin:")})
}

func decided(t *testing.T, d *servertest.Desk) {
	t.Helper()
	must(t, d.Notes.Sweep(t.Context()))
	d.Settle()
}

func TestANoteOfALeadApproves(t *testing.T) {
	t.Parallel()
	d := noting(t)
	a, where, code := escalation(t, d)
	decided(t, d)
	if d.Stripe.AmountRefunded("ch_tom_1") != 0 {
		t.Fatal("it was refunded before anybody decided")
	}
	types(d, where, "admin:"+lead, "Approve "+strings.ToUpper(code))
	decided(t, d)
	got := d.Call("get_action", args{"action_id": a.Action})
	if got.State != policies.Done || d.Stripe.AmountRefunded("ch_tom_1") != 10000 {
		t.Errorf("the agent reads %s", got.Text)
	}
	if e, err := d.Ledger.Entry(t.Context(), a.Action); err != nil || e.Approver != "intercom-admin-8002" || !strings.Contains(e.Note, "in conversation "+where) {
		t.Errorf("recorded is %q by %q, %v", e.Note, e.Approver, err)
	}
	before := len(d.Parts(where, "note"))
	decided(t, d)
	if n := len(d.Parts(where, "note")); n != before {
		t.Errorf("%d notes became %d", before, n)
	}
}

func TestANoteOfALeadRejectsWithItsReason(t *testing.T) {
	t.Parallel()
	d := noting(t)
	a, where, code := escalation(t, d)
	types(d, where, "admin:"+lead, "reject "+code+": used for three days")
	types(d, where, "admin:"+lead, "approve "+code) // the first one counts
	decided(t, d)
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Rejected || got.Message != "used for three days" {
		t.Errorf("the agent reads %s", got.Text)
	}
	if n := d.Stripe.AmountRefunded("ch_tom_1"); n != 0 {
		t.Errorf("%d were refunded", n)
	}
}

// What does not count is said once, and changes nothing.
func TestANoteThatDoesNotCountIsIgnoredAndSaidSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decide func(t *testing.T, d *servertest.Desk, where, code string)
		says   string // "" when nothing is said, as of what is no decision
	}{
		"by the agent, through the API": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			d.Call("add_internal_note", args{"conversation_id": where, "body": "approve " + code})
		}, "made through the API"},
		"by an admin who is not listed": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			d.Intercom.AddAdmin(intercomapi.Admin{ID: "8003", Name: "Kim", HasInboxSeat: true})
			types(d, where, "admin:8003", "approve "+code)
		}, "does not let its author decide"},
		"by the admin that the server writes as": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			types(d, where, "admin:8001", "approve "+code)
		}, "this server writes as its author"},
		"after the policy took it back": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			d.Use(strings.Replace(policy, "expires: 24h", `expires: 24h, notes: {admins: ["8002"], up_to: {eur: 99.99}}`, 1))
			types(d, where, "admin:"+lead, "approve "+code)
		}, "does not let its author decide"},
		"after the policy knows no notes": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			d.Use(policy)
			types(d, where, "admin:"+lead, "approve "+code)
		}, ""},
		"by the customer, in a message": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			c, _ := d.Intercom.Conversation(where)
			types(d, where, c.Source.Author, "approve "+code)
		}, ""},
		"with another code": {func(_ *testing.T, d *servertest.Desk, where, _ string) {
			types(d, where, "admin:"+lead, "approve aaaaaaaaaaaaaaaa")
		}, ""},
		"with a question": {func(_ *testing.T, d *servertest.Desk, where, code string) {
			types(d, where, "admin:"+lead, "approve "+code+" if she has returned it?")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := noting(t)
			a, where, code := escalation(t, d)
			c.decide(t, d, where, code)
			for range 3 {
				must(t, d.Notes.Sweep(t.Context()))
			}
			d.Settle()
			said := 0
			for _, note := range d.Parts(where, "note") {
				if strings.Contains(note, "does not count: ") {
					said++
					if !strings.Contains(note, c.says) {
						t.Errorf("it is said that %q", note)
					}
				}
			}
			if want := min(len(c.says), 1); said != want {
				t.Errorf("it is said %d times, want %d: %q", said, want, d.Parts(where, "note"))
			}
			if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Awaiting || d.Stripe.AmountRefunded("ch_tom_1") != 0 {
				t.Errorf("the agent reads %s", got.Text)
			}
		})
	}
}

// A restart forgets nothing that would be said twice.
func TestAfterARestartNothingIsSaidAgain(t *testing.T) {
	t.Parallel()
	d := noting(t)
	_, where, code := escalation(t, d)
	d.Call("add_internal_note", args{"conversation_id": where, "body": "approve " + code})
	must(t, d.Notes.Sweep(t.Context()))
	n := len(d.Parts(where, "note"))
	again := d.Another(servertest.Setup{Policy: strings.Replace(policy, "expires: 24h", `expires: 24h, notes: {admins: ["8002"], up_to: {eur: 100.00}}`, 1)})
	must(t, again.Notes.Sweep(t.Context()))
	if now := len(d.Parts(where, "note")); now != n {
		t.Errorf("%d notes became %d", n, now)
	}
}

// Above the amount there is no code, and a note decides nothing.
func TestAboveTheAmountANoteDecidesNothing(t *testing.T) {
	t.Parallel()
	d := noting(t)
	a := d.Call("create_refund", with(annual(), "amount", "100.01 EUR"))
	if a.State != policies.Awaiting {
		t.Fatalf("answered %s", a.Text)
	}
	must(t, d.Sweep())
	where := annual()["conversation_id"].(string)
	e, err := d.Ledger.Entry(t.Context(), a.Action)
	must(t, err)
	types(d, where, "admin:"+lead, "approve "+e.NoteCode())
	decided(t, d)
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Awaiting {
		t.Errorf("the agent reads %s", got.Text)
	}
	if notes := d.Parts(where, "note"); len(notes) != 1 {
		t.Errorf("colleagues read %q", notes)
	}
}

// One conversation that cannot be read keeps no other waiting, and a sweep reads
// each conversation once.
func TestAConversationThatCannotBeReadKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	d := noting(t)
	a, where, code := escalation(t, d)
	other := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("budget-used-up"), "charge_id": "ch_noor_1", "amount": "60.00 EUR", "reason": "requested_by_customer"})
	if other.State != policies.Awaiting {
		t.Fatalf("answered %s", other.Text)
	}
	types(d, where, "admin:"+lead, "approve "+code)
	must(t, d.Intercom.Desk.Inject(control.Fault{Path: "/conversations/" + sandbox.Conversation("budget-used-up"), Kind: control.ErrorBefore, Status: 403, Times: -1}))
	d.Intercom.Desk.Forget()
	if err := d.Notes.Sweep(t.Context()); err == nil {
		t.Error("the conversation that cannot be read is not told of")
	}
	reads := 0
	for _, r := range d.Intercom.Desk.Requests() {
		if r.Path == fmt.Sprint("/conversations/", where) {
			reads++
		}
	}
	d.Intercom.Desk.Clear()
	d.Settle()
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Done || reads != 1 {
		t.Errorf("read %d times, and the agent reads %s", reads, got.Text)
	}
}
