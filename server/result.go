package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
)

// success tells the same facts twice: structured for programs, as text for
// clients that show only text. A refusal is complete and still an error.
func (s *Server) success(ctx context.Context, tool string, out any, refused bool) *mcp.CallToolResult {
	text, err := json.Marshal(out)
	if err != nil {
		return s.failure(ctx, tool, fmt.Errorf("encode answer: %w", err))
	}
	r := mcp.NewToolResultStructured(json.RawMessage(text), string(text))
	r.IsError = refused
	for _, uri := range cited(out) {
		if !access.Of(ctx).Scopes.Open(s.scopesOf(uri)) {
			continue
		}
		r.Content = append(r.Content, mcp.NewResourceLink(uri, uri, "explains the decision", ""))
	}
	return r
}

// cited are the documents that explain an answer.
func cited(out any) []string {
	if c, ok := out.(interface{ Cites() []string }); ok {
		return c.Cites()
	}
	return nil
}

// failure tells an error as text alone: strict clients check structured content
// against the output schema even when the answer is an error.
func (s *Server) failure(ctx context.Context, tool string, err error) *mcp.CallToolResult {
	f := *s.told(ctx, tool, err)
	f.Message, f.NextStep, f.CallID = short(f.Message), short(f.NextStep), fault.CallOf(ctx)
	text, err := json.Marshal(f)
	if err != nil {
		text = []byte(`{"code":"internal","message":"the error could not be encoded"}`)
	}
	return mcp.NewToolResultError(string(text))
}

// short bounds a sentence that may repeat what the agent sent.
func short(sentence string) string {
	const most = 900 // characters
	if r := []rune(sentence); len(r) > most {
		return string(r[:most]) + "…"
	}
	return sentence
}

// told is what an agent hears of an error: its code, message and next step.
// Causes, and errors that are no fault, stay in the log.
func (s *Server) told(ctx context.Context, what string, err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		s.log.ErrorContext(ctx, "internal error", "in", what, "err", err)
		return &fault.Error{
			Code: fault.Internal, Message: "something went wrong inside supportmcp",
			NextStep: "try once more; if it stays, hand the conversation to a person and tell the operator",
		}
	}
	if f.Code == fault.Internal || f.Code == fault.Upstream {
		s.log.WarnContext(ctx, "call failed", "in", what, "err", err)
	}
	return f
}
