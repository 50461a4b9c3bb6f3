package server

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/fault"
	"supportmcp/internal/trace"
)

// named is ctx with an id for this call, and with the trace that the client says it
// belongs to.
func (s *Server) named(ctx context.Context, meta *mcp.Meta) context.Context {
	if s.callID == nil {
		return ctx
	}
	ctx = fault.WithCall(ctx, s.callID())
	if meta == nil {
		return ctx
	}
	parent, _ := meta.AdditionalFields["traceparent"].(string)
	return trace.WithParent(ctx, parent)
}
