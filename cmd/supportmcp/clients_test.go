package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"supportmcp/policies"
)

// The official Go SDK shares no code with the library under the server. For the
// TypeScript SDKs `make clients` does the same.
func TestTheGoSDKDoesAWholeTicketInBothErasOverBothTransports(t *testing.T) {
	t.Parallel()
	docs, err := filepath.Abs("../../internal/sandbox/samples/knowledge")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		for name, transport := range map[string]func(*testing.T, []string) mcp.Transport{"stdio": overPipes, "http": overLoopback} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				p := settle(t, time.Now, "SUPPORTMCP_KNOWLEDGE=northwind="+docs)
				c := connect(t, transport(t, p.environ), version)
				c.readsTheTicket()
				c.refundsOnce()
				c.answersAndCloses()
				c.readsResources()
				c.isToldWhatIsWrong()
				if err := c.session.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				wantRefunds(t, p, 1)
			})
		}
	}
}

func overPipes(t *testing.T, environ []string) mcp.Transport {
	t.Helper()
	path, err := exec.LookPath("supportmcp")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "serve")
	c.Env = environ
	return &mcp.CommandTransport{Command: c}
}

func overLoopback(t *testing.T, environ []string) mcp.Transport {
	t.Helper()
	return &mcp.StreamableClientTransport{Endpoint: openHTTP(t, environ)}
}

// sdkClient is the SDK's client in a ticket's story.
type sdkClient struct {
	t       *testing.T
	session *mcp.ClientSession
}

// connect wants the protocol version that it asks for.
func connect(t *testing.T, over mcp.Transport, version string) sdkClient {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), over, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if got := session.InitializeResult(); got.ProtocolVersion != version || got.ServerInfo.Name != "supportmcp" || got.Instructions == "" {
		t.Errorf("connected to %+v", got)
	}
	return sdkClient{t, session}
}

// call wants the same facts as text and as structured content.
func (c sdkClient) call(tool string, args map[string]any) told {
	c.t.Helper()
	res, err := c.session.CallTool(c.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		c.t.Fatalf("%s: %v", tool, err)
	}
	text, ok := res.Content[0].(*mcp.TextContent)
	if !ok || len(res.Content) != 1 {
		c.t.Fatalf("%s answered %v", tool, res.Content)
	}
	got := told{Error: res.IsError, Text: text.Text}
	var facts any
	for _, into := range []any{&got, &facts} {
		if err := json.Unmarshal([]byte(got.Text), into); err != nil {
			c.t.Fatalf("%s answered %s", tool, got.Text)
		}
	}
	if res.StructuredContent != nil && !reflect.DeepEqual(res.StructuredContent, facts) || res.StructuredContent == nil && !res.IsError {
		c.t.Errorf("%s tells %v as structured content, and as text %s", tool, res.StructuredContent, got.Text)
	}
	return got
}

func (c sdkClient) readsTheTicket() {
	c.t.Helper()
	var listed []string
	for tool, err := range c.session.Tools(c.t.Context(), nil) {
		if err != nil {
			c.t.Fatalf("list tools: %v", err)
		}
		if listed = append(listed, tool.Name); tool.OutputSchema == nil || tool.Annotations == nil {
			c.t.Errorf("%s has no output schema or no annotations", tool.Name)
		}
	}
	for _, want := range []string{"get_conversation", "create_refund", "reply_to_conversation", "search", "fetch"} {
		if !slices.Contains(listed, want) {
			c.t.Errorf("%s is not among %v", want, listed)
		}
	}
	ticket := c.call("get_conversation", refundOf("duplicate-charge", "ch_maria_2")) // more arguments than it takes
	if !ticket.Error || !strings.Contains(ticket.Text, "charge_id") {
		c.t.Errorf("an unknown argument is answered %s", ticket)
	}
	ticket = c.call("get_conversation", map[string]any{"conversation_id": refundOf("duplicate-charge", "")["conversation_id"]})
	if ticket.Error || !strings.Contains(ticket.Text, "ch_maria_2") {
		c.t.Errorf("the ticket reads %s", ticket)
	}
	var found struct{ Results []struct{ ID string } }
	if err := json.Unmarshal([]byte(c.call("search", map[string]any{"query": "charged twice"}).Text), &found); err != nil || len(found.Results) == 0 {
		c.t.Fatalf("found %v, %v", found, err)
	}
	if rule := c.call("fetch", map[string]any{"id": found.Results[0].ID}); !strings.Contains(rule.Text, "Charged twice") {
		c.t.Errorf("the rule reads %s", rule)
	}
}

func (c sdkClient) refundsOnce() {
	c.t.Helper()
	if tried := c.call("create_refund", dry(refundOf("duplicate-charge", "ch_maria_2"))); tried.State != policies.Previewed || tried.Receipt.ID != "" {
		c.t.Errorf("the dry run is answered %s", tried)
	}
	first := c.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
	if first.State != policies.Done || first.Replayed || first.Receipt.Amount != "20.00 EUR" {
		c.t.Fatalf("the refund is answered %s", first)
	}
	if again := c.call("create_refund", refundOf("duplicate-charge", "ch_maria_2")); !again.Replayed || again.Receipt != first.Receipt {
		c.t.Errorf("asked again: %s, want the receipt %v", again, first.Receipt)
	}
}

func dry(args map[string]any) map[string]any {
	args["dry_run"] = true
	return args
}

func (c sdkClient) answersAndCloses() {
	c.t.Helper()
	conversation := refundOf("duplicate-charge", "")["conversation_id"]
	replied := c.call("reply_to_conversation", map[string]any{"conversation_id": conversation, "body": "We have refunded the second charge.", "close": true})
	if replied.State != policies.Done {
		c.t.Errorf("the reply is answered %s", replied)
	}
	if now := c.call("get_conversation", map[string]any{"conversation_id": conversation, "without_billing": true}); now.State != "closed" {
		c.t.Errorf("the ticket is left as %s", now)
	}
}

func (c sdkClient) readsResources() {
	c.t.Helper()
	ctx := c.t.Context()
	for r, err := range c.session.Resources(ctx, nil) {
		if err != nil {
			c.t.Fatalf("list resources: %v", err)
		}
		read, err := c.session.ReadResource(ctx, &mcp.ReadResourceParams{URI: r.URI})
		if err != nil || len(read.Contents) != 1 || read.Contents[0].Text == "" {
			c.t.Errorf("%s reads %v, %v", r.URI, read, err)
		}
	}
	templates, err := c.session.ListResourceTemplates(ctx, nil)
	if err != nil || len(templates.ResourceTemplates) != 1 {
		c.t.Fatalf("the templates are %v, %v", templates, err)
	}
	completed, err := c.session.Complete(ctx, &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: templates.ResourceTemplates[0].URITemplate},
		Argument: mcp.CompleteParamsArgument{Name: "path", Value: "ref"}, Context: &mcp.CompleteContext{Arguments: map[string]string{"source": "northwind"}},
	})
	if err != nil || !slices.Equal(completed.Completion.Values, []string{"refund-policy.md"}) {
		c.t.Errorf("completed to %v, %v", completed, err)
	}
	c.getsPrompts(ctx)
}

func (c sdkClient) getsPrompts(ctx context.Context) {
	c.t.Helper()
	listed, err := c.session.ListPrompts(ctx, nil)
	if err != nil || len(listed.Prompts) != 5 {
		c.t.Errorf("the prompts are %v, %v", listed, err)
		return
	}
	for _, p := range listed.Prompts {
		got, err := c.session.GetPrompt(ctx, &mcp.GetPromptParams{Name: p.Name})
		if err != nil || len(got.Messages) != 1 {
			c.t.Errorf("the prompt %s is %v, %v", p.Name, got, err)
		}
	}
}

func (c sdkClient) isToldWhatIsWrong() {
	c.t.Helper()
	if foreign := c.call("create_refund", refundOf("annual-day-3", "ch_maria_1")); !foreign.Error || foreign.Code != "not_found" {
		c.t.Errorf("another customer's charge is answered %s", foreign)
	}
	if _, err := c.session.ReadResource(c.t.Context(), &mcp.ReadResourceParams{URI: "kb://northwind/none.md"}); err == nil {
		c.t.Error("a document that is not there can be read")
	}
	if _, err := c.session.CallTool(c.t.Context(), &mcp.CallToolParams{Name: "no_such_tool"}); err == nil {
		c.t.Error("a tool that is not there can be called")
	}
}
