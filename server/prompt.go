package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/prompts"
)

func (s *Server) addPrompt(p prompts.Prompt) {
	described := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		described.Arguments = append(described.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description})
	}
	s.mcp.AddPrompt(described, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		text := mcp.NewTextContent(p.Text(req.Params.Arguments))
		return &mcp.GetPromptResult{Description: p.Description, Messages: []mcp.PromptMessage{{Role: mcp.RoleUser, Content: text}}}, nil
	})
}

// suggestions suggest values for the arguments of prompts.
type suggestions []prompts.Prompt

// CompletePromptArgument implements mcp-go's PromptCompletionProvider. For what is
// unknown there is nothing to suggest.
func (all suggestions) CompletePromptArgument(ctx context.Context, name string, arg mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	values := []string{}
	for _, p := range all {
		for _, a := range p.Arguments {
			if p.Name == name && a.Name == arg.Name && a.Complete != nil {
				values = append(values, a.Complete(ctx, arg.Value)...)
			}
		}
	}
	shown := values[:min(len(values), maxCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}, nil
}
