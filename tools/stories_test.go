package tools_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// Every story of the sandbox, as an agent reads it: what was said, who asks, and
// the billing facts with what the policy says of them.
func TestTheFactsOfEveryStory(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	for _, story := range sandbox.Stories() {
		t.Run(story.Name, func(t *testing.T) {
			whole := d.Call("get_conversation", args{"conversation_id": story.Conversation})
			golden(t, filepath.Join("testdata", "stories", story.Name+".json"), pretty(t, whole.Text))
			var c struct{ Billing any }
			whole.Into(t, &c)
			var alone any
			d.Call("get_billing_overview", args{"conversation_id": story.Conversation}).Into(t, &alone)
			same(t, "billing alone and in the conversation", alone, c.Billing)
		})
	}
	d.Unchanged(t, before)
}

// A refund in every story ends as the policy and Stripe's own rules say, and
// Stripe holds exactly what the answer says.
func TestARefundInEveryStory(t *testing.T) {
	t.Parallel()
	const done, awaiting, denied = policies.Done, policies.Awaiting, policies.Denied
	for _, c := range []struct {
		story, charge, amount, reason string
		state                         policies.State
		rule                          string // the first that did not allow
		refunded                      int64  // of the charge afterwards, in minor units
	}{
		{"duplicate-charge", "ch_maria_2", "", "duplicate", done, "", 2000},
		{"duplicate-charge", "ch_maria_1", "", "duplicate", done, "", 2000},
		{"annual-day-3", "ch_tom_1", "", "requested_by_customer", awaiting, "refund.limit", 0},
		{"annual-day-3", "ch_tom_1", "50.00 EUR", "requested_by_customer", done, "", 5000},
		{"annual-day-3", "ch_tom_1", "50.01 EUR", "requested_by_customer", awaiting, "refund.limit", 0},
		{"annual-day-3", "ch_tom_1", "20.00 EUR", "duplicate", awaiting, "refund.reason", 0},
		{"annual-day-3", "ch_tom_1", "20.00 EUR", "fraudulent", denied, "refund.reason", 0},
		{"budget-used-up", "ch_noor_1", "", "requested_by_customer", denied, "budget.customer.90d", 0},
		{"failed-payment", "ch_lena_2", "", "requested_by_customer", denied, "structure.amount", 0},
		{"failed-payment", "ch_lena_2", "20.00 EUR", "requested_by_customer", denied, "structure.charge", 0},
		{"failed-payment", "ch_lena_1", "", "requested_by_customer", denied, "refund.window", 0},
		{"uncaptured", "ch_olaf_1", "", "requested_by_customer", denied, "structure.amount", 0},
		{"uncaptured", "ch_olaf_1", "10.00 EUR", "requested_by_customer", denied, "structure.charge", 0},
		{"zero-decimals", "ch_yuki_1", "1200 JPY", "requested_by_customer", done, "", 1200},
		{"zero-decimals", "ch_yuki_1", "", "requested_by_customer", done, "", 3000},
		{"zero-decimals", "ch_yuki_1", "3001 JPY", "requested_by_customer", denied, "structure.remaining", 0},
		{"three-decimals", "ch_faisal_1", "1.500 KWD", "requested_by_customer", done, "", 1500},
		{"three-decimals", "ch_faisal_1", "", "requested_by_customer", done, "", 6500},
		{"partly-refunded", "ch_iris_1", "", "requested_by_customer", done, "", 4000},
		{"partly-refunded", "ch_iris_1", "15.01 EUR", "requested_by_customer", denied, "structure.remaining", 2500},
		{"fully-refunded", "ch_paul_1", "", "requested_by_customer", denied, "structure.amount", 2000},
		{"fully-refunded", "ch_paul_1", "20.00 EUR", "requested_by_customer", denied, "structure.remaining", 2000},
		{"refund-pending", "ch_wanda_1", "", "requested_by_customer", done, "", 3000},
		{"disputed-inquiry", "ch_greta_1", "", "requested_by_customer", done, "", 2000},
		{"disputed-chargeback", "ch_emil_1", "", "requested_by_customer", denied, "structure.dispute", 0},
		{"disputed-chargeback", "ch_emil_1", "1.00 EUR", "requested_by_customer", denied, "structure.dispute", 0},
		{"too-old", "ch_ada_1", "", "requested_by_customer", denied, "refund.window", 0},
		{"card-expiring", "ch_ben_1", "", "requested_by_customer", done, "", 2000},
		{"past-due", "ch_rosa_1", "", "requested_by_customer", denied, "refund.window", 0},
		{"company-pays", "ch_acme_1", "", "requested_by_customer", done, "", 4800},
		{"known-by-attribute", "ch_mila_1", "", "requested_by_customer", done, "", 2000},
		{"two-customers-one-email", "ch_sam_new_1", "", "requested_by_customer", awaiting, "asker.doubt", 0},
		{"two-customers-one-email", "ch_sam_old_1", "", "requested_by_customer", awaiting, "asker.doubt", 0},
		{"several-people", "ch_nils_1", "", "requested_by_customer", awaiting, "asker.doubt", 0},
		{"invoiced-with-tax", "ch_vera_1", "23.80 EUR", "requested_by_customer", done, "", 2380},
		{"invoiced-with-tax", "ch_vera_1", "", "requested_by_customer", done, "", 4760},
		{"refund-came-back", "ch_hugo_1", "", "requested_by_customer", done, "", 3000},
		{"refund-needs-details", "ch_pia_1", "", "requested_by_customer", denied, "structure.amount", 2500},
		{"partial-capture", "ch_leo_1", "", "requested_by_customer", done, "", 9000},
		{"partial-capture", "ch_leo_1", "90.00 EUR", "requested_by_customer", denied, "structure.remaining", 6000},
		{"marketplace", "ch_gwen_1", "", "requested_by_customer", denied, "refund.connect", 0},
		{"second-try", "ch_rita_1", "20.00 EUR", "requested_by_customer", denied, "structure.charge", 0},
		{"second-try", "ch_rita_2", "", "duplicate", awaiting, "refund.reason", 0},
		{"dispute-won", "ch_otto_1", "", "requested_by_customer", done, "", 2000},
		{"unused-time", "ch_anne_1", "50.00 EUR", "requested_by_customer", done, "", 5000},
		{"two-plans", "ch_ivan_1", "", "requested_by_customer", done, "", 2000},
		{"too-expensive", "ch_cleo_1", "", "requested_by_customer", done, "", 2000},
		{"card-fixed", "ch_yara_2", "20.00 EUR", "requested_by_customer", denied, "structure.charge", 0},
		{"unproven-asker", "ch_hanna_1", "", "requested_by_customer", awaiting, "identity", 0},
	} {
		t.Run(strings.Join([]string{c.story, c.charge, c.amount, c.reason}, " "), func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			call := args{"conversation_id": sandbox.Conversation(c.story), "charge_id": c.charge, "reason": c.reason}
			if c.amount != "" {
				call["amount"] = c.amount
			}
			before := d.Look()
			preview := d.Call("create_refund", with(call, "dry_run", true))
			d.Unchanged(t, before)
			a := d.Call("create_refund", call)
			rule := ""
			if against := a.Rules(); len(against) > 0 {
				rule = against[0]
			}
			if a.State != c.state || rule != c.rule || a.IsError != (c.state == denied) {
				t.Errorf("answered %s, want %s by %q", a.Text, c.state, c.rule)
			}
			if !slices.Equal(preview.Rules(), a.Rules()) || preview.Decision.Effect != a.Decision.Effect {
				t.Errorf("the dry run said %s %v, the act %s %v", preview.Decision.Effect, preview.Rules(), a.Decision.Effect, a.Rules())
			}
			if got := d.Stripe.AmountRefunded(c.charge); got != c.refunded {
				t.Errorf("%d are refunded, want %d", got, c.refunded)
			}
			if c.state != done {
				d.VendorsUnchanged(t, before)
			}
			d.Settle()
			if notes := d.Parts(sandbox.Conversation(c.story), "note"); (len(notes) == 1) != (c.state == done) {
				t.Errorf("colleagues read the notes %q", notes)
			}
		})
	}
}

// Nobody's money can be touched in a conversation that no customer is tied to.
func TestWithoutACustomerThereIsNoRefund(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	for _, story := range []string{"no-stripe-customer", "trialing"} {
		a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation(story), "charge_id": "ch_maria_2", "reason": "duplicate"})
		if !a.IsError || a.Code != "not_found" {
			t.Errorf("%s: answered %s", story, a.Text)
		}
	}
	d.VendorsUnchanged(t, before)
}

// Two customers with the contact's address: nobody can tell whose money is meant,
// so a person decides, and a third customer's stays out of reach.
func TestTwoCustomersWithOneAddressNeedAPerson(t *testing.T) {
	t.Parallel()
	d := desk(t)
	conversation := d.Open(servertest.Ticket{Name: "twin", Charges: []stripeapi.Charge{{Amount: 2000}}})
	d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_other", Email: "twin@example.com"})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_other", Customer: "cus_other", Amount: 1000, Currency: "eur"})
	before := d.Look()
	for _, charge := range []string{"ch_twin_1", "ch_other"} {
		a := d.Call("create_refund", args{"conversation_id": conversation, "charge_id": charge, "reason": "requested_by_customer"})
		if a.State != policies.Awaiting || a.IsError || !slices.Equal(a.Rules(), []string{"asker.doubt"}) {
			t.Errorf("%s: answered %s", charge, a.Text)
		}
	}
	var b struct{ Doubt string }
	d.Call("get_billing_overview", args{"conversation_id": conversation}).Into(t, &b)
	if b.Doubt != "2 Stripe customers have the contact's e-mail address" {
		t.Errorf("the doubt reads %q", b.Doubt)
	}
	d.VendorsUnchanged(t, before)
}
