package tools_test

import (
	"fmt"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// writes puts a further conversation of a contact into Intercom.
func writes(d *servertest.Desk, conversation, contact string) string {
	d.Intercom.AddConversation(intercomapi.Conversation{
		ID: conversation, Contacts: []string{contact},
		Messages: []intercomapi.Message{{From: "contact:" + contact, Body: "Hello again", At: d.Clock.Now().Add(-time.Hour)}},
	})
	return conversation
}

// Someone who writes twice about one charge, or an agent that goes to another
// conversation of theirs, does not get the same part refunded twice unseen.
func TestTheSameRefundFromAnotherConversationNeedsAPerson(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	first := d.Open(servertest.Ticket{Name: "ada", Charges: []stripeapi.Charge{{Amount: 4000}}})
	second := writes(d, "2199000000009", fmt.Sprintf("65aa%020d", 1))
	ask := args{"conversation_id": first, "charge_id": "ch_ada_1", "amount": "15.00 EUR", "reason": "requested_by_customer"}
	if a := d.Call("create_refund", ask); a.State != policies.Done {
		t.Fatalf("got %s", a.Text)
	}
	if a := d.Call("create_refund", with(ask, "amount", "5.00 EUR")); a.State != policies.Done {
		t.Errorf("another amount is another refund, got %s", a.Text)
	}
	if a := d.Call("create_refund", with(ask, "conversation_id", second)); a.State != policies.Awaiting {
		t.Errorf("15.00 EUR of ch_ada_1 were refunded twice: %s", a.Text)
	}
}

// A lead is whoever typed an address into the messenger.
func TestTheAddressALeadTypedNeedsAPerson(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	d.Open(servertest.Ticket{Name: "kim", Charges: []stripeapi.Charge{{Amount: 2000}}})
	const visitor = "65bb00000000000000000001"
	d.Intercom.AddContact(intercomapi.Contact{ID: visitor, Role: "lead", Name: "Kim", Email: "kim@example.com"})
	theirs := writes(d, "2199000000009", visitor)
	a := d.Call("create_refund", args{"conversation_id": theirs, "charge_id": "ch_kim_1", "reason": "requested_by_customer"})
	if a.State != policies.Awaiting {
		t.Errorf("a visitor who typed another's address gets a refund: %s", a.Text)
	}
}

// A contact may hold any text as its address; the ticket stays readable.
func TestAContactWhoseAddressIsNoneIsTiedToNobody(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for i, email := range []string{"nobody", "a b@example.com", "@example.com"} {
		contact := fmt.Sprintf("65cc%020d", i)
		d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: "N.", Email: email})
		c := writes(d, fmt.Sprintf("219900000001%d", i), contact)
		if a := d.Call("get_conversation", args{"conversation_id": c}); a.IsError {
			t.Errorf("with the address %q: %s", email, a.Text)
		}
	}
}

// What cannot be carried out must not keep from their turn those that can.
func TestAnApprovedActionIsNotHeldUpByOthersThatAreStuck(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for i := range 22 {
		c := d.Open(servertest.Ticket{Name: fmt.Sprintf("stuck%d", i), Charges: []stripeapi.Charge{{Amount: 100}}})
		a := d.Call("create_refund", args{"conversation_id": c, "charge_id": fmt.Sprintf("ch_stuck%d_1", i), "reason": "requested_by_customer"})
		if a.State != policies.Done {
			t.Fatalf("got %s", a.Text)
		}
		must(t, d.Intercom.Desk.Inject(control.Fault{Path: "/conversations/" + c, Kind: control.ErrorBefore, Status: 404, Times: -1}))
	}
	c := d.Open(servertest.Ticket{Name: "eve", Charges: []stripeapi.Charge{{Amount: 20000}}})
	a := d.Call("create_refund", args{"conversation_id": c, "charge_id": "ch_eve_1", "reason": "requested_by_customer"})
	if a.State != policies.Awaiting {
		t.Fatalf("got %s", a.Text)
	}
	d.Approve(a.Action)
	for range 3 {
		_ = d.Sweep()
	}
	if now := d.Call("get_action", args{"action_id": a.Action}); now.State != policies.Done {
		t.Errorf("after three sweeps what a person approved is %s", now.State)
	}
}
