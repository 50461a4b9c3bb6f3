package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tiktoken-go/tokenizer"

	"supportmcp/internal/sandbox"
)

// BenchmarkTokens counts what the tools cost a model, in OpenAI's o200k tokens.
func BenchmarkTokens(b *testing.B) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		b.Fatal(err)
	}
	count := func(text []byte, what string) {
		n, err := codec.Count(string(text))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n), what+"-tokens")
	}
	p := settle(b, time.Now)
	a := hire(b, p.environ, "serve")
	for b.Loop() {
		whole := a.ask("tools/list", map[string]any{})
		count(whole, "list")
		count(withoutOutputs(b, whole), "list-without-outputs")
		for _, story := range []string{"duplicate-charge", "budget-used-up"} {
			count([]byte(a.call("get_conversation", map[string]any{"conversation_id": sandbox.Conversation(story)}).Text), story)
		}
	}
	a.leave()
	all := hire(b, append(p.environ, "SUPPORTMCP_TOOLSETS=all"), "serve")
	count(withoutOutputs(b, all.ask("tools/list", map[string]any{})), "list-of-all-without-outputs")
	all.leave()
}

// withoutOutputs is a list of tools as most clients give it to a model.
func withoutOutputs(b *testing.B, list json.RawMessage) []byte {
	b.Helper()
	var tools struct {
		Tools []map[string]json.RawMessage `json:"tools"`
	}
	if err := json.Unmarshal(list, &tools); err != nil {
		b.Fatal(err)
	}
	for _, t := range tools.Tools {
		delete(t, "outputSchema")
	}
	text, err := json.Marshal(tools)
	if err != nil {
		b.Fatal(err)
	}
	return text
}
