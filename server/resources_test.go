package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/sandbox/samples"
	"supportmcp/policies"
	"supportmcp/resources"
	"supportmcp/server/servertest"
)

func TestEveryDocumentAndThePolicyAreListedAndRead(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	list, err := d.MCP.ListResources(t.Context(), mcp.ListResourcesRequest{})
	must(t, err)
	uris := map[string]mcp.Resource{}
	for _, r := range list.Resources {
		uris[r.URI] = r
		if r.Title == "" || r.MIMEType == "" || r.Name == "" {
			t.Errorf("%s is listed without title, name or type: %+v", r.URI, r)
		}
		text, err := read(t.Context(), d, r.URI)
		if err != nil || text == "" {
			t.Errorf("%s reads %q, %v", r.URI, text, err)
		}
	}
	files, err := fs.Glob(samples.Knowledge(), "*.md")
	must(t, err)
	for _, f := range files {
		r, ok := uris["kb://northwind/"+f]
		if !ok || r.Size == nil || *r.Size == 0 {
			t.Errorf("%s is listed as %+v", f, r)
		}
	}
	if len(uris) != len(files)+1 {
		t.Errorf("%d resources are listed, want the documents and the policy", len(uris))
	}
	templates, err := d.MCP.ListResourceTemplates(t.Context(), mcp.ListResourceTemplatesRequest{})
	must(t, err)
	if len(templates.ResourceTemplates) != 1 || templates.ResourceTemplates[0].Title == "" {
		t.Errorf("the templates are %+v", templates.ResourceTemplates)
	}
}

func TestASectionIsReadByItsAddress(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	whole, err := read(t.Context(), d, "kb://northwind/refund-policy.md")
	must(t, err)
	section, err := read(t.Context(), d, "kb://northwind/refund-policy.md#charged-twice")
	must(t, err)
	if !strings.HasPrefix(section, "## Charged twice") || !strings.Contains(whole, section) || len(section) >= len(whole) {
		t.Errorf("the section reads %q", section)
	}
	var fetched struct{ Text, URL string }
	d.Call("fetch", servertest.Args{"id": "kb://northwind/refund-policy.md#charged-twice"}).Into(t, &fetched)
	if fetched.Text != section {
		t.Errorf("fetch reads %q, the resource %q", fetched.Text, section)
	}
}

func TestWhatIsNoResourceIsNotFound(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for n, uri := range []string{
		"kb://northwind/none.md", "kb://northwind/../northwind/refund-policy.md", "kb://northwind/..%2f..%2fetc%2fpasswd",
		"kb://northwind/%2e%2e/%2e%2e/etc/passwd", "kb://northwind//etc/passwd", "kb://southwind/refund-policy.md", "kb://northwind/",
		"kb://northwind/refund-policy.md#none", "kb://northwind/refund-policy.md?x=1", "kb://user@northwind/refund-policy.md",
		"file:///etc/passwd", "policy://old", "policy://current/..", "http://127.0.0.1/", "", "kb://", strings.Repeat("x", 5000),
	} {
		for i, era := range []struct {
			code int
			meta string
		}{{-32002, `{}`}, {-32602, modernMeta}} {
			id, asked := fmt.Sprintf(`"%d %d"`, n, i), asJSON(t, uri)
			must(t, d.Wire.Send(line(id, "resources/read", `{"uri":`+asked+`,"_meta":`+era.meta+`}`)))
			e := d.Wire.Answer(t, id).Error
			if uri == "" && e != nil {
				continue
			}
			var data struct{ URI, Code, Message, NextStep string }
			if e == nil || json.Unmarshal(e.Data, &data) != nil || e.Code != era.code || data.URI != uri || data.Code != "not_found" || data.Message != e.Message {
				t.Errorf("%.80q gives %+v, want the code %d and data", uri, e, era.code)
			}
		}
	}
}

// modernMeta is what every request of the modern era says of itself.
const modernMeta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// The policy that is read is the file in force, named by the revision that every
// decision names, also after it was replaced.
func TestThePolicyIsReadAsItIsInForce(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for _, text := range []string{string(policies.Default()), "version: 1\nreply: {max_chars: 10}\n"} {
		d.Use(text)
		got, err := read(t.Context(), d, "policy://current")
		must(t, err)
		decided := d.Call("add_internal_note", servertest.Args{"conversation_id": "215470000000001", "body": "note", "dry_run": true}).Decision
		if decided.Revision == "" || got != "# revision "+decided.Revision+"\n"+text {
			t.Errorf("the policy reads %.100q, the decision names %q", got, decided.Revision)
		}
	}
}

func read(ctx context.Context, d *servertest.Desk, uri string) (string, error) {
	var req mcp.ReadResourceRequest
	req.Params.URI = uri
	res, err := d.MCP.ReadResource(ctx, req)
	if err != nil {
		return "", err
	}
	text := ""
	for _, c := range res.Contents {
		if c, ok := mcp.AsTextResourceContents(c); ok {
			text += c.Text
		}
	}
	return text, nil
}

func TestTheVariablesOfTheTemplateAreCompleted(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	const template = "kb://{source}/{+path}"
	all := []string{"cancellations.md", "failed-payments.md", "refund-policy.md", "tone-of-voice.md"}
	for _, c := range []struct {
		uri, variable, typed, source string
		want                         []string
	}{
		{template, "source", "", "", []string{"northwind"}},
		{template, "source", "nor", "", []string{"northwind"}},
		{template, "source", "south", "", []string{}},
		{template, "path", "", "northwind", all},
		{template, "path", "", "", all},
		{template, "path", "ref", "northwind", []string{"refund-policy.md"}},
		{template, "path", "../", "northwind", []string{}},
		{template, "path", "", "southwind", []string{}},
		{template, "page", "", "northwind", []string{}},
		{"policy://current", "path", "", "", []string{}},
		{"kb://northwind/refund-policy.md", "path", "", "", []string{}},
	} {
		var req mcp.CompleteRequest
		req.Params.Ref = mcp.ResourceReference{Type: "ref/resource", URI: c.uri}
		req.Params.Argument = mcp.CompleteArgument{Name: c.variable, Value: c.typed}
		if c.source != "" {
			req.Params.Context.Arguments = map[string]string{"source": c.source}
		}
		got, err := d.MCP.Complete(t.Context(), req)
		must(t, err)
		if !slices.Equal(got.Completion.Values, c.want) || got.Completion.Total != len(c.want) || got.Completion.HasMore {
			t.Errorf("%s %s %q of source %q gives %+v, want %v", c.uri, c.variable, c.typed, c.source, got.Completion, c.want)
		}
	}
}

func TestManyResourcesAreListedInPagesAndOnce(t *testing.T) {
	t.Parallel()
	var many []resources.Resource
	for i := range 250 {
		uri := fmt.Sprintf("kb://many/%03d.md", i)
		many = append(many, resources.Resource{URI: uri, Name: uri, Title: uri, MIME: "text/markdown"})
	}
	many = append(many, resources.Resource{
		URI: "many://{path}", Name: "many", Title: "many", Template: true,
		Complete: func(string, string, map[string]string) []string { return slices.Repeat([]string{"x"}, 250) },
	})
	d := servertest.Start(t, servertest.Setup{Resources: many})
	var names []string
	var req mcp.ListResourcesRequest
	for pages := 1; ; pages++ {
		got, err := d.MCP.ListResourcesByPage(t.Context(), req)
		must(t, err)
		for _, r := range got.Resources {
			names = append(names, r.Name)
		}
		if req.Params.Cursor = got.NextCursor; got.NextCursor == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != 255 {
		t.Errorf("%d names are listed: %v", len(names), names)
	}
	var ask mcp.CompleteRequest
	ask.Params.Ref = mcp.ResourceReference{Type: "ref/resource", URI: "many://{path}"}
	got, err := d.MCP.Complete(t.Context(), ask)
	must(t, err)
	if c := got.Completion; len(c.Values) != 100 || c.Total != 250 || !c.HasMore {
		t.Errorf("%d values of %d, more: %v", len(c.Values), c.Total, c.HasMore)
	}
}

// A client is told for whom a document is, so that what is internal is not shown.
func TestADocumentIsListedWithWhomItIsFor(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Knowledge: fstest.MapFS{
		"public.md":   {Data: []byte("---\naudience: customer\npriority: 0.9\neffective_to: 2030-01-31\n---\nRefunds take 5 days.")},
		"internal.md": {Data: []byte("Refunds above 50 EUR need a person.")},
	}})
	list, err := d.MCP.ListResources(t.Context(), mcp.ListResourcesRequest{})
	must(t, err)
	for _, r := range list.Resources {
		want := map[string][]mcp.Role{"kb://northwind/public.md": {mcp.RoleAssistant, mcp.RoleUser}, "kb://northwind/internal.md": {mcp.RoleAssistant}}[r.URI]
		if want == nil {
			continue
		}
		if r.Annotations == nil || !slices.Equal(r.Annotations.Audience, want) || r.Annotations.Priority == nil || r.Meta == nil || r.Meta.AdditionalFields["version"] == "" {
			t.Errorf("%s is listed as %+v", r.URI, r)
		}
		if public := r.URI == "kb://northwind/public.md"; public != (r.Meta.AdditionalFields["effective_to"] == "2030-01-31") || public != (*r.Annotations.Priority == 0.9) {
			t.Errorf("%s is listed with %+v and the priority %v", r.URI, r.Meta, *r.Annotations.Priority)
		}
	}
	version := fmt.Sprint(list.Resources[0].Meta.AdditionalFields["version"])
	if _, err := read(t.Context(), d, list.Resources[0].URI+"?version="+version); err != nil {
		t.Errorf("a document is not read by its version: %v", err)
	}
}
