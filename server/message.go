package server

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/fault"
)

// message is what the edge of a transport must know of a JSON-RPC message. It is
// read as mcp-go reads it, so that nothing looks like one method here and like
// another there.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// messageOf is empty for what is no message: mcp-go answers that.
func messageOf(b []byte) (m message) {
	_ = json.Unmarshal(b, &m)
	return m
}

// isRequest reports whether the message wants an answer, and isAnswer whether it is one.
func (m message) isRequest() bool { return m.Method != "" && m.name() != "" }
func (m message) isAnswer() bool  { return m.Method == "" && m.name() != "" }

// name is the id as mcp-go writes it, however the client wrote it; "" when there
// is none that JSON-RPC allows.
func (m message) name() string {
	var id any
	if json.Unmarshal(m.ID, &id) != nil {
		return ""
	}
	switch id.(type) {
	case string, float64:
		b, _ := json.Marshal(mcp.NewRequestId(id))
		return string(b)
	}
	return ""
}

// listens reports whether the message opens a stream that ends when the client
// or the server does.
func (m message) listens() bool { return m.Method == string(mcp.MethodSubscriptionsListen) }

// uri is the address that a request asks for.
func (m message) uri() string {
	var p struct{ URI string }
	_ = json.Unmarshal(m.Params, &p)
	return p.URI
}

// modern reports whether a request says that it is of the era without sessions.
func (m message) modern() bool {
	var p struct {
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	return json.Unmarshal(m.Params, &p) == nil && mcp.IsModernProtocol(p.Meta.Version)
}

// rpcError is an error answer on the wire.
type rpcError struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Error   rpcDetails      `json:"error"`
}

type rpcDetails struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// unknownResource is the data of the answer for a resource that does not exist.
type unknownResource struct {
	URI string `json:"uri"`
	*fault.Error
}

// complete gives the answer for a resource that does not exist the code and the
// address that the protocol wants there. mcp-go lets handlers choose no code, and
// answers with an internal error that holds our fault as text; where no handler
// matches, it leaves the address out. Every other answer is passed on as it is.
func (m message) complete(answer []byte) (out []byte, changed bool) {
	if m.Method != string(mcp.MethodResourcesRead) || !bytes.Contains(answer, []byte(`"error"`)) {
		return answer, false
	}
	var a rpcError
	if json.Unmarshal(answer, &a) != nil {
		return answer, false
	}
	f := notFound(a.Error)
	if f == nil {
		return answer, false
	}
	a.Error = rpcDetails{mcp.RESOURCE_NOT_FOUND, f.Message, unknownResource{m.uri(), f}}
	if m.modern() {
		a.Error.Code = mcp.INVALID_PARAMS
	}
	out, err := json.Marshal(a)
	if err != nil {
		return answer, false
	}
	return append(out, '\n'), true
}

// notFound is what an error says of a resource that does not exist; nil when the
// error is another one.
func notFound(e rpcDetails) *fault.Error {
	var f fault.Error
	switch {
	case e.Code == mcp.INTERNAL_ERROR && json.Unmarshal([]byte(e.Message), &f) == nil && f.Code == fault.NotFound:
		return &f
	case strings.HasSuffix(e.Message, mcpserver.ErrResourceNotFound.Error()):
		return &fault.Error{Code: fault.NotFound, Message: "there is no resource at this address", NextStep: "list the resources, or find documents with search"}
	}
	return nil
}
