package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/access"
	"supportmcp/resources"
)

// listener is a client that hears what the server tells everybody.
type listener chan mcp.JSONRPCNotification

func (l listener) SessionID() string                                   { return "listener" }
func (l listener) NotificationChannel() chan<- mcp.JSONRPCNotification { return l }
func (l listener) Initialize()                                         {}
func (l listener) Initialized() bool                                   { return true }

// shelved are resources of these names, which are always there to read.
func shelved(names string) (all []resources.Resource) {
	for _, name := range names {
		uri := "kb://new/" + string(name)
		all = append(all, resources.Resource{URI: uri, Name: uri, Scopes: access.All(), Read: func(context.Context, string) (resources.Content, error) {
			return resources.Content{URI: uri, Text: "text"}, nil
		}})
	}
	return all
}

func listedBy(t *testing.T, s *Server) (names string) {
	t.Helper()
	answer := s.mcp.HandleMessage(access.With(t.Context(), access.Everything("agent")), json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"resources/list"}`))
	res, ok := answer.(mcp.JSONRPCResponse)
	if !ok {
		t.Fatalf("the list is answered %+v", answer)
	}
	list, ok := res.Result.(mcp.ListResourcesResult)
	if !ok {
		t.Fatalf("the list is a %T", res.Result)
	}
	for _, r := range list.Resources {
		names += r.URI[len("kb://new/"):]
	}
	return names
}

// A batch that adds, changes and removes is one message, and each list is as the
// batch left it.
func TestABatchOfChangesIsToldOnce(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client := make(listener, 100)
	if err := s.mcp.RegisterSession(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for i, batch := range []struct {
		names string
		told  int
	}{{"abc", 1}, {"acd", 1}, {"acd", 0}, {"ab", 1}, {"b", 1}, {"bc", 1}, {"cd", 1}, {"bd", 1}, {"", 1}, {"", 0}, {"a", 1}} {
		s.Publish(shelved(batch.names))
		if told := len(client); told != batch.told {
			t.Errorf("batch %d is told %d times, want %d", i, told, batch.told)
		}
		for len(client) > 0 {
			if m := <-client; m.Method != mcp.MethodNotificationResourcesListChanged {
				t.Errorf("batch %d is told as %s", i, m.Method)
			}
		}
		if got := listedBy(t, s); got != batch.names {
			t.Errorf("after batch %d are listed %q, want %q", i, got, batch.names)
		}
	}
}

// What was left out for a while is forgotten as soon as something only goes.
func TestWhatIsGoneDoesNotStay(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range []string{"abc", "cd", "d"} {
		s.Publish(shelved(names))
	}
	var held []string
	for uri := range s.mcp.ListResources() {
		held = append(held, uri)
	}
	if !slices.Equal(held, []string{"kb://new/d"}) {
		t.Errorf("held are %v", held)
	}
}
