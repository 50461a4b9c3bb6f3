package tools_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// rules are documents that explain a policy, one of which promises more than it
// enforces.
func rules() fstest.MapFS {
	return fstest.MapFS{
		"refunds.md": file("---\naudience: customer\npolicy: {refund.window: 3650d, refund.currencies.eur.auto: 9000.00}\n---\n# Refunds\n\n## Window\n\nWithin ten years.\n\n## Yearly plans\n\nFinance decides."),
		"tone.md":    file("# Tone\n\n## Promises\n\nPromise nothing."),
	}
}

const citingPolicy = `version: 1
refund:
  window: 30d
  currencies: {eur: {auto: 50.00, max: 500.00}}
  cite: kb://northwind/refunds.md#window
  when: [{id: yearly, interval: [year], then: needs_approval, message: finance decides, cite: "kb://northwind/refunds.md#yearly-plans"}]
reply: {max_chars: 4000, cite: "kb://northwind/tone.md#promises"}
`

// readSection reads a link as a client does.
func readSection(t *testing.T, d *servertest.Desk, uri string) string {
	t.Helper()
	var req mcp.ReadResourceRequest
	req.Params.URI = uri
	res, err := d.MCP.ReadResource(t.Context(), req)
	must(t, err)
	text, ok := mcp.AsTextResourceContents(res.Contents[0])
	if !ok {
		t.Fatalf("%s reads %T", uri, res.Contents[0])
	}
	return text.Text
}

func TestADecisionLinksToTheSectionThatExplainsIt(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: citingPolicy, Knowledge: rules()})
	const window, yearly, promises = "kb://northwind/refunds.md#window", "kb://northwind/refunds.md#yearly-plans", "kb://northwind/tone.md#promises"
	for name, c := range map[string]struct {
		tool  string
		call  args
		state policies.State
		links []string
	}{
		"an approval": {"create_refund", annual(), policies.Awaiting, []string{window, yearly}},
		"a denial":    {"create_refund", with(annual(), "amount", "1000.00 EUR"), policies.Denied, []string{window, yearly}},
		"a message":   {"reply_to_conversation", args{"conversation_id": annual()["conversation_id"], "body": "We have refunded the 120.00 EUR."}, policies.Denied, []string{promises}},
		"an allowed":  {"reply_to_conversation", args{"conversation_id": annual()["conversation_id"], "body": "A colleague is looking at it."}, policies.Done, nil},
	} {
		a := d.Call(c.tool, c.call)
		if links := slices.Sorted(slices.Values(a.Links)); a.State != c.state || !slices.Equal(links, c.links) {
			t.Errorf("%s links to %q: %s", name, a.Links, a.Text)
		}
		if a.Action == "" {
			continue
		}
		if again := d.Call("get_action", args{"action_id": a.Action}); c.state != policies.Done && !slices.Equal(again.Links, a.Links) {
			t.Errorf("%s links to %q when it is read later", name, again.Links)
		}
	}
	for uri, text := range map[string]string{window: "## Window\n\nWithin ten years.\n\n", yearly: "## Yearly plans\n\nFinance decides.", promises: "## Promises\n\nPromise nothing."} {
		if got := readSection(t, d, uri); got != text {
			t.Errorf("%s reads %q", uri, got)
		}
	}
}

// What stands in a document is quoted and never obeyed.
func TestWhatADocumentPromisesLoosensNothing(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: strings.Replace(citingPolicy, "window: 30d", "window: 1h", 1), Knowledge: rules()})
	if a := d.Call("create_refund", annual()); a.State != policies.Denied || !slices.Contains(a.Rules(), "refund.window") {
		t.Errorf("answered %s", a.Text)
	}
}

// ChatGPT's contract wants exactly one text of search and of fetch, with no more
// behind it; what a hit is called is the address of its resource.
func TestSearchAndFetchAnswerOneTextWhoseIdsAreResources(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: citingPolicy, Knowledge: rules()})
	found := d.Call("search", args{"query": "yearly plans"})
	var r results
	found.Into(t, &r)
	if len(found.Links) > 0 || len(r.Results) == 0 || r.Results[0].ID != "kb://northwind/refunds.md#yearly-plans" {
		t.Fatalf("found is %s with links to %q", found.Text, found.Links)
	}
	read := d.Call("fetch", args{"id": r.Results[0].ID})
	var doc document
	read.Into(t, &doc)
	if len(read.Links) > 0 || doc.Text != readSection(t, d, doc.ID) {
		t.Errorf("read is %s with links to %q", read.Text, read.Links)
	}
}
