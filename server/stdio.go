package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/access"
)

// Bounds of the stdio transport.
const (
	workers  = 32 // tool calls at once
	queue    = 1000
	maxLine  = 1 << 20          // bytes of one message
	patience = 30 * time.Second // for answers to calls that were under way when the client hung up
)

// ServeStdio answers one client over in and out until in ends or ctx is done, and
// then waits for the calls under way: what has begun is finished and recorded.
// A process serves stdio once.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	t := mcpserver.NewStdioServer(s.mcp)
	mcpserver.WithStdioContextFunc(func(ctx context.Context) context.Context {
		return access.With(ctx, access.Everything(s.principal))
	})(t)
	mcpserver.WithWorkerPoolSize(workers)(t)
	mcpserver.WithQueueSize(queue)(t)
	t.SetErrorLogger(slog.NewLogLogger(s.log.Handler(), slog.LevelDebug))
	pending := &pendingAnswers{}
	err := t.Listen(ctx, newLines(in, pending, patience), &answers{out: out, pending: pending})
	s.calls.Wait()
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("serve stdio: %w", err)
	}
	return nil
}
