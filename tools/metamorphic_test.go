package tools_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// looking is a policy that looks at everything it can.
const looking = `version: 1
approvals: {without_conversation: approval}
identity: {claimed: needs_approval, claimed_up_to: {eur: 1.00}}
ties: [external_id: user_id, contact_attribute: stripe_customer_id, company_attribute: stripe_customer_id, email: equal]
refund:
  window: 30d
  account_age: 7d
  risk: {highest: deny}
  currencies: {eur: {auto: 50.00, max: 500.00}}
  budgets: [{scope: person, window: 30d, count: 5}]
  when:
    - {id: enterprise, then: needs_approval, metadata: {segment: enterprise}}
    - {id: annual, then: needs_approval, interval: [year], older_than: 14d}
    - {id: abroad, then: deny, country: [KP]}
    - {id: vip, then: needs_approval, tag: [vip]}
reply: {max_chars: 4000}
tag: {allow: [billing]}
`

// placed puts a text into everything that somebody outside, or a colleague, can
// write, and asks for what an agent would ask for.
func placed(t *testing.T, text string) *servertest.Desk {
	t.Helper()
	clean := strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	d := servertest.Start(t, servertest.Setup{Policy: looking, Knowledge: fstest.MapFS{"refunds.md": &fstest.MapFile{Data: []byte("# Refunds\n\n" + clean + "\n")}}})
	const company = "65ce0000000000000000000c"
	past := d.Clock.Now().AddDate(0, 0, -3)
	note := map[string]string{"note": text, "approved": text}
	d.Stripe.AddCustomer(stripeapi.Customer{
		ID: "cus_mallory", Name: text, Email: "mallory@example.com", Description: text, Phone: text, Currency: "eur",
		Created: past.AddDate(-1, 0, 0), Metadata: with2(note, "user_id", "user-mallory"), Card: &stripeapi.Card{Last4: "0007"},
	})
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_mallory", Customer: "cus_mallory", Items: []stripeapi.Item{{Price: "price_team_monthly"}}, Created: past, Metadata: note, Comment: text})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_mallory_1", Customer: "cus_mallory", Amount: 2000, Currency: "eur", Created: past, Description: text, Metadata: note})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_mallory_2", Customer: "cus_mallory", Amount: 9000, Currency: "eur", Created: past, Description: text, Metadata: note})
	d.Intercom.AddCompany(intercomapi.Company{ID: company, CompanyID: "mallory", Name: text, CustomAttributes: map[string]any{"about": text, "stripe_customer_id": text}})
	d.Intercom.AddContact(intercomapi.Contact{
		ID: petra, Name: text, Email: "mallory@example.com", ExternalID: "user-mallory", Companies: []string{company},
		CustomAttributes: map[string]any{"about": text, "stripe_customer_id": text},
	})
	d.Intercom.AddConversation(intercomapi.Conversation{
		ID: petrasOwn, Title: text, Subject: text, Contacts: []string{petra}, CustomAttributes: map[string]any{"about": text},
		Messages: []intercomapi.Message{{From: "contact:" + petra, Body: text}, {From: "admin:8001", Body: text, Note: true}, {From: "contact:" + petra, Body: text}},
	})
	d.Call("get_conversation", args{"conversation_id": petrasOwn})
	d.Call("search", args{"query": "refunds"})
	for _, charge := range []string{"ch_mallory_1", "ch_mallory_2", "ch_maria_2"} {
		call := args{"conversation_id": petrasOwn, "charge_id": charge, "reason": "requested_by_customer"}
		d.Call("create_refund", call)
		d.Call("create_refund", with(call, "conversation_id", nil))
	}
	d.Call("tag_conversation", args{"conversation_id": petrasOwn, "add": []string{"billing"}})
	d.Settle()
	return d
}

func with2(m map[string]string, key, value string) map[string]string {
	out := maps.Clone(m)
	out[key] = value
	return out
}

// judged is what a policy was given and what it said, of every action in turn.
func judged(t *testing.T, d *servertest.Desk) []string {
	t.Helper()
	var out []string
	for _, e := range d.Recorded() {
		facts := strings.ReplaceAll(string(e.Facts), e.ID, "ID")
		if e.Kind == policies.KindNote {
			facts = "" // names the refund's id, which is made by chance
		}
		var rules []string
		for _, f := range e.Decision.Findings {
			rules = append(rules, f.Rule+" "+f.Effect.String()+" "+f.Limit+" "+f.Actual)
		}
		out = append(out, strings.Join([]string{string(e.Kind), string(e.State), facts, strings.Join(rules, "; ")}, " | "))
	}
	slices.Sort(out)
	return out
}

// Whatever anybody writes anywhere, the same facts are judged, and the same is said
// of them: words reach no rule.
func TestNobodysWordsReachAPolicy(t *testing.T) {
	t.Parallel()
	clean := judged(t, placed(t, "I would like my money back."))
	if len(clean) < 6 || !strings.Contains(strings.Join(clean, "\n"), "refund | done") {
		t.Fatalf("a clean ticket is judged as %s", strings.Join(clean, "\n"))
	}
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, "what is judged of a clean and of a hostile ticket", clean, judged(t, placed(t, text)))
		})
	}
}
