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

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

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
	Principal policies.Principal // of a caller whom the transport does not identify
	Log       *slog.Logger
}

// Server answers MCP clients.
type Server struct {
	mcp    *mcpserver.MCPServer
	log    *slog.Logger
	calls  sync.WaitGroup    // tool calls being answered
	listed map[string]string // what clients are told of each resource, by its address
}

// New compiles every schema and refuses to make a server with one that does not
// compile: mcp-go would serve such a tool unchecked.
func New(c Config) (*Server, error) {
	hooks := &mcpserver.Hooks{}
	hooks.AddAfterSubscriptionsListen(acknowledged)
	options := append(identity(c),
		mcpserver.WithHooks(hooks),
		mcpserver.WithToolCapabilities(false),
		mcpserver.WithResourceCapabilities(false, true),
		mcpserver.WithPromptCapabilities(false), // clients ask also where there are none
		mcpserver.WithCompletions(),
		mcpserver.WithResourceCompletionProvider(completionsOf(c.Resources)),
		mcpserver.WithPromptCompletionProvider(suggestions(c.Prompts)))
	s := &Server{log: c.Log, mcp: mcpserver.NewMCPServer("supportmcp", c.Version, options...)}
	for _, t := range c.Tools {
		if err := s.addTool(t, c.Principal); err != nil {
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

func (s *Server) addTool(t tools.Tool, by policies.Principal) error {
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
	}, s.handle(t, by))
	return nil
}

func (s *Server) handle(t tools.Tool, by policies.Principal) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, _ error) {
		s.calls.Add(1)
		defer s.calls.Done()
		// A panic must neither end the process nor show its text to an agent.
		defer func() {
			if p := recover(); p != nil {
				result = s.failure(t.Name, fmt.Errorf("panic: %v", p))
			}
		}()
		args, err := arguments(req)
		if err != nil {
			return s.failure(t.Name, err), nil
		}
		defer s.follow(ctx, t, req, args)()
		out, refused, err := t.Call(ctx, by, args)
		if err != nil {
			return s.failure(t.Name, err), nil
		}
		return s.success(t.Name, out, refused), nil
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
