package server

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/fault"
)

// rpcError is an error answer on the wire.
type rpcError struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	} `json:"error"`
}

// withResourceCode gives the answer for a resource that does not exist the code
// that the protocol has for it. mcp-go lets handlers choose none, and answers
// with an internal error that holds our fault as text.
func withResourceCode(line []byte) []byte {
	if !bytes.Contains(line, []byte(`"code":-32603`)) {
		return line
	}
	var e rpcError
	var f fault.Error
	if json.Unmarshal(line, &e) != nil || json.Unmarshal([]byte(e.Error.Message), &f) != nil || f.Code != fault.NotFound {
		return line
	}
	e.Error.Code, e.Error.Message, e.Error.Data = mcp.RESOURCE_NOT_FOUND, f.Message, f
	out, err := json.Marshal(e)
	if err != nil {
		return line
	}
	return append(out, '\n')
}
