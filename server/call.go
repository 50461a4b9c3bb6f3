package server

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/fault"
)

// named is ctx with an id for this call, and with the trace that the client says it
// belongs to.
func (s *Server) named(ctx context.Context, meta *mcp.Meta) context.Context {
	if s.callID == nil {
		return ctx
	}
	ctx = fault.WithCall(ctx, s.callID())
	if trace := traceOf(meta); trace != "" {
		ctx = fault.WithTrace(ctx, trace)
	}
	return ctx
}

// traceOf is the id of the trace in a request's metadata
// (https://www.w3.org/TR/trace-context/#traceparent-header); "" for what is no
// trace: clients write it, and the log repeats it.
func traceOf(meta *mcp.Meta) string {
	if meta == nil {
		return ""
	}
	parent, _ := meta.AdditionalFields["traceparent"].(string)
	fields := strings.Split(parent, "-")
	if len(fields) != 4 || len(fields[1]) != 32 {
		return ""
	}
	if _, err := hex.DecodeString(fields[1]); err != nil {
		return ""
	}
	return fields[1]
}
