package tools_test

import (
	"encoding/json"
	"slices"
	"testing"

	"supportmcp/internal/access"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// A tool without a scope is seen by nobody whose token names some.
func TestEveryToolNamesItsScopes(t *testing.T) {
	t.Parallel()
	for _, tool := range servertest.Start(t, servertest.Setup{}).Tools {
		if len(tool.Scopes) == 0 {
			t.Errorf("%s names no scope", tool.Name)
		}
		for _, s := range tool.Scopes {
			if !slices.Contains(access.All(), s) {
				t.Errorf("%s names the scope %s, which there is not", tool.Name, s)
			}
		}
		held := access.Scopes{tool.Scopes[0]}
		if !tool.ReadOnly && !slices.Contains([]access.Scope{access.BillingRefund, access.BillingManage, access.ConversationsWrite, access.ContactsWrite, access.SegmentsWrite}, held[0]) {
			t.Errorf("%s writes, and a scope that reads opens it: %s", tool.Name, tool.Scopes)
		}
		if missing := tool.Missing(held, nil); len(missing) != 0 {
			t.Errorf("%s with its scope lacks %s", tool.Name, missing)
		}
	}
}

func TestWithoutAScopeAToolSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	refund := tools.Tool{Spec: tools.Spec{Scopes: access.Scopes{access.BillingRefund}}}
	unnamed := tools.Tool{}
	for name, c := range map[string]struct {
		tool  tools.Tool
		held  access.Scopes
		args  string
		lacks string
	}{
		"held":                    {refund, access.Scopes{access.BillingRefund}, `{}`, ""},
		"nothing":                 {refund, nil, ``, "billing:refund"},
		"a reply besides":         {refund, access.Scopes{access.BillingRefund}, `{"then_reply":""}`, "conversations:write"},
		"a reply and the tool":    {refund, access.Reading(), `{"then_reply":"Done."}`, "billing:refund conversations:write"},
		"another word of how":     {refund, access.Scopes{access.BillingRefund}, `{"how":["now_with_refund"]}`, ""},
		"no object":               {refund, access.Scopes{access.BillingRefund}, `[]`, ""},
		"none named, all held":    {unnamed, access.All(), `{}`, ""},
		"none named, some held":   {unnamed, access.Scopes{access.Lookup}, `{}`, "billing:read"},
		"an agent may do its own": {refund, access.Agent.Scopes(), `{"then_reply":"Done."}`, ""},
	} {
		if got := c.tool.Missing(c.held, json.RawMessage(c.args)).String(); got != c.lacks {
			t.Errorf("%s: lacks %q, want %q", name, got, c.lacks)
		}
	}
}
