package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// example is a call of each tool that docs/tools.md shows.
func example(tool string) servertest.Args {
	duplicate := sandbox.Conversation("duplicate-charge")
	return map[string]servertest.Args{
		"get_conversation":       {"conversation_id": duplicate},
		"get_billing_overview":   {"conversation_id": duplicate},
		"get_payment":            {"conversation_id": sandbox.Conversation("fully-refunded"), "charge_id": "ch_paul_1"},
		"list_payments":          {"conversation_id": sandbox.Conversation("failed-payment"), "status": "failed"},
		"list_invoices":          {"conversation_id": duplicate},
		"find_customers":         {"email": "sam.porter@example.com"},
		"create_refund":          {"conversation_id": duplicate, "charge_id": "ch_maria_2", "reason": "duplicate"},
		"cancel_subscription":    {"conversation_id": sandbox.Conversation("unused-time"), "how": "now_with_refund"},
		"resume_subscription":    {"conversation_id": sandbox.Conversation("wants-to-stay")},
		"apply_discount":         {"conversation_id": sandbox.Conversation("too-expensive"), "coupon": "STAY20"},
		"grant_credit":           {"conversation_id": sandbox.Conversation("dispute-won"), "amount": "5.00 EUR"},
		"retry_invoice":          {"conversation_id": sandbox.Conversation("card-fixed"), "invoice_id": "in_yara_2"},
		"reply_to_conversation":  {"conversation_id": duplicate, "body": "We are looking into the second charge.", "close": true},
		"add_internal_note":      {"conversation_id": duplicate, "body": "Charged twice; the first charge stands."},
		"set_conversation_state": {"conversation_id": duplicate, "state": "closed"},
		"tag_conversation":       {"conversation_id": duplicate, "add": []string{"billing"}},
		"propose_customer_link":  {"conversation_id": sandbox.Conversation("no-stripe-customer"), "email": "maria.jensen@example.com", "why": "pays with her private address, she says"},
		"get_action":             {},
		"search":                 {"query": "charged twice"},
		"fetch":                  {"id": "kb://northwind/refund-policy.md#charged-twice"},
		"search_conversations":   {"state": "open", "words": "charged twice"},
		"list_desk_options":      {"of": "macros"},
		"find_contacts":          {"attribute": "stripe_customer_id", "value": "cus_mila"},
		"list_segments":          {},
		"assign_conversation":    {"conversation_id": duplicate, "team": "Billing", "summary": "Charged twice; the second charge is refunded."},
		"tag_contact":            {"contact_id": "64f0000000000000000000aa", "add": []string{"billing"}},
		"update_contact":         {"contact_id": "64f0000000000000000000aa", "attribute": "plan_note", "value": "asked for annual"},
		"create_contact":         {"role": "lead", "email": "new@example.com"},

		"preview_segment":         {"segment": "cards-expiring", "tag": "card-expiring"},
		"apply_segment":           {"plan_id": servertest.SegmentPlan},
		"revert_segment":          {"action_id": servertest.AppliedSegment},
		"sync_billing_attributes": {"plan_id": servertest.BillingPlan},
	}[tool]
}

// permissive is the default policy with the sections that it leaves out, so that
// every example is carried out.
func permissive(t *testing.T) string {
	t.Helper()
	return string(policies.Default()) + readDocument(t, ".ci/node/sections.yaml")
}

// described is a tool with what it did in its example.
type described struct {
	tools.Tool
	args    servertest.Args
	answer  json.RawMessage
	calls   []string // to the vendors, in the order of their names
	section string   // of the policy, that covers a write
}

// describe calls each tool once, on a fresh desk whose clock stands still.
func describe(t *testing.T) []described {
	t.Helper()
	var out []described
	for _, tool := range servertest.Start(t, servertest.Setup{}).Tools {
		args := example(tool.Name)
		if args == nil {
			t.Fatalf("%s has no example for docs/tools.md", tool.Name)
		}
		out = append(out, tried(t, tool, args))
	}
	slices.SortStableFunc(out, func(a, b described) int {
		return slices.Index(tools.Toolsets(), a.Toolset) - slices.Index(tools.Toolsets(), b.Toolset)
	})
	return out
}

func tried(t *testing.T, tool tools.Tool, args servertest.Args) described {
	t.Helper()
	desk := servertest.Start(t, servertest.Setup{Policy: permissive(t)})
	if tool.Name == "get_action" {
		args["action_id"] = desk.Call("create_refund", example("create_refund")).Action
	}
	desk.Stripe.Desk.Forget()
	desk.Intercom.Desk.Forget()
	a := desk.Call(tool.Name, args)
	if a.IsError {
		t.Fatalf("the example of %s is answered %s", tool.Name, a.Text)
	}
	d := described{Tool: tool, args: args, answer: a.Text}
	d.calls = slices.Concat(named("Stripe", desk.Stripe.Desk.Requests()), named("Intercom", desk.Intercom.Desk.Requests()))
	if !tool.ReadOnly {
		strict := servertest.Start(t, servertest.Setup{Policy: "version: 1\n"})
		for _, rule := range strict.Call(tool.Name, args).Rules() {
			if section, ok := strings.CutSuffix(rule, ".section"); ok {
				d.section = section
			}
		}
	}
	return d
}

func named(vendor string, requests []control.Request) []string {
	var out []string
	for _, r := range requests {
		out = append(out, vendor+" "+r.Method+" "+r.Path)
	}
	slices.Sort(out)
	return out
}

// toolTable is the README's list of tools: each one that is published without
// being asked for, and the others by name.
func toolTable(all []described) string {
	var out strings.Builder
	out.WriteString("| tool | toolset | |\n|---|---|---|\n")
	var names, sets []string
	for _, d := range all {
		if !slices.Contains(tools.DefaultToolsets(), d.Toolset) {
			names, sets = append(names, "`"+d.Name+"`"), append(sets, string(d.Toolset))
			continue
		}
		first, _, _ := strings.Cut(d.Description, ". ")
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", d.Name, d.Toolset, strings.TrimSuffix(first, "."))
	}
	fmt.Fprintf(&out, "| %s | %s | on request |\n", strings.Join(names, ", "), strings.Join(slices.Compact(sets), ", "))
	return out.String()
}

// toolsDocument is docs/tools.md.
func toolsDocument(all []described) string {
	var out strings.Builder
	out.WriteString("# Tools\n\n" +
		"Written by `go generate ./...` from the code and from one call of each tool in the sandbox.\n" +
		"`SUPPORTMCP_TOOLSETS` chooses the toolsets that clients see; without it they see those that a ticket takes: ")
	for i, s := range tools.DefaultToolsets() {
		fmt.Fprintf(&out, "%s`%s`", map[bool]string{true: ", "}[i > 0], s)
	}
	out.WriteString(".\n`serve --read-only` leaves out the tools that write.\n")
	for _, d := range all {
		d.write(&out)
	}
	// Some ids of actions are random; every run shows the same instead.
	steady := regexp.MustCompile(`act_[0-9a-f]{24}`).ReplaceAllString(out.String(), "act_0123456789abcdef01234567")
	return regexp.MustCompile(`plan_[0-9a-z]{20}`).ReplaceAllString(steady, "plan_"+strings.Repeat("a", 20))
}

func (d described) write(out *strings.Builder) {
	fmt.Fprintf(out, "\n## %s\n\n%s. %s\n\n", d.Name, d.Title, d.Description)
	fmt.Fprintf(out, "- toolset: `%s`\n- scope: `%s`\n", d.Toolset, strings.ReplaceAll(d.Scopes.String(), " ", "` or `"))
	fmt.Fprintf(out, "- annotations: readOnly %v, destructive %v, idempotent %v, openWorld %v\n", d.ReadOnly, d.Destructive, d.Idempotent, !d.Closed)
	if d.section != "" {
		fmt.Fprintf(out, "- policy section: `%s`\n", d.section)
	}
	fmt.Fprintf(out, "- upstream calls of the example: %d\n", len(d.calls))
	for _, c := range d.calls {
		fmt.Fprintf(out, "  - `%s`\n", c)
	}
	out.WriteString("\n| argument | type | required | |\n|---|---|---|---|\n")
	fields(d.Input, "", func(path string, s *jsonschema.Schema, required bool) {
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", path, typeOf(s), map[bool]string{true: "yes"}[required], s.Description)
	})
	out.WriteString("\n| result | type | |\n|---|---|---|\n")
	fields(d.Output, "", func(path string, s *jsonschema.Schema, _ bool) {
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", path, typeOf(s), s.Description)
	})
	fmt.Fprintf(out, "\nAn example call and its answer:\n\n```json\n%s\n```\n\n```json\n%s\n```\n", indented(d.args), indented(d.answer))
}

// fields tells every property below a schema with its path, in order of names or
// as the type has them.
func fields(s *jsonschema.Schema, path string, tell func(path string, s *jsonschema.Schema, required bool)) {
	names := slices.Sorted(maps.Keys(s.Properties))
	if len(s.PropertyOrder) == len(names) {
		names = s.PropertyOrder
	}
	for _, name := range names {
		child := s.Properties[name]
		below := strings.TrimPrefix(path+"."+name, ".")
		for child.Items != nil {
			tell(below, child, slices.Contains(s.Required, name))
			child, below = child.Items, below+"[]"
		}
		if below[len(below)-1] != ']' {
			tell(below, child, slices.Contains(s.Required, name))
		}
		fields(child, below, tell)
	}
}

func typeOf(s *jsonschema.Schema) string {
	switch {
	case len(s.Enum) > 0:
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprintf("`%v`", v)
		}
		return strings.Join(values, ", ")
	case s.Items != nil:
		return "array of " + typeOf(s.Items)
	case s.Format != "":
		return s.Type + " (" + s.Format + ")"
	}
	return s.Type
}

func indented(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out.String())
}
