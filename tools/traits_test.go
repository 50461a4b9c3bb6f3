package tools_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// A rule sees the very facts of Stripe and Intercom, in a refund and in what the
// overview says of one.
func TestRulesSeeWhatTheyLookAt(t *testing.T) {
	t.Parallel()
	for rule, matches := range map[string]bool{
		"channel: [conversation]":               true,
		"channel: [email]":                      false,
		"tag: [vip]":                            true,
		"tag: [other]":                          false,
		"country: [DE]":                         true,
		"country: [FR]":                         false,
		"plan: [price_team_monthly]":            true,
		`plan: ["Team monthly"]`:                true,
		"plan: [price_team_annual]":             false,
		"interval: [month]":                     true,
		"interval: [year]":                      false,
		"product: [prod_team]":                  true,
		`product: ["Northwind Notes Team"]`:     true,
		"product: [prod_other]":                 false,
		"metadata: {segment: enterprise}":       true,
		"metadata: {segment: small}":            false,
		"metadata: {tier: gold}":                true, // of the subscription
		"older_than: 2h":                        true,
		"older_than: 4h":                        false,
		"country: [DE], tag: [vip], plan: [x]":  false,
		"country: [DE], interval: [day, month]": true,
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			d := servertest.Start(t, servertest.Setup{Policy: `version: 1
reply: {max_chars: 4000}
refund:
  window: 30d
  currencies: {eur: {auto: 50.00, max: 500.00}}
  when: [{id: seen, then: needs_approval, message: seen, ` + rule + `}]
`})
			a := signedIn()
			d.Intercom.AddTag(intercomapi.Tag{ID: "9900", Name: "VIP"})
			a.conversation.Tags = []string{"9900"}
			d.Stripe.AddCustomer(stripeapi.Customer{
				ID: "cus_traits", Email: "traits@example.com", Currency: "eur", Created: d.Clock.Now().AddDate(0, 0, -10),
				Card: &stripeapi.Card{Country: "DE"}, Metadata: map[string]string{"segment": "Enterprise"},
			})
			d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_traits", Customer: "cus_traits", Items: []stripeapi.Item{{Price: "price_team_monthly"}}, Metadata: map[string]string{"tier": "gold"}})
			d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_traits", Customer: "cus_traits", Amount: 2000, Currency: "eur", Created: d.Clock.Now().Add(-3 * time.Hour)})
			a.contact.Email = "traits@example.com"
			a.open(d)
			var b struct {
				Customers []struct{ Payments []struct{ Policy string } }
			}
			d.Call("get_billing_overview", args{"conversation_id": petrasOwn}).Into(t, &b)
			if said := b.Customers[0].Payments[0].Policy; strings.Contains(said, "refund.when.seen") != matches {
				t.Errorf("the overview says %q", said)
			}
			got := d.Call("create_refund", with(refundOfPetra(), "charge_id", "ch_traits"))
			if slices.Contains(got.Rules(), "refund.when.seen") != matches || (got.State == policies.Done) == matches {
				t.Errorf("answered %s", got.Text)
			}
		})
	}
}

// How long somebody has been a customer, and what Radar thinks of a payment, come
// from Stripe as well.
func TestAgeAndRiskAreRead(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: `version: 1
reply: {max_chars: 4000}
refund:
  window: 30d
  account_age: 7d
  risk: {elevated: needs_approval, highest: deny}
  currencies: {eur: {auto: 50.00, max: 500.00}}
`})
	now := d.Clock.Now()
	for name, c := range map[string]struct {
		age   time.Duration
		risk  string
		state policies.State
		rule  string
	}{
		"old":     {8 * 24 * time.Hour, "normal", policies.Done, ""},
		"new":     {6 * 24 * time.Hour, "normal", policies.Denied, "refund.account_age"},
		"risky":   {8 * 24 * time.Hour, "elevated", policies.Awaiting, "refund.risk"},
		"riskier": {8 * 24 * time.Hour, "highest", policies.Denied, "refund.risk"},
		"unknown": {8 * 24 * time.Hour, "not_assessed", policies.Denied, "refund.risk"},
	} {
		conversation := d.Open(servertest.Ticket{Name: name, Since: now.Add(-c.age), Charges: []stripeapi.Charge{{Amount: 2000, Outcome: stripeapi.Outcome{RiskLevel: c.risk}}}})
		a := d.Call("create_refund", args{"conversation_id": conversation, "charge_id": "ch_" + name + "_1", "reason": "requested_by_customer"})
		if rules := a.Rules(); a.State != c.state || c.rule != "" && !slices.Contains(rules, c.rule) {
			t.Errorf("%s: answered %s", name, a.Text)
		}
	}
}

// Replies and tags see the channel and the tags of their conversation.
func TestRulesOfTheDeskSeeTheConversation(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: `version: 1
reply: {max_chars: 4000, when: [{id: mail, then: deny, channel: [email]}]}
tag: {allow: [billing, refunded], when: [{id: tagged, then: deny, tag: [billing]}]}
`})
	chat := d.Open(servertest.Ticket{Name: "chat", Message: "Hello"})
	mail := d.Open(servertest.Ticket{Name: "mail", Message: "Hello", Channel: "email"})
	for name, c := range map[string]struct {
		tool  string
		args  args
		state policies.State
	}{
		"a reply in the Messenger": {"reply_to_conversation", args{"conversation_id": chat, "body": "Hello"}, policies.Done},
		"a reply by e-mail":        {"reply_to_conversation", args{"conversation_id": mail, "body": "Hello"}, policies.Denied},
		"a note on an e-mail":      {"add_internal_note", args{"conversation_id": mail, "body": "Hello"}, policies.Denied},
		"a state of an e-mail":     {"set_conversation_state", args{"conversation_id": mail, "state": "closed"}, policies.Denied},
		"a first tag":              {"tag_conversation", args{"conversation_id": mail, "add": []string{"billing"}}, policies.Done},
	} {
		if a := d.Call(c.tool, c.args); a.State != c.state {
			t.Errorf("%s: answered %s", name, a.Text)
		}
	}
	if a := d.Call("tag_conversation", args{"conversation_id": mail, "add": []string{"refunded"}}); a.State != policies.Denied {
		t.Errorf("a second tag: answered %s", a.Text)
	}
}
