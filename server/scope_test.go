package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"supportmcp/internal/access"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/tokens"
	"supportmcp/policies"
	"supportmcp/server"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// opened is what each scope opens; every tool is in one of the lists at least.
func opened() map[access.Scope][]string {
	return map[access.Scope][]string{
		access.BillingRead:        {"get_action", "get_billing_overview", "get_payment", "list_invoices", "list_payments"},
		access.BillingRefund:      {"create_refund", "get_action"},
		access.BillingManage:      {"apply_discount", "cancel_subscription", "get_action", "grant_credit", "resume_subscription", "retry_invoice"},
		access.ConversationsRead:  {"get_action", "get_conversation", "list_desk_options", "search_conversations"},
		access.ConversationsWrite: {"add_internal_note", "assign_conversation", "get_action", "propose_customer_link", "reply_to_conversation", "set_conversation_state", "tag_conversation"},
		access.ContactsWrite:      {"create_contact", "get_action", "tag_contact", "update_contact"},
		access.SegmentsWrite:      {"apply_segment", "get_action", "preview_segment", "revert_segment", "sync_billing_attributes"},
		access.Lookup:             {"find_contacts", "find_customers", "list_segments", "preview_segment"},
		access.KnowledgeRead:      {"fetch", "search"},
	}
}

// house is a desk over HTTP with tokens of its own.
type house struct {
	*servertest.Desk
	store *tokens.Store
	url   string
}

func newHouse(t *testing.T, change ...func(*server.HTTP)) *house {
	t.Helper()
	d := servertest.Start(t, servertest.Setup{})
	h := &house{Desk: d, store: tokens.New(d.Ledger, d.Clock.Now)}
	d.Guard.Allowances = h.store
	c := server.HTTP{Tokens: h.store}
	for _, set := range change {
		set(&c)
	}
	h.url = d.ServeHTTP(c).URL
	return h
}

// token makes a token and lets the server know of it.
func (h *house) token(t *testing.T, c access.Caller, budget string) string {
	t.Helper()
	if c.PersonalData == "" {
		c.PersonalData = policies.FullPersonalData
	}
	token, _, err := h.store.Create(t.Context(), tokens.Token{Caller: c, Budget: budget})
	must(t, err)
	h.Clock.Advance(2 * time.Second)
	return token
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// withToken sends a token with every request.
type withToken string

func (token withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(r)
}

// connect is a client that others wrote.
func (h *house) connect(t *testing.T, token string) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, nil)
	s, err := c.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: h.url, HTTPClient: &http.Client{Transport: withToken(token)}, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func names(t *testing.T, s *mcp.ClientSession) []string {
	t.Helper()
	listed, err := s.ListTools(t.Context(), nil)
	must(t, err)
	out := []string{}
	for _, tool := range listed.Tools {
		out = append(out, tool.Name)
	}
	slices.Sort(out)
	return out
}

// Every tool with every scope, through a real client: listed and called with it, and
// neither without it.
func TestAToolIsListedAndCalledWithItsScopeAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open := opened()
	for _, scope := range access.All() {
		// A principal for each: what is denied counts against one principal.
		s := h.connect(t, h.token(t, access.Caller{Principal: policies.Principal(strings.ReplaceAll(string(scope), ":", "-")), Scopes: access.Scopes{scope}}, ""))
		if got := names(t, s); !slices.Equal(got, open[scope]) {
			t.Errorf("%s lists %v, want %v", scope, got, open[scope])
		}
		for _, tool := range h.Tools {
			_, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool.Name, Arguments: map[string]any{}})
			if called := err == nil; called != slices.Contains(open[scope], tool.Name) {
				t.Errorf("%s calls %s: %v", scope, tool.Name, err)
			}
		}
	}
	for _, tool := range h.Tools {
		if !slices.ContainsFunc(access.All(), func(s access.Scope) bool { return slices.Contains(open[s], tool.Name) }) {
			t.Errorf("no scope opens %s", tool.Name)
		}
	}
}

// What holds for tools holds for all else that a client can list, read or have completed.
func TestResourcesPromptsAndCompletionsFollowTheScopes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for scope, c := range map[access.Scope]struct {
		resources, templates, completed bool
		prompts                         []string
	}{
		access.KnowledgeRead:     {resources: true, templates: true, completed: true},
		access.ConversationsRead: {prompts: []string{"cancellation_with_retention", "explain_refund_decision", "failed_payment", "resolve_billing_ticket", "work_the_queue"}},
		access.BillingRead:       {prompts: []string{"explain_refund_decision"}},
	} {
		s := h.connect(t, h.token(t, access.Caller{Principal: "p-" + policies.Principal(scope[:4]), Scopes: access.Scopes{scope}}, ""))
		resources, err := s.ListResources(t.Context(), nil)
		must(t, err)
		templates, err := s.ListResourceTemplates(t.Context(), nil)
		must(t, err)
		isDocument := func(r *mcp.Resource) bool { return strings.HasPrefix(r.URI, "kb://") }
		if slices.ContainsFunc(resources.Resources, isDocument) != c.resources || len(templates.ResourceTemplates) > 0 != c.templates || !slices.ContainsFunc(resources.Resources, func(r *mcp.Resource) bool { return r.URI == "policy://current" }) {
			t.Errorf("%s lists %d resources and %d templates", scope, len(resources.Resources), len(templates.ResourceTemplates))
		}
		for _, uri := range []string{"kb://northwind/refund-policy.md", "kb://northwind/refund-policy.md#charged-twice"} {
			if _, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri}); (err == nil) != c.resources {
				t.Errorf("%s reads %s: %v", scope, uri, err)
			}
		}
		_, err = s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "policy://current"})
		must(t, err)
		values, err := s.Complete(t.Context(), &mcp.CompleteParams{
			Ref: &mcp.CompleteReference{Type: "ref/resource", URI: "kb://{source}/{+path}"}, Argument: mcp.CompleteParamsArgument{Name: "source", Value: ""},
		})
		must(t, err)
		if len(values.Completion.Values) > 0 != c.completed {
			t.Errorf("%s completes to %v", scope, values.Completion.Values)
		}
		h.checkPrompts(t, s, string(scope), c.prompts)
	}
}

func (h *house) checkPrompts(t *testing.T, s *mcp.ClientSession, who string, want []string) {
	t.Helper()
	listed, err := s.ListPrompts(t.Context(), nil)
	must(t, err)
	var got []string
	for _, p := range listed.Prompts {
		got = append(got, p.Name)
		text, err := s.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: p.Name})
		must(t, err)
		if said := text.Messages[0].Content.(*mcp.TextContent).Text; strings.Contains(said, "kb://") || strings.Contains(said, "create_refund") {
			t.Errorf("%s: %s names what is not open: %s", who, p.Name, said)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%s is shown the prompts %v, want %v", who, got, want)
	}
	if _, err := s.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "resolve_billing_ticket"}); (err == nil) != slices.Contains(want, "resolve_billing_ticket") {
		t.Errorf("%s gets a prompt: %v", who, err)
	}
	values, err := s.Complete(t.Context(), &mcp.CompleteParams{
		Ref: &mcp.CompleteReference{Type: "ref/prompt", Name: "resolve_billing_ticket"}, Argument: mcp.CompleteParamsArgument{Name: "language", Value: "G"},
	})
	must(t, err)
	if len(values.Completion.Values) > 0 != slices.Contains(want, "resolve_billing_ticket") {
		t.Errorf("%s completes a prompt to %v", who, values.Completion.Values)
	}
}

func TestToolsetsOfATokenNarrowWhatItsScopesOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token(t, access.Caller{Principal: "fin", Scopes: access.All(), Toolsets: []string{string(tools.Knowledge)}}, "")
	s := h.connect(t, token)
	if got := names(t, s); !slices.Equal(got, []string{"fetch", "search"}) {
		t.Errorf("listed are %v", got)
	}
	if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_conversation", Arguments: map[string]any{}}); err == nil {
		t.Error("a tool of another toolset is called")
	}
	if said := s.InitializeResult().Instructions; strings.Contains(said, "get_conversation") || !strings.Contains(said, "search") {
		t.Errorf("the instructions name %q", said)
	}
	for _, method := range []string{"server/discover", "tools/list"} { // of the era without sessions
		header := modern(method, "")
		header.Set("Authorization", "Bearer "+token)
		if g := post(t, h.url, line("1", method, with("{}")), header); g.Status != http.StatusOK || strings.Contains(g.Body, "get_conversation") || !strings.Contains(g.Body, "search") {
			t.Errorf("%s is answered %d %s", method, g.Status, g.Body)
		}
	}
}

// An argument that does what is another tool's needs that tool's scope.
func TestArgumentsNeedTheScopesOfWhatTheyDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	where := sandbox.Conversation("duplicate-charge")
	for name, c := range map[string]struct {
		scopes     access.Scopes
		tool, args string
		lacks      string
	}{
		"a reply with a refund":       {access.Scopes{access.BillingRefund}, "create_refund", `{"conversation_id":"` + where + `","charge_id":"ch_maria_2","reason":"duplicate","then_reply":"Done."}`, "conversations:write"},
		"a refund with a cancel":      {access.Scopes{access.BillingManage}, "cancel_subscription", `{"conversation_id":"` + where + `","how":"now_with_refund"}`, "billing:refund"},
		"all that lacks is told":      {access.Scopes{access.Lookup}, "create_refund", `{"then_reply":"Done."}`, "billing:refund conversations:write"},
		"a cancel without money back": {access.Scopes{access.BillingManage}, "cancel_subscription", `{"conversation_id":"` + where + `","how":"at_period_end","dry_run":true}`, ""},
	} {
		token := h.token(t, access.Caller{Principal: "fin", Scopes: c.scopes}, "")
		g := post(t, h.url, call("1", c.tool, c.args), bearer(token))
		if c.lacks == "" {
			if g.Status != http.StatusOK {
				t.Errorf("%s: %d %s", name, g.Status, g.Body)
			}
			continue
		}
		if g.Status != http.StatusOK && g.Error == nil || strings.Contains(g.Body, `"action_id"`) || g.Error == nil && !strings.Contains(g.Body, "the scope "+c.lacks) {
			t.Errorf("%s: %d %s", name, g.Status, g.Body)
		}
	}
	if entries := h.Entries("refund"); len(entries) != 0 {
		t.Errorf("the ledger holds %v", entries)
	}
}

func TestBillingInATicketAndActionsAreShownWithTheirScopesAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	where := sandbox.Conversation("duplicate-charge")
	note := h.Call("add_internal_note", servertest.Args{"conversation_id": where, "body": "Looks like a duplicate."})
	refund := h.Call("create_refund", servertest.Args{"conversation_id": where, "charge_id": "ch_maria_2", "reason": "duplicate"})
	reads := h.token(t, access.Caller{Principal: "reads", Scopes: access.Scopes{access.ConversationsRead}}, "")
	bills := h.token(t, access.Caller{Principal: "bills", Scopes: access.Scopes{access.ConversationsRead, access.BillingRead}}, "")
	ticket := call("1", "get_conversation", `{"conversation_id":"`+where+`"}`)
	if g := post(t, h.url, ticket, bearer(reads)); strings.Contains(g.Body, "ch_maria_2") || !strings.Contains(g.Body, `"messages"`) {
		t.Errorf("without billing:read: %s", g.Body)
	}
	if g := post(t, h.url, ticket, bearer(bills)); !strings.Contains(g.Body, "ch_maria_2") {
		t.Errorf("with billing:read: %s", g.Body)
	}
	for action, shown := range map[string]bool{note.Action: true, refund.Action: false} {
		g := post(t, h.url, call("1", "get_action", `{"action_id":"`+action+`"}`), bearer(reads))
		if strings.Contains(g.Body, `"state"`) != shown {
			t.Errorf("%s is answered %s", action, g.Body)
		}
	}
}

func TestAPersonIsShownAsFarAsTheTokenGoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ticket := call("1", "get_conversation", `{"conversation_id":"`+sandbox.Conversation("duplicate-charge")+`"}`)
	for level, c := range map[policies.PersonalData]struct{ has, lacks string }{
		policies.FullPersonalData:   {"maria.jensen@", "***"},
		policies.MaskedPersonalData: {"m***@", "maria"},
		policies.NoPersonalData:     {`"contact_id"`, "@"},
	} {
		token := h.token(t, access.Caller{Principal: "fin", Scopes: access.Reading(), PersonalData: level}, "")
		g := post(t, h.url, ticket, bearer(token))
		var answer struct {
			StructuredContent struct {
				Email   string `json:"contact_email"`
				Contact string `json:"contact_id"`
				Billing struct{ Customers []struct{ Email string } }
			}
		}
		must(t, json.Unmarshal(g.Result, &answer))
		told := answer.StructuredContent
		for _, email := range []string{told.Email, told.Billing.Customers[0].Email} {
			if strings.Contains(email, c.lacks) || strings.Contains(c.has, "@") && !strings.HasPrefix(email, c.has) {
				t.Errorf("%s shows %q", level, email)
			}
		}
	}
}

// The budget of a principal holds over HTTP, in the transaction that records.
func TestATokensBudgetDeniesWhatThePolicyAllows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	refund := `{"conversation_id":"` + sandbox.Conversation("duplicate-charge") + `","charge_id":"ch_maria_2","reason":"duplicate"}`
	tight := h.token(t, access.Caller{Principal: "tight", Scopes: access.Desk.Scopes()}, "1.00 EUR/24h")
	wide := h.token(t, access.Caller{Principal: "wide", Scopes: access.Desk.Scopes()}, "500.00 EUR/24h")
	if g := post(t, h.url, call("1", "create_refund", refund), bearer(tight)); !strings.Contains(g.Body, "budget.own.principal.24h") || !strings.Contains(g.Body, `"isError":true`) {
		t.Errorf("above the budget: %s", g.Body)
	}
	if g := post(t, h.url, call("1", "create_refund", refund), bearer(wide)); !strings.Contains(g.Body, `"state":"done"`) && !strings.Contains(g.Body, `\"state\":\"done\"`) {
		t.Errorf("within the budget: %s", g.Body)
	}
	if got := h.Entries("refund"); got["done"] != 1 || got["denied"] != 1 {
		t.Errorf("the ledger holds %v", got)
	}
	entries, err := h.Ledger.List(t.Context(), ledger.Filter{States: []policies.State{policies.Done}})
	must(t, err)
	if len(entries) == 0 || entries[len(entries)-1].Principal != "wide" {
		t.Errorf("recorded are %+v", entries)
	}
}

// What the policy denies counts as well: whoever looks for a way around it gets slower.
func TestWhatThePolicyDeniesCountsAgainstThePrincipal(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	denied := h.token(t, access.Caller{Principal: "tight", Scopes: access.Desk.Scopes()}, "")
	quiet := h.token(t, access.Caller{Principal: "quiet", Scopes: access.Desk.Scopes()}, "")
	refund := call("1", "create_refund", `{"charge_id":"ch_maria_2","reason":"duplicate","dry_run":true}`)
	for n := 1; ; n++ {
		g := post(t, h.url, refund, bearer(denied))
		if g.Status == http.StatusTooManyRequests {
			break
		}
		if n > 1000 || g.Status != http.StatusOK {
			t.Fatalf("denial %d is answered %d %s", n, g.Status, g.Body)
		}
	}
	if g := post(t, h.url, ping, bearer(quiet)); g.Status != http.StatusOK {
		t.Errorf("another principal is answered %d %s", g.Status, g.Body)
	}
}

// Two tokens of one principal at once do not move more than its budget.
func TestABudgetHoldsForAllTokensOfAPrincipalAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	caller := access.Caller{Principal: "tight", Scopes: access.Desk.Scopes()}
	both := []string{h.token(t, caller, "3.00 EUR/24h"), h.token(t, caller, "")}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			refund := fmt.Sprintf(`{"conversation_id":%q,"charge_id":"ch_maria_2","amount":"2.%02d EUR","reason":"duplicate"}`, sandbox.Conversation("duplicate-charge"), i)
			if g := post(t, h.url, call("1", "create_refund", refund), bearer(both[i%2])); g.Status != http.StatusOK || g.Error != nil {
				t.Errorf("refund %d: %d %s", i, g.Status, g.Body)
			}
		})
	}
	all.Wait()
	if n := len(h.Stripe.RefundsOf("ch_maria_2")); n != 1 {
		t.Errorf("there are %d refunds, and the ledger holds %v", n, h.Entries("refund"))
	}
}
