package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/tools"
)

// everyProgress is how often a client that wants to know is told how far a call is.
const everyProgress = time.Second

// follow tells the client how far a call is, until stop is called. Only a client
// that gave a token for it is told, and only of tools that take long.
func (s *Server) follow(ctx context.Context, t tools.Tool, req mcp.CallToolRequest, args json.RawMessage) (stop func()) {
	if t.Progress == nil || req.Params.Meta == nil || req.Params.Meta.ProgressToken == nil {
		return func() {}
	}
	told := -1
	tell := func(ctx context.Context) {
		done, all, err := t.Progress(ctx, args)
		if err != nil || done <= told {
			return
		}
		told = done
		// A client that cannot be told gets the answer all the same.
		_ = s.mcp.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
			"progressToken": req.Params.Meta.ProgressToken, "progress": done, "total": all,
		})
	}
	tell(ctx)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(everyProgress)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				tell(ctx)
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
