package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"supportmcp/internal/sandbox"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// args are the arguments of a call.
type args = servertest.Args

// sound are arguments that every tool takes as they are.
func sound() map[string]args {
	maria := sandbox.Conversation("duplicate-charge")
	return map[string]args{
		"get_conversation":       {"conversation_id": maria, "without_billing": false},
		"get_billing_overview":   {"conversation_id": maria},
		"get_payment":            {"conversation_id": maria, "charge_id": "ch_maria_2"},
		"list_payments":          {"conversation_id": maria, "customer_id": "cus_maria", "status": "succeeded", "since": "2026-01-01", "until": "2026-12-31"},
		"list_invoices":          {"conversation_id": maria, "customer_id": "cus_maria", "status": "open", "subscription_id": "sub_maria"},
		"find_customers":         {"email": "maria.jensen@example.com"},
		"create_refund":          {"conversation_id": maria, "charge_id": "ch_maria_2", "amount": "5.00 EUR", "reason": "duplicate", "note": "n"},
		"cancel_subscription":    {"conversation_id": maria, "subscription_id": "sub_maria", "how": "at_period_end", "note": "n"},
		"resume_subscription":    {"conversation_id": maria, "subscription_id": "sub_maria", "note": "n"},
		"apply_discount":         {"conversation_id": maria, "subscription_id": "sub_maria", "coupon": "STAY20", "remove": false, "note": "n"},
		"grant_credit":           {"conversation_id": maria, "customer_id": "cus_maria", "amount": "5.00 EUR", "note": "n"},
		"retry_invoice":          {"conversation_id": sandbox.Conversation("card-fixed"), "invoice_id": "in_yara_2", "note": "n"},
		"reply_to_conversation":  {"conversation_id": maria, "body": "Hello", "close": false},
		"add_internal_note":      {"conversation_id": maria, "body": "Hello"},
		"set_conversation_state": {"conversation_id": maria, "state": "closed"},
		"tag_conversation":       {"conversation_id": maria, "add": []string{"billing"}, "remove": []string{"refunded"}},
		"propose_customer_link":  {"conversation_id": maria, "customer_id": "cus_maria", "why": "she said so", "remove": false},
		"get_action":             {"action_id": "act_000000000000000000000000"},
		"search":                 {"query": "refund"},
		"fetch":                  {"id": "kb://northwind/refund-policy.md"},
		"search_conversations":   {"state": "open", "words": "charged twice"},
		"list_desk_options":      {"of": "tags"},
		"find_contacts":          {"email": "maria.lopez@example.com"},
		"list_segments":          {"segment_id": "64f0d0000000000000000001"},
		"assign_conversation":    {"conversation_id": maria, "team": "Billing", "summary": "Charged twice."},
		"tag_contact":            {"contact_id": "64f0000000000000000000aa", "add": []string{"billing"}},
		"update_contact":         {"contact_id": "64f0000000000000000000aa", "attribute": "plan_note", "value": "asked for annual"},
		"create_contact":         {"role": "lead", "email": "new@example.com", "name": "New"},

		"preview_segment":         {"segment": "cards-expiring", "tag": "card-expiring"},
		"apply_segment":           {"plan_id": servertest.SegmentPlan},
		"revert_segment":          {"action_id": servertest.AppliedSegment},
		"sync_billing_attributes": {"plan_id": servertest.BillingPlan},
	}
}

// with is a with one argument set, or taken out when v is nil.
func with(a args, name string, v any) args {
	out := maps.Clone(a)
	out[name] = v
	if v == nil {
		delete(out, name)
	}
	return out
}

func text(t *testing.T, a args) string {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// broken are all ways to break sound arguments that hold for every tool, with
// words of the message each must get.
func broken(t *testing.T, tool tools.Tool, ok args) map[string]brokenCall {
	t.Helper()
	foreign := "customer_id"
	if tool.Input.Properties[foreign] != nil {
		foreign = "charge_id"
	}
	out := map[string]brokenCall{
		"no object but an array":   {`[1]`, "want a JSON object"},
		"no object but a string":   {`"x"`, "want a JSON object"},
		"no object but a number":   {`7`, "want a JSON object"},
		"unknown argument":         {text(t, with(ok, "amuont", "1")), `unknown argument "amuont"; known are `},
		"argument of another tool": {text(t, with(ok, foreign, "cus_maria")), `unknown argument "` + foreign + `"`},
	}
	for _, name := range tool.Input.PropertyOrder {
		v, given := ok[name]
		if !given {
			v = "x"
		}
		value := text(t, args{name: v})
		value = strings.TrimSuffix(strings.TrimPrefix(value, "{"), "}")
		rest := strings.TrimSuffix(text(t, with(ok, name, nil)), "}")
		if rest != "{" {
			rest += ","
		}
		out["null "+name] = brokenCall{text(t, with(ok, name, json.RawMessage("null"))), name + ": got null null, want " + tool.Input.Properties[name].Type}
		out["object "+name] = brokenCall{text(t, with(ok, name, args{"x": 1})), name + ": got object"}
		out["number "+name] = brokenCall{text(t, with(ok, name, 1e300)), name + ": got "}
		out["capital "+name] = brokenCall{text(t, with(with(ok, name, nil), strings.ToUpper(name[:1])+name[1:], v)), "unknown argument"}
		out["repeated "+name] = brokenCall{rest + value + "," + value + "}", `"` + name + `" is given twice`}
		if slices.Contains(tool.Input.Required, name) {
			out["missing "+name] = brokenCall{text(t, with(ok, name, nil)), "missing argument " + name}
		}
	}
	return out
}

type brokenCall struct{ args, message string }

func TestBrokenArgumentsAreRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	before := d.Look()
	for _, tool := range d.Tools {
		ok, known := sound()[tool.Name]
		if !known {
			t.Fatalf("%s has no sound arguments in this test", tool.Name)
		}
		for name, c := range broken(t, tool, ok) {
			t.Run(tool.Name+"/"+name, func(t *testing.T) {
				a := d.Call(tool.Name, servertest.Raw(c.args))
				if !a.IsError || a.Code != "invalid" || !strings.Contains(a.Message, c.message) || !strings.Contains(a.NextStep, tool.Name) {
					t.Errorf("%s answered %s, want invalid: …%s…", c.args, a.Text, c.message)
				}
			})
		}
	}
	d.Unchanged(t, before)
	if n := len(d.Stripe.Desk.Requests()) + len(d.Intercom.Desk.Requests()); n != 0 {
		t.Errorf("%d requests went to the vendors, want none", n)
	}
}

func TestSoundArgumentsAreTaken(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for _, tool := range d.Tools {
		if a := d.Call(tool.Name, sound()[tool.Name]); a.Code == "invalid" {
			t.Errorf("%s answered %s", tool.Name, a.Text)
		}
	}
}

// Values that are of the right type, and still wrong. Each tells what is wrong,
// and nothing is recorded.
func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	ok := sound()
	refund, reply, state, tag := ok["create_refund"], ok["reply_to_conversation"], ok["set_conversation_state"], ok["tag_conversation"]
	megabyte, long := strings.Repeat("x", 1<<20-1000), strings.Repeat("x", 20_001)
	for name, c := range map[string]struct {
		tool    string
		args    args
		message string
	}{
		"negative amount":            {"create_refund", with(refund, "amount", "-5.00 EUR"), "plain digits"},
		"amount with plus":           {"create_refund", with(refund, "amount", "+5.00 EUR"), "plain digits"},
		"amount without currency":    {"create_refund", with(refund, "amount", "5.00"), "a number, a space and a currency"},
		"amount without a number":    {"create_refund", with(refund, "amount", "EUR"), "a number, a space and a currency"},
		"empty amount":               {"create_refund", with(refund, "amount", ""), "amount"},
		"blank amount":               {"create_refund", with(refund, "amount", " "), "amount"},
		"amount in no currency":      {"create_refund", with(refund, "amount", "5.00 XXQ"), "XXQ"},
		"too many decimals":          {"create_refund", with(refund, "amount", "5.001 EUR"), "EUR has 2 decimals, got 3"},
		"decimals of yen":            {"create_refund", with(refund, "amount", "5.0 JPY"), "JPY has 0 decimals"},
		"dinar below its step":       {"create_refund", with(refund, "amount", "1.505 KWD"), "the smallest step in KWD is 0.010 KWD"},
		"huge amount":                {"create_refund", with(refund, "amount", "99999999999999999999.00 EUR"), "too large"},
		"amount at the end of int":   {"create_refund", with(refund, "amount", "92233720368547758.07 EUR"), "too large"},
		"amount with an exponent":    {"create_refund", with(refund, "amount", "1e2 EUR"), "plain digits"},
		"amount with a comma":        {"create_refund", with(refund, "amount", "5,00 EUR"), "plain digits"},
		"thousands":                  {"create_refund", with(refund, "amount", "1,000.00 EUR"), "plain digits"},
		"leading zero":               {"create_refund", with(refund, "amount", "05.00 EUR"), "plain digits"},
		"Arabic digits":              {"create_refund", with(refund, "amount", "٥.00 EUR"), "plain digits"},
		"amount with a symbol":       {"create_refund", with(refund, "amount", "€5.00"), "a number, a space and a currency"},
		"hexadecimal":                {"create_refund", with(refund, "amount", "0x10 EUR"), "plain digits"},
		"both ids":                   {"create_refund", with(refund, "payment_intent_id", "pi_maria_2"), "exactly one of charge_id and payment_intent_id"},
		"neither id":                 {"create_refund", with(refund, "charge_id", nil), "exactly one of charge_id and payment_intent_id"},
		"empty charge":               {"create_refund", with(refund, "charge_id", ""), "exactly one of charge_id and payment_intent_id"},
		"subscription for charge":    {"create_refund", with(refund, "charge_id", "sub_maria"), "charge"},
		"intent for charge":          {"create_refund", with(refund, "charge_id", "pi_maria_2"), "charge"},
		"charge for intent":          {"create_refund", with(with(refund, "charge_id", nil), "payment_intent_id", "ch_maria_2"), "payment intent"},
		"customer for charge":        {"create_refund", with(refund, "charge_id", "cus_maria"), "charge"},
		"path for charge":            {"create_refund", with(refund, "charge_id", "ch_x/../../v1/customers"), "charge"},
		"query for charge":           {"create_refund", with(refund, "charge_id", "ch_maria_2?expand[]=customer"), "charge"},
		"reason that does not exist": {"create_refund", with(refund, "reason", "goodwill"), "want one of duplicate, requested_by_customer, fraudulent"},
		"reason in capitals":         {"create_refund", with(refund, "reason", "Duplicate"), "want one of"},
		"unknown repeat_of":          {"create_refund", with(refund, "repeat_of", "act_000000000000000000000000"), "repeat_of must name a done action"},
		"control character in note":  {"create_refund", with(refund, "note", "a\x1b[2J"), "control character U+001B"},

		"conversation last":      {"get_conversation", args{"conversation_id": "last"}, "want Intercom conversation id (digits)"},
		"conversation path":      {"get_conversation", args{"conversation_id": "../x"}, "want Intercom conversation id (digits)"},
		"conversation 30 digits": {"get_conversation", args{"conversation_id": strings.Repeat("1", 30)}, "want Intercom conversation id (digits)"},
		"conversation newline":   {"get_conversation", args{"conversation_id": "215470000000001\n"}, "conversation_id"},
		"reply to last":          {"reply_to_conversation", with(reply, "conversation_id", "last"), "want Intercom conversation id (digits)"},
		"refund in last":         {"create_refund", with(refund, "conversation_id", "last"), "want Intercom conversation id (digits)"},
		"tag last":               {"tag_conversation", with(tag, "conversation_id", "last"), "want Intercom conversation id (digits)"},
		"close last":             {"set_conversation_state", with(state, "conversation_id", "last"), "want Intercom conversation id (digits)"},

		"empty reply":           {"reply_to_conversation", with(reply, "body", ""), "body: is empty"},
		"blank reply":           {"reply_to_conversation", with(reply, "body", " \n\t "), "body: is empty"},
		"invisible reply":       {"reply_to_conversation", with(reply, "body", "\u2060\u200b\u202e"), "body: is empty"},
		"blank note":            {"add_internal_note", args{"conversation_id": reply["conversation_id"], "body": "\u00a0"}, "body: is empty"},
		"escape in a reply":     {"reply_to_conversation", with(reply, "body", "a\x1b]8;;x\x07"), "control character U+001B"},
		"NUL in a reply":        {"reply_to_conversation", with(reply, "body", "a\x00b"), "control character U+0000"},
		"a megabyte in a reply": {"reply_to_conversation", with(reply, "body", megabyte), "at most 20000 are allowed"},
		"a long note":           {"create_refund", with(refund, "note", long), "at most 20000 are allowed"},
		"a long charge":         {"create_refund", with(refund, "charge_id", long), "at most 20000 are allowed"},
		"a long query":          {"search", args{"query": long}, "at most 20000 are allowed"},
		"no tag":                {"tag_conversation", args{"conversation_id": tag["conversation_id"]}, "add and remove are both empty"},
		"no tag but lists":      {"tag_conversation", with(with(tag, "add", []string{}), "remove", []string{}), "add and remove are both empty"},
		"tag in both":           {"tag_conversation", with(tag, "remove", []string{"Billing"}), "both to be added and to be removed"},
		"tag that is a number":  {"tag_conversation", with(tag, "add", []any{1}), "add: [0] got integer 1, want string"},
		"blank tag":             {"tag_conversation", with(tag, "add", []string{" "}), "add: [0] is empty"},
		"long tag":              {"tag_conversation", with(tag, "add", []string{strings.Repeat("y", 81)}), "add: [0] got 81 characters, at most 80 are allowed"},
		"eleven tags":           {"tag_conversation", with(tag, "add", slices.Repeat([]string{"billing"}, 11)), "at most 10 are allowed"},
		"state that is none":    {"set_conversation_state", with(state, "state", "deleted"), "want one of open, closed, snoozed"},
		"snoozed without until": {"set_conversation_state", with(state, "state", "snoozed"), "snoozed_until and state snoozed belong together"},
		"closed with until":     {"set_conversation_state", with(state, "snoozed_until", "2026-12-01T09:00:00Z"), "snoozed_until and state snoozed belong together"},
		"until that is no time": {"set_conversation_state", with(with(state, "state", "snoozed"), "snoozed_until", "tomorrow"), "want an RFC 3339 time"},
		"blank query":           {"search", args{"query": "  "}, "query: is empty"},
		"dry_run as text":       {"create_refund", with(refund, "dry_run", "true"), "dry_run: got string"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.Look()
			a := d.Call(c.tool, c.args)
			if !a.IsError || a.Code != "invalid" || !strings.Contains(a.Message, c.message) {
				t.Errorf("answered %.300s, want invalid: …%s…", a.Text, c.message)
			}
			if len(a.Text) > 2000 {
				t.Errorf("the error is %d bytes long", len(a.Text))
			}
			d.Unchanged(t, before)
		})
	}
}

// An error may repeat what the agent sent, and never much of it.
func TestAnErrorRepeatsLittleOfTheArguments(t *testing.T) {
	t.Parallel()
	d := reading(t, fstest.MapFS{"a.md": file(strings.Repeat("## "+strings.Repeat("\U00012000", 200)+"\n\nx\n", 30))})
	long := strings.Repeat("\U00012000", 15_000)
	many := args{}
	for i := range 5000 {
		many[fmt.Sprint("k", i)] = 1
	}
	tag := sound()["tag_conversation"]
	for name, a := range map[string]servertest.Answer{
		"long name":       d.Call("search", args{"query": "x", long: 1}),
		"same name twice": d.Call("search", servertest.Raw(`{"`+long+`":1,"`+long+`":1}`)),
		"many names":      d.Call("search", many),
		"long amount":     d.Call("create_refund", with(sound()["create_refund"], "amount", "1.00 "+long)),
		"long id":         d.Call("get_conversation", args{"conversation_id": long}),
		"long time":       d.Call("set_conversation_state", args{"conversation_id": tag["conversation_id"], "state": "snoozed", "snoozed_until": long}),
		"long document":   d.Call("fetch", args{"id": "kb://northwind/" + long}),
		"long section":    d.Call("fetch", args{"id": "kb://northwind/a.md#" + long}),
		"long cursor":     d.Call("fetch", args{"id": "kb://northwind/a.md", "cursor": long}),
		"long tags":       d.Call("tag_conversation", with(tag, "add", slices.Repeat([]string{strings.Repeat("\U00012000", 80)}, 10))),
	} {
		if !a.IsError {
			t.Errorf("%s: answered %.300s", name, a.Text)
		}
		checkText(t, a.Text)
	}
}

// What is well formed but names nothing, or nothing that may be done: each gets
// its code, the vendors stay as they are, and refusals are on record.
func TestUnknownAndImpossibleIsRefused(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	ok := sound()
	refund, state, tag := ok["create_refund"], ok["set_conversation_state"], ok["tag_conversation"]
	nowhere := "999999999999999"
	for name, c := range map[string]struct {
		tool          string
		args          args
		code, message string
		denied        string // kind of the refusal on record
	}{
		"zero amount":                  {"create_refund", with(refund, "amount", "0.00 EUR"), "refused", "structure.amount", "refund"},
		"wrong currency":               {"create_refund", with(refund, "amount", "5.00 USD"), "refused", "the charge is in EUR", "refund"},
		"more than the charge":         {"create_refund", with(refund, "amount", "20.01 EUR"), "refused", "structure.remaining", "refund"},
		"fraudulent":                   {"create_refund", with(refund, "reason", "fraudulent"), "refused", "refund.reason", "refund"},
		"unknown charge":               {"create_refund", with(refund, "charge_id", "ch_nobody"), "not_found", "no such charge", ""},
		"unknown intent":               {"create_refund", with(with(refund, "charge_id", nil), "payment_intent_id", "pi_nobody"), "not_found", "no such charge", ""},
		"refund in no conversation":    {"create_refund", with(refund, "conversation_id", nowhere), "not_found", "Intercom has nothing under this id", ""},
		"reply in no conversation":     {"reply_to_conversation", args{"conversation_id": nowhere, "body": "Hi"}, "not_found", "Intercom has nothing under this id", ""},
		"note in no conversation":      {"add_internal_note", args{"conversation_id": nowhere, "body": "Hi"}, "not_found", "Intercom has nothing under this id", ""},
		"tag in no conversation":       {"tag_conversation", with(tag, "conversation_id", nowhere), "not_found", "Intercom has nothing under this id", ""},
		"close no conversation":        {"set_conversation_state", with(state, "conversation_id", nowhere), "not_found", "Intercom has nothing under this id", ""},
		"read no conversation":         {"get_conversation", args{"conversation_id": nowhere}, "not_found", "Intercom has nothing under this id", ""},
		"read its messages":            {"get_conversation", args{"conversation_id": nowhere, "without_billing": true}, "not_found", "Intercom has nothing under this id", ""},
		"billing of no conversation":   {"get_billing_overview", args{"conversation_id": nowhere}, "not_found", "Intercom has nothing under this id", ""},
		"unknown action":               {"get_action", args{"action_id": "act_000000000000000000000000"}, "not_found", "there is no such action", ""},
		"action that is no id":         {"get_action", args{"action_id": "' OR 1=1 --"}, "not_found", "there is no such action", ""},
		"empty action":                 {"get_action", args{"action_id": ""}, "not_found", "there is no such action", ""},
		"long action":                  {"get_action", args{"action_id": strings.Repeat("a", 2000)}, "invalid", "longer than 1000 bytes", ""},
		"unknown document":             {"fetch", args{"id": "kb://northwind/none.md"}, "not_found", "", ""},
		"document above its folder":    {"fetch", args{"id": "kb://northwind/../../etc/passwd"}, "not_found", "", ""},
		"document that is a file":      {"fetch", args{"id": "file:///etc/passwd"}, "not_found", "", ""},
		"document that is nothing":     {"fetch", args{"id": ""}, "not_found", "", ""},
		"tag the policy does not list": {"tag_conversation", with(tag, "add", []string{"vip"}), "refused", "tag.allow", "tag"},
		"take off an unlisted tag":     {"tag_conversation", with(tag, "remove", []string{"vip"}), "refused", "tag.allow", "tag"},
		"snoozed into the past":        {"set_conversation_state", with(with(state, "state", "snoozed"), "snoozed_until", "2026-11-23T09:59:59Z"), "refused", "structure.state", "state"},
		"snoozed until now":            {"set_conversation_state", with(with(state, "state", "snoozed"), "snoozed_until", "2026-11-23T10:00:00Z"), "refused", "structure.state", "state"},
		"too long a reply":             {"reply_to_conversation", args{"conversation_id": refund["conversation_id"], "body": strings.Repeat("x", 4001)}, "refused", "reply.max_chars", "reply"},
		"too long a note":              {"add_internal_note", args{"conversation_id": refund["conversation_id"], "body": strings.Repeat("ü", 4001)}, "refused", "reply.max_chars", "note"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.Look()
			was := d.Entries(c.denied)["denied"]
			a := d.Call(c.tool, c.args)
			if !a.IsError || a.Code != c.code || !strings.Contains(a.Message, c.message) {
				t.Errorf("answered %s, want %s: …%s…", a.Text, c.code, c.message)
			}
			d.VendorsUnchanged(t, before)
			if c.denied == "" {
				d.Unchanged(t, before)
			} else if d.Entries(c.denied)["denied"] != was+1 || a.State != "denied" {
				t.Errorf("the refusal is not on record: %v", d.Changes(before))
			}
		})
	}
}
