package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"supportmcp/policies"
	"supportmcp/tools"
)

// Answer is a tool's answer. The fields are those of writes and of errors; Into
// reads the others.
type Answer struct {
	Text    json.RawMessage `json:"-"` // all of it
	IsError bool            `json:"-"`

	Action   string            `json:"action_id"`
	Kind     string            `json:"kind"`
	State    policies.State    `json:"state"`
	Replayed bool              `json:"replayed"`
	Code     string            `json:"code"`
	Message  string            `json:"message"`
	NextStep string            `json:"next_step"`
	Receipt  json.RawMessage   `json:"receipt"`
	Decision policies.Decision `json:"decision"`

	Links []string `json:"-"` // of the resources that come with it
}

// Into reads the answer into a value of the test's own.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Text, v); err != nil {
		t.Fatalf("read answer %s: %v", a.Text, err)
	}
}

// Rules are the rules that did not allow, strictest first.
func (a Answer) Rules() []string {
	var out []string
	for _, f := range a.Decision.Against() {
		out = append(out, f.Rule)
	}
	return out
}

// answer reads a result and holds it to what every result must be: one text, and
// links to resources at most behind it; the same facts structured, which fit the tool's output schema; and every error with
// a code, a message and a next step.
func (c *Client) answer(tool string, res *mcp.CallToolResult) (Answer, error) {
	if len(res.Content) == 0 {
		return Answer{}, fmt.Errorf("%s answered nothing", tool)
	}
	text, ok := mcp.AsTextContent(res.Content[0])
	if !ok {
		return Answer{}, fmt.Errorf("%s answered no text", tool)
	}
	a := Answer{Text: json.RawMessage(text.Text), IsError: res.IsError}
	for _, more := range res.Content[1:] {
		link, ok := more.(mcp.ResourceLink)
		if !ok {
			return Answer{}, fmt.Errorf("%s answered a %T behind the text", tool, more)
		}
		a.Links = append(a.Links, link.URI)
	}
	if err := json.Unmarshal(a.Text, &a); err != nil {
		return a, fmt.Errorf("%s answered text that is not JSON: %w", tool, err)
	}
	if err := c.structured(tool, a, res.StructuredContent); err != nil {
		return a, err
	}
	if a.IsError && (a.Code == "" || a.Message == "" || a.NextStep == "") {
		return a, fmt.Errorf("%s answered an error without code, message or next step: %s", tool, a.Text)
	}
	return a, nil
}

func (c *Client) structured(tool string, a Answer, content any) error {
	if content == nil {
		if !a.IsError {
			return fmt.Errorf("%s answered without structured content", tool)
		}
		return nil
	}
	b, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encode structured content: %w", err)
	}
	if !sameJSON(b, a.Text) {
		return fmt.Errorf("%s tells different facts as text and structured:\n%s\n%s", tool, a.Text, b)
	}
	s, ok := c.schemas[tool]
	if !ok {
		return fmt.Errorf("%s has no output schema", tool)
	}
	if err := s.validate(b); err != nil {
		return fmt.Errorf("%s answered %s, which does not fit its output schema: %w", tool, b, err)
	}
	return nil
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	x2, err1 := json.Marshal(x)
	y2, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && bytes.Equal(x2, y2)
}

// schema is a compiled output schema.
type schema struct{ compiled *jsonschema.Schema }

func (s *schema) validate(b []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.compiled.Validate(v)
}

func answerSchemas(t testing.TB, all []tools.Tool) map[string]*schema {
	t.Helper()
	out := map[string]*schema{}
	for _, tool := range all {
		raw, err := json.Marshal(tool.Output)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("mem:///"+tool.Name, doc); err != nil {
			t.Fatal(err)
		}
		compiled, err := c.Compile("mem:///" + tool.Name)
		if err != nil {
			t.Fatal(err)
		}
		out[tool.Name] = &schema{compiled}
	}
	return out
}
