package tools_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

const refunds = `
identity: {claimed: needs_approval}
refund: {window: 30d, currencies: {eur: {auto: 50, max: 500}}}
reply: {max_chars: 4000}
`

// tied tells who the asker of a conversation is tied to, and the doubt about it.
func tied(t *testing.T, d *servertest.Desk, conversation string) (ties []string, doubt string) {
	t.Helper()
	var b struct {
		Doubt     string
		Customers []struct {
			ID string `json:"customer_id"`
			By string `json:"tied_by"`
		}
	}
	d.Call("get_billing_overview", args{"conversation_id": conversation}).Into(t, &b)
	for _, c := range b.Customers {
		ties = append(ties, c.ID+" by "+c.By)
	}
	return ties, b.Doubt
}

func TestContactsAreTiedAsThePolicySays(t *testing.T) {
	t.Parallel()
	const company = "65cd0000000000000000000c"
	for name, c := range map[string]struct {
		ties  string
		want  []string
		doubt string
	}{
		"by default":     {"", []string{"cus_attribute by contact attribute", "cus_payer by company attribute"}, ""},
		"by external id": {"[external_id: user_id]", []string{"cus_own by external id"}, ""},
		"by another key": {"[external_id: account]", nil, ""},
		"by e-mail":      {"[email: equal]", []string{"cus_petra by e-mail"}, ""},
		"e-mail first": {
			"[email: equal, external_id: user_id]",
			[]string{"cus_petra by e-mail", "cus_own by external id"},
			"the ways to tie the contact to a customer name different customers",
		},
		"e-mail after others":  {"[external_id: user_id, email: equal]", []string{"cus_own by external id"}, ""},
		"e-mail after nothing": {"[contact_attribute: nothing, email: equal]", []string{"cus_petra by e-mail"}, ""},
		"by the company":       {"[company_attribute: stripe_customer_id]", []string{"cus_payer by company attribute"}, ""},
		"two that differ": {
			"[external_id: user_id, contact_attribute: stripe_customer_id]",
			[]string{"cus_own by external id", "cus_attribute by contact attribute"},
			"the ways to tie the contact to a customer name different customers",
		},
		"two with one external id": {
			"[external_id: shared]",
			[]string{"cus_attribute by external id", "cus_payer by external id"},
			"2 Stripe customers have the contact's external id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "version: 1" + refunds
			if c.ties != "" {
				file += "ties: " + c.ties + "\n"
			}
			d := servertest.Start(t, servertest.Setup{Policy: file})
			past := d.Clock.Now().AddDate(-1, 0, 0)
			d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_own", Created: past, Metadata: map[string]string{"user_id": "user-petra"}})
			d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_attribute", Created: past, Metadata: map[string]string{"shared": "user-petra", "user_id": "user-petra-2"}})
			d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_payer", Created: past, Metadata: map[string]string{"shared": "user-petra"}})
			d.Intercom.AddCompany(intercomapi.Company{ID: company, CompanyID: "c", Name: "C", CustomAttributes: map[string]any{"stripe_customer_id": "cus_payer"}})
			a := signedIn()
			a.contact.Companies, a.contact.CustomAttributes = []string{company}, map[string]any{"stripe_customer_id": "cus_attribute"}
			a.open(d)
			ties, doubt := tied(t, d, petrasOwn)
			if !slices.Equal(ties, c.want) || doubt != c.doubt {
				t.Errorf("tied to %q with the doubt %q, want %q with %q", ties, doubt, c.want, c.doubt)
			}
		})
	}
}

// A confirmed link settles what the other ties leave open or get wrong, and can be
// taken back.
func TestAConfirmedLinkSettlesWhoseCustomerSomebodyIs(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: "version: 1" + refunds})
	sam := sandbox.Conversation("two-customers-one-email")
	refund := args{"conversation_id": sam, "charge_id": "ch_sam_new_1", "reason": "requested_by_customer"}
	if a := d.Call("create_refund", with(refund, "dry_run", true)); !slices.Equal(a.Rules(), []string{"asker.doubt"}) {
		t.Fatalf("answered %s", a.Text)
	}
	link := args{"conversation_id": sam, "customer_id": "cus_sam_new", "why": "names the newer one"}
	a := d.Call("propose_customer_link", link)
	if a.State != policies.Awaiting || a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	if again := d.Call("propose_customer_link", link); again.Action != a.Action {
		t.Errorf("proposed again, answered %s", again.Text)
	}
	if ties, doubt := tied(t, d, sam); len(ties) != 2 || doubt == "" {
		t.Errorf("before anybody has confirmed it, tied to %q without doubt", ties)
	}
	d.Approve(a.Action)
	d.Settle()
	if ties, doubt := tied(t, d, sam); !slices.Equal(ties, []string{"cus_sam_new by confirmed link"}) || doubt != "" {
		t.Errorf("tied to %q with the doubt %q", ties, doubt)
	}
	if a := d.Call("create_refund", with(refund, "charge_id", "ch_sam_old_1")); a.Code != "not_found" {
		t.Errorf("the other customer's charge is answered %s", a.Text)
	}
	if a := d.Call("create_refund", refund); a.State != policies.Done {
		t.Errorf("answered %s", a.Text)
	}

	d.Clock.Advance(time.Second)
	a = d.Call("propose_customer_link", args{"conversation_id": sam, "remove": true, "why": "was the wrong one"})
	d.Approve(a.Action)
	d.Settle()
	if ties, doubt := tied(t, d, sam); len(ties) != 2 || doubt == "" {
		t.Errorf("after it was taken back, tied to %q without doubt", ties)
	}
}

// A link is no way to find out who is a customer: what is told does not depend on it.
func TestALinkTellsNothingOfWhoIsACustomer(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: "version: 1" + refunds})
	var answers []string
	for story, who := range map[string]args{
		"no-stripe-customer": {"customer_id": "cus_nobody"},
		"trialing":           {"customer_id": "cus_maria"},
		"too-old":            {"email": "nobody@example.com"},
		"past-due":           {"email": "maria.jensen@example.com"},
		"uncaptured":         {"email": "sam.porter@example.com"}, // of two
	} {
		who["conversation_id"], who["why"] = sandbox.Conversation(story), "says so"
		a := d.Call("propose_customer_link", who)
		answer := strings.ReplaceAll(string(a.Text), a.Action, "ID")
		answers = append(answers, strings.ReplaceAll(answer, "claimed", "proven")) // one of them is a lead
		if a.State != policies.Awaiting {
			t.Errorf("%v: answered %s", who, a.Text)
		}
	}
	slices.Sort(answers)
	if different := slices.Compact(answers); len(different) != 1 {
		t.Errorf("answered differently: %s", strings.Join(different, "\n"))
	}
}

func TestALinkToNobodyComesToNothing(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: "version: 1" + refunds})
	jo := sandbox.Conversation("no-stripe-customer")
	a := d.Call("propose_customer_link", args{"conversation_id": jo, "email": "nobody@example.com", "why": "says so"})
	d.Approve(a.Action)
	d.Settle()
	var after struct{ State, Message string }
	d.Call("get_action", args{"action_id": a.Action}).Into(t, &after)
	if after.State != "failed" || !strings.Contains(after.Message, "nobody can be linked") {
		t.Errorf("it is %+v", after)
	}
	if ties, _ := tied(t, d, jo); len(ties) != 0 {
		t.Errorf("tied to %q", ties)
	}
}

func TestALinkNamesExactlyOneCustomer(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: "version: 1" + refunds})
	jo := args{"conversation_id": sandbox.Conversation("no-stripe-customer"), "why": "says so"}
	for name, call := range map[string]args{
		"none":             jo,
		"both":             with(with(jo, "customer_id", "cus_maria"), "email", "m@example.com"),
		"one to take back": with(with(jo, "customer_id", "cus_maria"), "remove", true),
		"what is no id":    with(jo, "customer_id", "maria"),
		"no reason":        with(with(jo, "customer_id", "cus_maria"), "why", ""),
	} {
		if a := d.Call("propose_customer_link", call); a.Code != "invalid" {
			t.Errorf("%s: answered %s", name, a.Text)
		}
	}
}
