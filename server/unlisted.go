package server

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// unlisted are resources that are gone and that mcp-go still has. It tells clients
// of what is added and of what is taken away in two messages, so what goes together
// with a change is only left out of the list, until something goes by itself. To read
// it finds nothing, as to read what was never there.
type unlisted struct {
	mu  sync.Mutex
	uri map[string]bool
}

// change notes what is gone, and that what has changed is there.
func (u *unlisted) change(changed []mcpserver.ServerResource, gone []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.uri == nil {
		u.uri = map[string]bool{}
	}
	for _, r := range changed {
		delete(u.uri, r.Resource.URI)
	}
	for _, uri := range gone {
		u.uri[uri] = true
	}
}

// clear gives all of them, to be taken out.
func (u *unlisted) clear() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := slices.Collect(maps.Keys(u.uri))
	clear(u.uri)
	return all
}

// leaveOut takes them out of a list that a client gets.
func (u *unlisted) leaveOut(_ context.Context, _ any, _ *mcp.ListResourcesRequest, list *mcp.ListResourcesResult) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list.Resources = slices.DeleteFunc(list.Resources, func(r mcp.Resource) bool { return u.uri[r.URI] })
}
