package tools_test

import (
	"slices"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// asks is a conversation with one payment of 20 EUR that may be refunded alone,
// but for what a test changes.
type asks struct {
	contact      intercomapi.Contact
	conversation intercomapi.Conversation
	unverified   bool // the workspace enforces no identity verification
}

const (
	petra     = "65cc00000000000000000001"
	petrasOwn = "219911111111111"
)

func (a asks) open(d *servertest.Desk) {
	if a.unverified {
		d.Intercom.SetIdentityVerification(false)
	}
	d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_petra", Email: "petra@example.com", Currency: "eur", Created: d.Clock.Now().AddDate(-1, 0, 0)})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_petra_1", Customer: "cus_petra", Amount: 2000, Currency: "eur", Created: d.Clock.Now().Add(-time.Hour)})
	d.Intercom.AddContact(a.contact)
	d.Intercom.AddConversation(a.conversation)
}

// signedIn is a customer of whom everything is as it should be.
func signedIn() asks {
	return asks{
		contact: intercomapi.Contact{ID: petra, Name: "Petra", Email: "petra@example.com", ExternalID: "user-petra"},
		conversation: intercomapi.Conversation{ID: petrasOwn, Contacts: []string{petra}, Messages: []intercomapi.Message{
			{From: "contact:" + petra, Body: "Please refund my last payment."}, {From: "admin:8001", Body: "One moment."}, {From: "bot", Body: "Typing"},
		}},
	}
}

func refundOfPetra() args {
	return args{"conversation_id": petrasOwn, "charge_id": "ch_petra_1", "reason": "requested_by_customer"}
}

// Only a verified user of the Messenger, alone in the conversation, gets money from
// an agent alone. Whoever else says to be the customer is handed to a person.
func TestOnlyAProvenAskerIsRefundedAlone(t *testing.T) {
	t.Parallel()
	const guest = "65cc00000000000000000002"
	for name, c := range map[string]struct {
		change func(*asks)
		rules  []string
	}{
		"a signed-in user":                    {func(*asks) {}, nil},
		"by e-mail":                           {func(a *asks) { a.conversation.Channel = "email" }, []string{"identity"}},
		"by another channel":                  {func(a *asks) { a.conversation.Channel = "whatsapp" }, []string{"identity"}},
		"a lead":                              {func(a *asks) { a.contact.Role = "lead" }, []string{"asker.doubt", "identity"}},
		"a user whom the company never named": {func(a *asks) { a.contact.ExternalID = "" }, []string{"identity"}},
		"a workspace that verifies nobody":    {func(a *asks) { a.unverified = true }, []string{"identity"}},
		"a later message by e-mail": {func(a *asks) {
			a.conversation.Messages = append(a.conversation.Messages, intercomapi.Message{From: "contact:" + petra, Body: "To another account!", Mailed: true})
		}, []string{"identity"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			a := signedIn()
			c.change(&a)
			a.open(d)
			got := d.Call("create_refund", refundOfPetra())
			want := policies.Awaiting
			if c.rules == nil {
				want = policies.Done
			}
			if got.State != want || !slices.Equal(got.Rules(), c.rules) {
				t.Errorf("answered %s, want %s by %q", got.Text, want, c.rules)
			}
		})
	}
	t.Run("a second person in it", func(t *testing.T) {
		t.Parallel()
		d := desk(t)
		d.Intercom.AddContact(intercomapi.Contact{ID: guest, Name: "A. Guest"})
		a := signedIn()
		a.conversation.Contacts = append(a.conversation.Contacts, guest)
		a.open(d)
		if got := d.Call("create_refund", refundOfPetra()); !slices.Equal(got.Rules(), []string{"asker.doubt", "identity"}) {
			t.Errorf("answered %s", got.Text)
		}
	})
}

// Switching identity verification off is noticed within minutes, and what was
// approved on the old facts is not carried out.
func TestIdentityVerificationThatIsSwitchedOffIsNoticed(t *testing.T) {
	t.Parallel()
	d := desk(t)
	signedIn().open(d)
	preview := func() []string { return d.Call("create_refund", with(refundOfPetra(), "dry_run", true)).Rules() }
	if got := preview(); got != nil {
		t.Fatalf("refused by %q", got)
	}
	d.Intercom.SetIdentityVerification(false)
	d.Clock.Advance(5 * time.Minute)
	if got := preview(); !slices.Equal(got, []string{"identity"}) {
		t.Errorf("refused by %q", got)
	}
}

func TestSmallAmountsMayBeClaimed(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: `version: 1
identity: {claimed: deny, claimed_up_to: {eur: 10.00}}
refund: {window: 30d, currencies: {eur: {auto: 50, max: 500}}}
reply: {max_chars: 4000}
`})
	hanna := sandbox.Conversation("unproven-asker")
	for amount, want := range map[string]policies.State{"10.00 EUR": policies.Done, "10.01 EUR": policies.Denied} {
		a := d.Call("create_refund", args{"conversation_id": hanna, "charge_id": "ch_hanna_1", "amount": amount, "reason": "requested_by_customer"})
		if a.State != want {
			t.Errorf("%s: answered %s", amount, a.Text)
		}
	}
}

// A charge of nobody's is no stranger's: a person looks at it. When something else
// stands against it, the answer does not tell that it exists.
func TestAChargeWithoutCustomerGoesToAPerson(t *testing.T) {
	t.Parallel()
	d := desk(t)
	signedIn().open(d)
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_guest_1", Amount: 2000, Currency: "eur", Created: d.Clock.Now().Add(-time.Hour)})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_guest_2", Amount: 90000, Currency: "eur", Created: d.Clock.Now().Add(-time.Hour)})
	if a := d.Call("create_refund", with(refundOfPetra(), "charge_id", "ch_guest_1")); a.State != policies.Awaiting || !slices.Equal(a.Rules(), []string{"owner_match"}) {
		t.Errorf("answered %s", a.Text)
	}
	for _, charge := range []string{"ch_guest_2", "ch_nowhere", "ch_maria_1"} {
		a := d.Call("create_refund", with(refundOfPetra(), "charge_id", charge))
		if a.Code != "not_found" || a.Message != "the customer of this conversation has no such charge" {
			t.Errorf("%s: answered %s", charge, a.Text)
		}
	}
}

const callers = `version: 1
approvals: {without_conversation: approval}
refund: {window: 30d, currencies: {eur: {auto: 50, max: 500}}}
reply: {max_chars: 4000}
`

// Outside a conversation nothing is refunded, and nobody learns which charges there
// are; unless the policy takes callers, and then only a person lets it pass.
func TestMoneyForACaller(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := args{"charge_id": "ch_maria_2", "reason": "requested_by_customer"}
	before := d.Look()
	known, unknown := d.Call("create_refund", call), d.Call("create_refund", with(call, "charge_id", "ch_nowhere"))
	if known.State != policies.Denied || !slices.Equal(known.Rules(), []string{"without_conversation"}) {
		t.Errorf("answered %s", known.Text)
	}
	if unknown.State != known.State || unknown.Message != known.Message || len(d.Stripe.Desk.Requests()) != 0 {
		t.Errorf("a charge that does not exist is answered %s, and %d requests were sent", unknown.Text, len(d.Stripe.Desk.Requests()))
	}
	d.VendorsUnchanged(t, before)

	d.Use(callers)
	a := d.Call("create_refund", call)
	if a.State != policies.Awaiting || !slices.Equal(a.Rules(), []string{"without_conversation"}) || !a.Decision.Need.Verified {
		t.Fatalf("answered %s", a.Text)
	}
	if again := d.Call("create_refund", call); again.Action != a.Action {
		t.Errorf("asked again, answered %s", again.Text)
	}
	approval := policies.Approval{By: "robin", Verdict: policies.Approved}
	if _, err := d.Ledger.DecideNamed(t.Context(), a.Action, approval); fault.CodeOf(err) != fault.Refused {
		t.Fatalf("approved by somebody who names nobody: %v", err)
	}
	approval.Verifier, approval.Note = "noa", "called back"
	e, err := d.Ledger.DecideNamed(t.Context(), a.Action, approval)
	must(t, err)
	if e.Note != "caller verified by noa; called back" {
		t.Errorf("the note is %q", e.Note)
	}
	d.Settle()
	if got := d.Stripe.AmountRefunded("ch_maria_2"); got != 2000 {
		t.Errorf("%d are refunded", got)
	}
	if notes := d.Parts(sandbox.Conversation("duplicate-charge"), "note"); len(notes) != 0 {
		t.Errorf("a note went into some conversation: %q", notes)
	}
}
