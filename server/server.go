// Package server speaks MCP: it publishes tools, resources and prompts to clients,
// turns answers and errors into results, and runs the worker that finishes what a
// call could not. It is the only importer of mcp-go (a demo client in cmd apart),
// holds no business rule and writes nothing to standard output but the protocol.
package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/access"
	"supportmcp/internal/prompts"
	"supportmcp/policies"
	"supportmcp/resources"
	"supportmcp/tools"
)

// Config is what a server publishes and for whom.
type Config struct {
	Version   string
	Website   string // a page about this server, for people; may be ""
	Tools     []tools.Tool
	Resources []resources.Resource
	Prompts   []prompts.Prompt
	Principal policies.Principal // of callers over stdio, and of who holds the one token of HTTP
	Log       *slog.Logger
	CallID    func() string // names each call, in its errors and in the log; nil names none
}

// Server answers MCP clients.
type Server struct {
	mcp    *mcpserver.MCPServer
	log    *slog.Logger
	callID func() string
	calls  sync.WaitGroup    // tool calls being answered
	listed map[string]string // what clients are told of each resource, by its address

	principal policies.Principal
	published published
	open      atomic.Pointer[map[string]access.Scopes] // what opens each resource, by its address
	unlisted  unlisted
}

// New compiles every schema and refuses to make a server with one that does not
// compile: mcp-go would serve such a tool unchecked.
func New(c Config) (*Server, error) {
	hooks := &mcpserver.Hooks{}
	hooks.AddAfterSubscriptionsListen(acknowledged)
	s := &Server{log: c.Log, callID: c.CallID, principal: c.Principal, published: publishedOf(c)}
	s.opens(c.Resources)
	options := append(append(identity(c), s.filters(c, hooks)...),
		mcpserver.WithHooks(hooks),
		mcpserver.WithToolCapabilities(false),
		mcpserver.WithResourceCapabilities(false, true),
		mcpserver.WithPromptCapabilities(false), // clients ask also where there are none
		mcpserver.WithCompletions(),
		mcpserver.WithResourceCompletionProvider(completionsOf(c.Resources, s.reads)),
		mcpserver.WithPromptCompletionProvider(suggestions(s.published)))
	s.mcp = mcpserver.NewMCPServer("supportmcp", c.Version, options...)
	hooks.AddAfterListResources(s.unlisted.leaveOut)
	for _, t := range c.Tools {
		if err := s.addTool(t); err != nil {
			return nil, fmt.Errorf("tool %s: %w", t.Name, err)
		}
	}
	for _, r := range c.Resources {
		if r.Template {
			s.addTemplate(r)
		}
	}
	for _, p := range c.Prompts {
		s.addPrompt(p)
	}
	s.Publish(c.Resources)
	return s, nil
}

func (s *Server) addTool(t tools.Tool) error {
	in, err := compiled(t.Name+" input", t.Input)
	if err != nil {
		return err
	}
	out, err := compiled(t.Name+" output", t.Output)
	if err != nil {
		return err
	}
	open := !t.Closed
	s.mcp.AddTool(mcp.Tool{
		Name: t.Name, Title: t.Title, Description: t.Description, RawInputSchema: in, RawOutputSchema: out,
		Annotations: mcp.ToolAnnotation{
			Title: t.Title, ReadOnlyHint: &t.ReadOnly, DestructiveHint: &t.Destructive, IdempotentHint: &t.Idempotent, OpenWorldHint: &open,
		},
	}, s.handle(t))
	return nil
}

func (s *Server) handle(t tools.Tool) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, _ error) {
		s.calls.Add(1)
		defer s.calls.Done()
		ctx = s.named(ctx, req.Params.Meta)
		// A panic must neither end the process nor show its text to an agent.
		defer func() {
			if p := recover(); p != nil {
				result = s.failure(ctx, t.Name, fmt.Errorf("panic: %v", p))
			}
		}()
		args, err := arguments(req)
		if err != nil {
			return s.failure(ctx, t.Name, err), nil
		}
		caller := access.Of(ctx)
		if missing := t.Missing(caller.Scopes, args); len(missing) > 0 {
			return s.failure(ctx, t.Name, lacks(missing)), nil
		}
		defer s.follow(ctx, t, req, args)()
		out, refused, err := t.Call(ctx, caller.Principal, args)
		if err != nil {
			return s.failure(ctx, t.Name, err), nil
		}
		if refused {
			noteDenial(ctx)
		}
		return s.success(ctx, t.Name, out, refused), nil
	}
}

// arguments are the bytes the client sent; a client in the same process sends values.
func arguments(req mcp.CallToolRequest) (json.RawMessage, error) {
	if len(req.Params.RawArguments) > 0 || req.Params.Arguments == nil {
		return req.Params.RawArguments, nil
	}
	b, err := json.Marshal(req.Params.Arguments)
	if err != nil {
		return nil, fmt.Errorf("read arguments: %w", err)
	}
	return b, nil
}
