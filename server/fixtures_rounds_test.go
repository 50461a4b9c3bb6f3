package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// question is what a fixture asks the client in one round.
type question struct{ id, kind, key, message string }

// suiteRounds are the tools of the conformance suite that ask before they answer:
// what each asks, round by round.
func suiteRounds() map[string][][]question {
	confirm := question{"confirm", "elicitation", "ok", "Please confirm"}
	name := question{"user_name", "elicitation", "name", "What is your name?"}
	greeting := question{"greeting", "sampling", "", "Generate a greeting"}
	roots := question{"client_roots", "roots", "", ""}
	return map[string][][]question{
		"test_input_required_result_elicitation":     {{name}},
		"test_input_required_result_sampling":        {{{"capital_question", "sampling", "", "What is the capital of France?"}}},
		"test_input_required_result_list_roots":      {{roots}},
		"test_input_required_result_request_state":   {{confirm}},
		"test_input_required_result_multiple_inputs": {{name, greeting, roots}},
		"test_input_required_result_multi_round": {
			{{"step1", "elicitation", "name", "Step 1: What is your name?"}},
			{{"step2", "elicitation", "color", "Step 2: What is your favorite color?"}},
		},
		"test_input_required_result_tampered_state": {{confirm}},
		"test_streaming_elicitation":                {{confirm}},
		"test_input_required_result_capabilities":   {{name, greeting}},
	}
}

// sealed is a round that cannot be made up: with a key of this process.
func sealed(round int) string {
	mac := hmac.New(sha256.New, []byte("a key of the tests"))
	fmt.Fprint(mac, round)
	return strconv.Itoa(round) + "." + hex.EncodeToString(mac.Sum(nil))
}

func opened(state string) (round int, err error) {
	number, _, _ := strings.Cut(state, ".")
	round, err = strconv.Atoi(number)
	if err != nil || !hmac.Equal([]byte(sealed(round)), []byte(state)) {
		return 0, errors.New("the state of the request was changed")
	}
	return round, nil
}

// step decides what comes next: the questions of a round, or none when all are
// answered. What was asked and not answered is asked again.
func step(rounds [][]question, p mcp.MultiRoundTripParams) (round int, err error) {
	if p.RequestState != "" {
		if round, err = opened(p.RequestState); err != nil {
			return 0, err
		}
	}
	if len(p.InputResponses) == 0 {
		return round, nil
	}
	for _, q := range rounds[round] {
		if !q.answered(p.InputResponses) {
			return round, nil
		}
	}
	return round + 1, nil
}

func (q question) answered(by mcp.InputResponses) bool {
	if _, ok := by[q.id]; !ok {
		return false
	}
	if q.kind != "elicitation" {
		return true
	}
	given := mcpserver.ElicitationResponse(by, q.id)
	if given == nil || given.Action != mcp.ElicitationResponseActionAccept {
		return false
	}
	content, ok := given.Content.(map[string]any)
	if !ok {
		return false
	}
	if q.key == "ok" {
		_, ok = content[q.key].(bool)
	} else {
		_, ok = content[q.key].(string)
	}
	return ok
}

// ask is what a client is asked, as far as it can answer at all.
func ask(ctx context.Context, round int, questions []question) *mcpserver.InputRequestBuilder {
	can := mcpserver.RequestProtocolInfoFromContext(ctx).ClientCapabilities
	b := mcpserver.NewInputRequestBuilder(sealed(round))
	for _, q := range questions {
		switch {
		case q.kind == "elicitation" && can.Elicitation != nil:
			kind := "string"
			if q.key == "ok" {
				kind = "boolean"
			}
			b.Elicit(q.id, mcp.ElicitationParams{Message: q.message, RequestedSchema: map[string]any{
				"type": "object", "properties": map[string]any{q.key: map[string]any{"type": kind}}, "required": []string{q.key},
			}})
		case q.kind == "sampling" && can.Sampling != nil:
			b.Sample(q.id, mcp.CreateMessageParams{Messages: []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: text(q.message)}}, MaxTokens: 100})
		case q.kind == "roots" && can.Roots != nil:
			b.Roots(q.id)
		}
	}
	return b
}

func (s *Server) suiteQuestions() {
	for name, rounds := range suiteRounds() {
		s.mcp.AddTool(mcp.NewTool(name, mcp.WithDescription("Asks the client, for the conformance suite.")),
			func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				round, err := step(rounds, req.Params.MultiRoundTripParams)
				if err != nil {
					return nil, err
				}
				if round < len(rounds) {
					return ask(ctx, round, rounds[round]).ToolResult(), nil
				}
				return &mcp.CallToolResult{Content: []mcp.Content{text("state-ok: Hello, Alice! " + fmt.Sprint(len(req.Params.InputResponses)))}}, nil
			})
	}
	wanted := []question{{"user_context", "elicitation", "context", "What context should the prompt use?"}}
	s.mcp.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("Asks the client, for the conformance suite.")),
		func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			round, err := step([][]question{wanted}, req.Params.MultiRoundTripParams)
			if err != nil {
				return nil, err
			}
			if round == 0 {
				return ask(ctx, 0, wanted).PromptResult(), nil
			}
			return &mcp.GetPromptResult{Messages: []mcp.PromptMessage{{Role: mcp.RoleUser, Content: text("With the context that was given.")}}}, nil
		})
}
