package bridge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// message is a JSON-RPC message as it came, with what HTTP wants to be told of it.
type message struct {
	ID     json.RawMessage
	Method string
	Params json.RawMessage

	line    []byte
	tooLong bool
}

// messageOf is empty but for its line where that is no message: the service says
// what is wrong with it.
func messageOf(line []byte) (m message) {
	_ = json.Unmarshal(line, &m)
	m.line, m.tooLong = line, line == nil
	if string(m.ID) == "null" {
		m.ID = nil
	}
	return m
}

// isRequest reports whether the message wants an answer. What cannot be read is
// answered as well.
func (m message) isRequest() bool {
	return len(m.ID) > 0 && m.Method != "" || len(m.ID) == 0 && m.Method == ""
}

// answers reports whether a message from the service is the answer to asked.
func (m message) answers(asked message) bool {
	return m.Method == "" && (bytes.Equal(m.ID, asked.ID) || len(asked.ID) == 0)
}

// cancelled is the id that a cancellation names.
func (m message) cancelled() string {
	var p struct{ RequestID json.RawMessage }
	_ = json.Unmarshal(m.Params, &p)
	return string(p.RequestID)
}

// version is the protocol version that a message of the era without sessions
// carries; "" in the other.
func (m message) version() string {
	var p struct {
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(m.Params, &p)
	return p.Meta.Version
}

// headers repeat what the message says of itself, for proxies that do not read
// bodies (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports).
func (m message) headers(h http.Header) {
	h.Set("Mcp-Protocol-Version", m.version())
	if m.Method == "" {
		return
	}
	h.Set("Mcp-Method", m.Method)
	if name, ok := m.name(); ok {
		h.Set("Mcp-Name", headerValue(name))
	}
}

// name is what the request asks for, where that goes into a header.
func (m message) name() (string, bool) {
	var p struct{ Name, URI string }
	_ = json.Unmarshal(m.Params, &p)
	switch m.Method {
	case "tools/call", "prompts/get":
		return p.Name, true
	case "resources/read":
		return p.URI, true
	}
	return "", false
}

// headerValue wraps text that a header cannot carry as it is.
func headerValue(text string) string {
	const begin, end = "=?base64?", "?="
	unsafe := func(r rune) bool { return r < ' ' || r > '~' }
	if strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unsafe) && !strings.HasPrefix(text, begin) {
		return text
	}
	return begin + base64.StdEncoding.EncodeToString([]byte(text)) + end
}

// read hands over one line at a time; nil is one that was too long.
func read(ctx context.Context, in io.Reader, lines chan<- []byte) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		line, long, err := next(r)
		if long || len(bytes.TrimSpace(line)) > 0 {
			select {
			case lines <- line:
			case <-ctx.Done():
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next reads one line without its end.
func next(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		var part []byte
		part, err = r.ReadSlice('\n')
		if len(line) <= maxLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) > maxLine {
			return nil, true, err
		}
		return bytes.TrimRight(line, "\r\n"), false, err
	}
}
