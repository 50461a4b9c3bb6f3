package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/resources"
)

// maxCompletions is how many values one answer may hold
// (https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion).
const maxCompletions = 100

// completions suggest values for the variables of resource templates, by the
// templates' addresses.
type completions struct {
	of    map[string]resources.Resource
	reads func(ctx context.Context, uri string) bool // whether the caller may know of it
}

func completionsOf(all []resources.Resource, reads func(context.Context, string) bool) completions {
	c := completions{of: map[string]resources.Resource{}, reads: reads}
	for _, r := range all {
		if r.Complete != nil {
			c.of[r.URI] = r
		}
	}
	return c
}

// CompleteResourceArgument implements mcp-go's ResourceCompletionProvider. For
// what is unknown there is nothing to suggest.
func (c completions) CompleteResourceArgument(ctx context.Context, uri string, arg mcp.CompleteArgument, known mcp.CompleteContext) (*mcp.Completion, error) {
	r, ok := c.of[uri]
	if !ok || !c.reads(ctx, uri) {
		return &mcp.Completion{Values: []string{}}, nil
	}
	values := r.Complete(arg.Name, arg.Value, known.Arguments)
	shown := values[:min(len(values), maxCompletions)]
	return &mcp.Completion{Values: shown, Total: len(values), HasMore: len(shown) < len(values)}, nil
}
