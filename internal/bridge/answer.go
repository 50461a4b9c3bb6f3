package bridge

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"supportmcp/internal/fault"
)

// answer hands on what the service answered, whatever it is: one message, a stream
// of them, or a refusal that no message led to.
func (b *bridge) answer(m message, res *http.Response) error {
	if streams(res) {
		return b.relay(m, res)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch got := messageOf(body); {
	case len(got.ID) > 0 && got.Method == "":
		b.hand(m, got, res.Header)
	case res.StatusCode == http.StatusAccepted, res.StatusCode == http.StatusNoContent:
		if len(m.ID) > 0 && m.Method != "" {
			return unanswered(io.ErrUnexpectedEOF)
		}
	default:
		return refusal(res.StatusCode, body)
	}
	return nil
}

// relay hands on the messages of a stream until its answer has come.
func (b *bridge) relay(m message, res *http.Response) error {
	return events(res.Body, func(data []byte) (more bool) {
		got := messageOf(data)
		b.hand(m, got, res.Header)
		return !got.answers(m)
	})
}

// hand hands a message on. The answer to a greeting says what goes with every later
// message.
func (b *bridge) hand(asked, got message, header http.Header) {
	b.write(oneLine(got.line))
	if asked.Method != "initialize" || !got.answers(asked) {
		return
	}
	var agreed struct {
		Result struct{ ProtocolVersion string }
	}
	if json.Unmarshal(got.line, &agreed) != nil || agreed.Result.ProtocolVersion == "" {
		return
	}
	b.mu.Lock()
	b.version, b.session = agreed.Result.ProtocolVersion, header.Get("Mcp-Session-Id")
	b.mu.Unlock()
}

// oneLine is a message as the pipe wants it; JSON needs no line breaks.
func oneLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	if !bytes.ContainsAny(text, "\r\n") {
		return text
	}
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return bytes.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, text)
	}
	return out.Bytes()
}

// events reads the data of server-sent events until take wants no more
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
func events(body io.Reader, take func(data []byte) (more bool)) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 4<<10), maxReply)
	var data []byte
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			if len(data) > 0 && !take(data) {
				return nil
			}
			data = nil
			continue
		}
		if more, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok {
			data = append(data, bytes.TrimPrefix(more, []byte(" "))...)
			data = append(data, '\n')
		}
	}
	return unanswered(errors.Join(lines.Err(), io.ErrUnexpectedEOF))
}

// fail answers a request that the service did not answer. Of anything else nobody
// waits for the fate.
func (b *bridge) fail(m message, err error) {
	f := b.told(err)
	b.Log.Warn("a message was not answered", "method", m.Method, "err", f)
	if !m.isRequest() {
		return
	}
	b.write(rpcError(m.ID, codeOf(err), f))
}

// The codes of errors that no service gave: those that JSON-RPC leaves to servers.
const (
	codeAway    = -32000
	codeRefused = -32600
	codeParse   = -32700
)

func codeOf(err error) int {
	if no, ok := errors.AsType[*refused](err); ok {
		return no.code
	}
	return codeAway
}

func tooLong() []byte {
	f := fault.Invalidf("send less", "the message is longer than %d bytes", maxLine)
	return rpcError(nil, codeParse, f)
}

// rpcError is an error as JSON-RPC tells it. What to do next stands in the message,
// too: many clients show no more than that.
func rpcError(id json.RawMessage, code int, f *fault.Error) []byte {
	type details struct {
		Code    int          `json:"code"`
		Message string       `json:"message"`
		Data    *fault.Error `json:"data"`
	}
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	out, err := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   details         `json:"error"`
	}{"2.0", id, details{code, f.Message + "; " + f.NextStep, f}})
	if err != nil {
		return []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"the error could not be encoded"}}`)
	}
	return out
}
