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

func TestAConversationIsHandedToWhomTheAgentNames(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	for _, c := range []struct {
		call        args
		team, admin string
	}{
		{args{"team": "billing", "summary": "Charged twice."}, "8101", ""},
		{args{"admin_id": "8002"}, "8101", "8002"},
		{args{"summary": "Nothing more for me to do."}, "", ""},
	} {
		a := d.Call("assign_conversation", with(c.call, "conversation_id", maria))
		if a.State != policies.Done {
			t.Errorf("%v is answered %s", c.call, a.Text)
		}
		if now, _ := d.Intercom.Conversation(maria); now.TeamAssignee != c.team || now.AdminAssignee != c.admin {
			t.Errorf("%v: it is with team %q and admin %q", c.call, now.TeamAssignee, now.AdminAssignee)
		}
	}
	d.Settle()
	got := d.Parts(maria, "note")
	slices.Sort(got) // both were left at one moment
	if !slices.Equal(got, []string{"Charged twice.", "Nothing more for me to do."}) {
		t.Errorf("colleagues read %q", got)
	}
}

func TestAHandOverToNobodyIsRefused(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	maria := sandbox.Conversation("duplicate-charge")
	for name, c := range map[string]struct {
		call args
		code string
	}{
		"to two at once":         {args{"team": "Billing", "admin_id": "8002"}, "invalid"},
		"to anyone, and no word": {args{}, "invalid"},
		"an unknown team":        {args{"team": "Nope", "summary": "x"}, "refused"},
		"an unknown admin":       {args{"admin_id": "77", "summary": "x"}, "refused"},
	} {
		if a := d.Call("assign_conversation", with(c.call, "conversation_id", maria)); a.Code != c.code || !a.IsError {
			t.Errorf("%s is answered %s", name, a.Text)
		}
	}
	d.VendorsUnchanged(t, before)
}

// Whatever Intercom does to the answer, in the end it is as it was asked for.
func TestAFaultAtIntercomEndsWithWhatWasAskedOfPeople(t *testing.T) {
	t.Parallel()
	maria := sandbox.Conversation("duplicate-charge")
	const guest = "64f0000000000000000000aa"
	for name, fault := range map[string]control.Fault{
		"500, nothing applied": {Kind: control.ErrorBefore},
		"502 after it was set": {Kind: control.ErrorAfter, Status: 502},
		"cut after it was set": {Kind: control.CutAfter},
		"slower than our time": {Kind: control.Slow, Delay: control.Duration(10 * time.Second)},
	} {
		for _, w := range []struct {
			tool, method, path string
			args               args
			so                 func(*servertest.Desk) bool
		}{
			{"assign_conversation", "POST", "/conversations/*/parts", args{"conversation_id": maria, "team": "Billing", "summary": "Look."}, func(d *servertest.Desk) bool {
				c, _ := d.Intercom.Conversation(maria)
				return c.TeamAssignee == "8101" && slices.Equal(d.Parts(maria, "note"), []string{"Look."}) && len(d.Parts(maria, "assignment")) == 1
			}},
			{"tag_contact", "POST", "/contacts/*/tags", args{"contact_id": guest, "add": []string{"billing"}}, func(d *servertest.Desk) bool {
				c, _ := d.Intercom.Contact(guest)
				return slices.Equal(c.Tags, []string{"9001"})
			}},
			{"update_contact", "PUT", "/contacts/*", args{"contact_id": guest, "attribute": "seats", "type": "integer", "value": "7"}, func(d *servertest.Desk) bool {
				c, _ := d.Intercom.Contact(guest)
				return c.CustomAttributes["seats"] == 7.0
			}},
		} {
			t.Run(name+"/"+w.tool, func(t *testing.T) {
				t.Parallel()
				d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond})
				fault := fault
				fault.Method, fault.Path = w.method, w.path
				must(t, d.Intercom.Desk.Inject(fault))
				a := d.Call(w.tool, w.args)
				if a.State != policies.InDoubt && a.State != policies.Executing || a.IsError {
					t.Errorf("answered %s", a.Text)
				}
				d.Settle()
				if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Done || !w.so(d) {
					t.Errorf("in the end the agent reads %s", got.Text)
				}
			})
		}
	}
}

// A contact whose making is in doubt is looked for; it is never made a second time,
// since two leads may have one address.
func TestAContactInDoubtIsNeverMadeTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault control.Fault
		ends  policies.State
		made  int
	}{
		"502 after it was made": {control.Fault{Kind: control.ErrorAfter, Status: 502}, policies.Done, 1},
		"cut after it was made": {control.Fault{Kind: control.CutAfter}, policies.Done, 1},
		"500, nothing made":     {control.Fault{Kind: control.ErrorBefore}, policies.Review, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond})
			c.fault.Method, c.fault.Path = "POST", "/contacts"
			must(t, d.Intercom.Desk.Inject(c.fault))
			a := d.Call("create_contact", args{"role": "lead", "email": "new@example.com"})
			if a.State != policies.InDoubt || a.IsError || !strings.Contains(a.NextStep, "do not repeat") {
				t.Errorf("answered %s", a.Text)
			}
			d.Settle()
			if got := d.Call("get_action", args{"action_id": a.Action}); got.State != c.ends {
				t.Errorf("in the end the agent reads %s", got.Text)
			}
			made, _ := told(t, d, "find_contacts", "contacts", "contact_id", args{"email": "new@example.com"})
			if len(made) != c.made {
				t.Errorf("there are %v", made)
			}
		})
	}
}

func TestOnlyListedAttributesOfContactsAreSet(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	const guest = "64f0000000000000000000aa"
	for attribute, code := range map[string]string{
		"stripe_customer_id": "refused", "nope": "invalid",
	} {
		a := d.Call("update_contact", args{"contact_id": guest, "attribute": attribute, "value": "cus_maria"})
		if a.Code != code || !a.IsError {
			t.Errorf("%s is answered %s", attribute, a.Text)
		}
	}
	for _, attribute := range []string{"email", "external_id", "role"} {
		a := d.Call("update_contact", args{"contact_id": guest, "attribute": attribute, "value": "x", "type": "string"})
		if a.Code != "refused" || !a.IsError {
			t.Errorf("%s is answered %s", attribute, a.Text)
		}
	}
	d.VendorsUnchanged(t, before)
	if a := d.Call("update_contact", args{"contact_id": guest, "attribute": "seats", "value": "seven", "type": "integer"}); a.Code != "invalid" {
		t.Errorf("answered %s", a.Text)
	}
}
