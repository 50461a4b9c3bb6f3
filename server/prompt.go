package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/access"
	"supportmcp/internal/prompts"
)

func (s *Server) addPrompt(p prompts.Prompt) {
	described := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		described.Arguments = append(described.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description})
	}
	s.mcp.AddPrompt(described, func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		has := func(tool string) bool { return s.published.sees(access.Of(ctx), tool) }
		text := mcp.NewTextContent(p.Text(has, req.Params.Arguments))
		return &mcp.GetPromptResult{Description: p.Description, Messages: []mcp.PromptMessage{{Role: mcp.RoleUser, Content: text}}}, nil
	})
}

// suggestions suggest values for the arguments of prompts.
type suggestions published

// CompletePromptArgument implements mcp-go's PromptCompletionProvider. For what is
// unknown there is nothing to suggest.
func (all suggestions) CompletePromptArgument(ctx context.Context, name string, arg mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	values := []string{}
	if !published(all).seesPrompt(access.Of(ctx), name) {
		return &mcp.Completion{Values: values}, nil
	}
	for _, a := range all.prompts[name].Arguments {
		if a.Name == arg.Name && a.Complete != nil {
			values = append(values, a.Complete(ctx, arg.Value)...)
		}
	}
	shown := values[:min(len(values), maxCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}, nil
}
