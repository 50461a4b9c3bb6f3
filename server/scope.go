package server

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/prompts"
	"supportmcp/resources"
	"supportmcp/tools"
)

// published is what a server has, to be looked up when somebody asks for it.
type published struct {
	tools   map[string]tools.Tool
	prompts map[string]prompts.Prompt
}

func publishedOf(c Config) published {
	p := published{tools: map[string]tools.Tool{}, prompts: map[string]prompts.Prompt{}}
	for _, t := range c.Tools {
		p.tools[t.Name] = t
	}
	for _, each := range c.Prompts {
		p.prompts[each.Name] = each
	}
	return p
}

// sees reports whether a caller is shown a tool, and may call it.
func (p published) sees(c access.Caller, tool string) bool {
	t, ok := p.tools[tool]
	return ok && c.In(string(t.Toolset)) && c.Scopes.Open(t.Scopes)
}

func (p published) seesPrompt(c access.Caller, prompt string) bool {
	each, ok := p.prompts[prompt]
	return ok && p.sees(c, each.Needs)
}

// listed are the tools that a caller is shown.
func (p published) listed(c access.Caller, all []tools.Tool) []tools.Tool {
	var shown []tools.Tool
	for _, t := range all {
		if p.sees(c, t.Name) {
			shown = append(shown, t)
		}
	}
	return shown
}

// filters show a caller no more than is theirs. mcp-go applies those of tools and
// prompts to lists and to calls; of resources the hooks filter lists, and read and
// completions look themselves.
func (s *Server) filters(c Config, hooks *mcpserver.Hooks) []mcpserver.ServerOption {
	hooks.AddAfterListResources(func(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, r *mcp.ListResourcesResult) {
		shown := kept(r.Resources, func(each mcp.Resource) bool { return s.reads(ctx, each.URI) })
		if len(shown) < len(r.Resources) {
			r.NextCursor = "" // it would name what is hidden
		}
		r.Resources = shown
	})
	hooks.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, r *mcp.ListResourceTemplatesResult) {
		r.ResourceTemplates = kept(r.ResourceTemplates, func(each mcp.ResourceTemplate) bool { return s.reads(ctx, each.URITemplate.Raw()) })
	})
	hooks.AddAfterInitialize(func(ctx context.Context, _ any, _ *mcp.InitializeRequest, r *mcp.InitializeResult) {
		r.Instructions = instructions(s.published.listed(access.Of(ctx), c.Tools))
	})
	hooks.AddAfterDiscover(func(ctx context.Context, _ any, _ *mcp.DiscoverRequest, r *mcp.DiscoverResult) {
		r.Instructions = instructions(s.published.listed(access.Of(ctx), c.Tools))
	})
	return []mcpserver.ServerOption{
		mcpserver.WithToolFilter(func(ctx context.Context, all []mcp.Tool) []mcp.Tool {
			return kept(all, func(t mcp.Tool) bool { return s.published.sees(access.Of(ctx), t.Name) })
		}),
		mcpserver.WithPromptFilter(func(ctx context.Context, all []mcp.Prompt) []mcp.Prompt {
			return kept(all, func(p mcp.Prompt) bool { return s.published.seesPrompt(access.Of(ctx), p.Name) })
		}),
	}
}

// kept are the items that may stay, in a list of their own that is never nil.
func kept[T any](all []T, stays func(T) bool) []T {
	out := make([]T, 0, len(all))
	for _, each := range all {
		if stays(each) {
			out = append(out, each)
		}
	}
	return out
}

// opens notes which scopes open each resource, by its address.
func (s *Server) opens(all []resources.Resource) {
	open := make(map[string]access.Scopes, len(all))
	for _, r := range all {
		open[r.URI] = r.Scopes
	}
	s.open.Store(&open)
}

// reads reports whether the caller of a request may read at an address.
func (s *Server) reads(ctx context.Context, uri string) bool {
	return access.Of(ctx).Scopes.Open(s.scopesOf(uri))
}

// scopesOf are the scopes of which any opens an address: its own, or those of the
// template it belongs to. An address of neither has none.
func (s *Server) scopesOf(uri string) access.Scopes {
	open := *s.open.Load()
	if scopes, ok := open[uri]; ok {
		return scopes
	}
	for template, scopes := range open {
		if before, _, ok := strings.Cut(template, "{"); ok && strings.HasPrefix(uri, before) {
			return scopes
		}
	}
	return nil
}

// missing are the scopes without which the caller cannot have what a message asks
// for; none when it is not a matter of scopes.
func (s *Server) missing(c access.Caller, m message) access.Scopes {
	switch m.Method {
	case string(mcp.MethodToolsCall):
		var p struct {
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		}
		_ = json.Unmarshal(m.Params, &p)
		if t, ok := s.published.tools[p.Name]; ok && c.In(string(t.Toolset)) {
			return t.Missing(c.Scopes, p.Arguments)
		}
	case string(mcp.MethodResourcesRead):
		if wanted := s.scopesOf(m.uri()); len(wanted) > 0 && !c.Scopes.Open(wanted) {
			return wanted[:1]
		}
	}
	return nil
}

// lacks is what an agent is told of a call that is outside its caller's scopes.
func lacks(missing access.Scopes) *fault.Error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: "your access does not cover this; it would take the scope " + missing.String(),
		NextStep: "do without it, hand the conversation to a person, or ask the operator for access",
	}
}
