package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// Client is an MCP client on the other end of a server's pipes.
type Client struct {
	MCP  *client.Client
	Wire *Wire

	t       testing.TB
	schemas map[string]*schema // of answers, by tool
}

func (d *Desk) connect() *Client {
	d.t.Helper()
	w := d.serve()
	c := &Client{t: d.t, Wire: w, schemas: answerSchemas(d.t, d.Tools)}
	c.MCP = client.NewClient(transport.NewIO(w.out, w.in, io.NopCloser(bytes.NewReader(nil))))
	d.t.Cleanup(func() { _ = c.MCP.Close() })
	ctx := context.WithoutCancel(d.t.Context())
	d.must(c.MCP.Start(ctx))
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "servertest", Version: "test"}
	_, err := c.MCP.Initialize(ctx, hello)
	d.must(err)
	return c
}

// Args are the arguments of a call.
type Args map[string]any

// Call calls a tool. The arguments are Args, or a json.RawMessage that is sent as
// it is. The answer is held to what every answer must be: see check.
func (c *Client) Call(tool string, args any) Answer {
	c.t.Helper()
	a, err := c.Try(tool, args)
	if err != nil {
		c.t.Fatalf("call %s: %v", tool, err)
	}
	return a
}

// Try is Call for what the protocol itself may refuse, and for other goroutines
// than the test's.
func (c *Client) Try(tool string, args any) (Answer, error) {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	res, err := c.MCP.CallTool(context.WithoutCancel(c.t.Context()), req)
	if err != nil {
		return Answer{}, err
	}
	return c.answer(tool, res)
}

// Raw is a JSON text as arguments.
func Raw(text string) json.RawMessage { return json.RawMessage(text) }
