package tools_test

import (
	"encoding/json"
	"testing"

	"github.com/tiktoken-go/tokenizer"

	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// Tools are paid for in tokens by every user of every client, on every turn.
// Output schemas, which most clients keep from the model, are counted apart.
func TestTheSurfaceStaysWithinItsTokens(t *testing.T) {
	t.Parallel()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	must(t, err)
	count := func(v any) int {
		b, err := json.Marshal(v)
		must(t, err)
		n, err := codec.Count(string(b))
		must(t, err)
		return n
	}
	for name, c := range map[string]struct {
		sets   []tools.Toolset
		budget int
	}{
		"default": {tools.DefaultToolsets(), 4000},
		"all":     {tools.Toolsets(), 7000},
	} {
		listed := surface(t, servertest.Start(t, servertest.Setup{Toolsets: c.sets}))
		definitions, outputs := 0, 0
		for _, tool := range listed {
			var fields map[string]json.RawMessage
			must(t, json.Unmarshal(tool.raw, &fields))
			outputs += count(fields["outputSchema"])
			delete(fields, "outputSchema")
			definitions += count(fields)
		}
		t.Logf("%s: %d tools, %d tokens of definitions, %d of output schemas", name, len(listed), definitions, outputs)
		if len(listed) == 0 || definitions > c.budget || outputs > c.budget {
			t.Errorf("%s: %d tools have %d tokens of definitions and %d of output schemas, want at most %d of each", name, len(listed), definitions, outputs, c.budget)
		}
	}
}
