package tools_test

import (
	"slices"
	"strings"
	"testing"

	"supportmcp/policies"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

func TestToolsetsAreReadByTheirNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]tools.Toolset{
		"":                   {tools.Ticket, tools.Knowledge},
		" ":                  {tools.Ticket, tools.Knowledge},
		"all":                tools.Toolsets(),
		"knowledge":          {tools.Knowledge},
		" knowledge, ticket": {tools.Knowledge, tools.Ticket},
	} {
		got, err := tools.ParseToolsets(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"refunds", "ticket,", ",", "Ticket", "ticket;knowledge", "ticket,all", "*"} {
		got, err := tools.ParseToolsets(text)
		if err == nil || got != nil || !strings.Contains(err.Error(), "ticket, knowledge") {
			t.Errorf("%q is %v, %v; want an error that names the toolsets", text, got, err)
		}
	}
}

// What is not listed cannot be called either, and looks like what does not exist.
func TestAHiddenToolIsNeitherListedNorCallable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup servertest.Setup
		want  []string
	}{
		"knowledge alone": {servertest.Setup{Toolsets: []tools.Toolset{tools.Knowledge}}, []string{"fetch", "search"}},
		"reading alone": {servertest.Setup{ReadOnly: true}, []string{
			"fetch", "find_contacts", "find_customers", "get_action", "get_billing_overview", "get_conversation", "get_payment",
			"list_desk_options", "list_invoices", "list_payments", "list_segments", "preview_segment", "search", "search_conversations",
		}},
		"reading tickets": {
			servertest.Setup{Toolsets: []tools.Toolset{tools.Ticket}, ReadOnly: true},
			[]string{"get_action", "get_billing_overview", "get_conversation", "get_payment"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.setup.Policy = policy
			d := servertest.Start(t, c.setup)
			before := d.Look()
			var listed []string
			for _, tool := range surface(t, d) {
				listed = append(listed, tool.Name)
			}
			if !slices.Equal(listed, c.want) {
				t.Errorf("listed are %v, want %v", listed, c.want)
			}
			_, hidden := d.Try("create_refund", annual())
			_, unknown := d.Try("create_refunds", annual())
			if hidden == nil || unknown == nil || strings.Replace(hidden.Error(), "create_refund", "create_refunds", 1) != unknown.Error() {
				t.Errorf("a hidden tool answers %v, an unknown one %v", hidden, unknown)
			}
			d.Unchanged(t, before)
		})
	}
}

func TestAnApprovedActionOfAHiddenToolIsCarriedOut(t *testing.T) {
	t.Parallel()
	writing := desk(t)
	asked := waiting(t, writing)
	reading := writing.Another(servertest.Setup{Policy: policy, ReadOnly: true})
	writing.Approve(asked.Action)
	reading.Settle()
	if got := reading.Call("get_action", args{"action_id": asked.Action}); got.State != policies.Done {
		t.Errorf("the agent reads %s", got.Text)
	}
	if n := len(reading.Stripe.RefundsOf("ch_tom_1")); n != 1 {
		t.Errorf("there are %d refunds", n)
	}
}

func TestEveryToolBelongsToAToolset(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for _, tool := range d.Tools {
		if !slices.Contains(tools.Toolsets(), tool.Toolset) {
			t.Errorf("%s belongs to the toolset %q", tool.Name, tool.Toolset)
		}
	}
	for _, set := range tools.Toolsets() {
		if len(tools.Listed(d.Tools, []tools.Toolset{set}, false)) == 0 {
			t.Errorf("the toolset %s is empty", set)
		}
	}
}
