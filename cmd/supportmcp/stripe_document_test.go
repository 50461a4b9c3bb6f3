package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/stripe"
	"supportmcp/server/servertest"
)

// further are calls of a tool that ask Stripe for more than its example does.
func further(tool string) []servertest.Args {
	vera, rita := sandbox.Conversation("invoiced-with-tax"), sandbox.Conversation("second-try")
	return map[string][]servertest.Args{
		"get_conversation":      {{"conversation_id": sandbox.Conversation("known-by-attribute")}},
		"get_billing_overview":  {{"conversation_id": sandbox.Conversation("known-by-attribute")}},
		"get_payment":           {{"conversation_id": rita, "payment_intent_id": "pi_rita_1"}},
		"create_refund":         {{"conversation_id": vera, "charge_id": "ch_vera_1", "reason": "requested_by_customer"}, {"conversation_id": rita, "payment_intent_id": "pi_rita_1", "reason": "requested_by_customer"}},
		"reply_to_conversation": {{"conversation_id": vera, "body": "{card_update} {invoice:in_vera_1} {receipt:ch_vera_1}"}, {"conversation_id": sandbox.Conversation("unproven-asker"), "body": "{card_update}"}},
		"find_customers":        {{"name": "porter"}, {"customer_id": "cus_maria"}},
	}[tool]
}

// calls are what a tool asks of Stripe, each once.
func callsOf(t *testing.T, d described) []string {
	t.Helper()
	made := map[string]bool{}
	for _, args := range append([]servertest.Args{d.args}, further(d.Name)...) {
		desk := servertest.Start(t, servertest.Setup{Policy: permissive(t)})
		desk.Call(d.Name, args)
		for _, r := range desk.Stripe.Desk.Requests() {
			made[r.Method+" "+regexp.MustCompile(`/((ch|cus|pi|in|prod|sub)_[A-Za-z0-9_]+|STAY20)`).ReplaceAllString(r.Path, "/{id}")] = true
		}
	}
	return slices.Sorted(maps.Keys(made))
}

// stripeDocument is docs/stripe.md.
func stripeDocument(t *testing.T, all []described) string {
	t.Helper()
	needs, asked := map[string]stripe.Need{}, map[string][]string{}
	for _, n := range stripe.Needs() {
		needs[n.Call] = n
	}
	var tools strings.Builder
	for _, d := range all {
		calls := callsOf(t, d)
		if len(calls) == 0 {
			continue
		}
		settings := map[string]bool{}
		for _, call := range calls {
			n, ok := needs[call]
			if !ok {
				t.Errorf("%s asks Stripe for %s, which stripe.Needs does not list", d.Name, call)
			}
			settings[n.Setting] = true
			asked[n.Setting] = append(asked[n.Setting], "`"+d.Name+"`")
		}
		fmt.Fprintf(&tools, "| `%s` | `%s` | %s |\n", d.Name, strings.Join(calls, "` `"), strings.Join(slices.Sorted(maps.Keys(settings)), ", "))
	}
	return stripeIntroduction + permissionTable(asked) + "\n## What each tool asks Stripe\n\n| tool | calls | permissions |\n|---|---|---|\n" + tools.String() + stripeBesides
}

func permissionTable(asked map[string][]string) string {
	var out strings.Builder
	out.WriteString("| permission | in refusals | for |\n|---|---|---|\n")
	told := map[string]bool{}
	for _, n := range stripe.Needs() {
		if told[n.Setting] {
			continue
		}
		told[n.Setting] = true
		tools := asked[n.Setting]
		slices.Sort(tools)
		who := strings.Join(slices.Compact(tools), ", ")
		if who == "" {
			who = beyondTools(n.Setting)
		}
		fmt.Fprintf(&out, "| %s | `%s` | %s |\n", n.Setting, n.Permission, who)
	}
	return out.String()
}

// beyondTools is what needs a permission that no call of a tool does.
func beyondTools(setting string) string {
	if strings.HasPrefix(setting, "Account") {
		return "`serve`, to tell whose ledger it is; may be missing"
	}
	return "`serve`, to find out what became of a refund, and to keep the billing index fresh"
}

const stripeIntroduction = `# Stripe

Written by ` + "`go generate ./...`" + ` from the adapter's own table and from calls in the sandbox. A test
sends every request that the adapter can make to stripe-mock, which refuses what Stripe does
not know.

## The permissions of a restricted key

Create the key in Stripe under Developers > API keys. ` + "`supportmcp doctor`" + ` says what is missing and
what is too much; a write that lacks its permission is refused by Stripe, with nothing done, and
the answer names it.

`

const stripeBesides = `
Cards that a customer or a subscription pays with come along with these reads, for which a key
needs "PaymentMethods: Read" as well. "Customer portal: Write" may be missing: a customer who is
signed in then gets the portal's login page for ` + "`{card_update}`" + `, as everybody else does.

Besides, ` + "`serve`" + ` lists refunds and credit notes once an hour to compare them with the ledger, and
after an outcome that nobody knows. Products are listed once an hour for the names of plans. For the
billing index ([segments.md](segments.md)) customers, subscriptions, charges and disputes are listed
once, and events every minute.
`
