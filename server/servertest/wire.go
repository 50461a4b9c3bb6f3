package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"
)

// Wire is a served connection: what a client writes and reads, byte by byte.
type Wire struct {
	in   *io.PipeWriter
	out  *io.PipeReader
	stop context.CancelFunc
	done chan struct{} // closed when the server has stopped serving

	mu      sync.Mutex
	more    *sync.Cond         // something was written, or serving ended
	written bytes.Buffer       // everything the server wrote
	answers map[string]Message // by the JSON of their ids
	ended   bool
	err     error // of serving
}

// serve runs the desk's server over pipes. When the test ends, the client hangs
// up, the server must end by itself, and all it wrote must have been JSON-RPC.
func (d *Desk) serve() *Wire {
	serverIn, in := io.Pipe()
	out, serverOut := io.Pipe()
	ctx, stop := context.WithCancel(context.WithoutCancel(d.t.Context()))
	w := &Wire{in: in, out: out, stop: stop, done: make(chan struct{}), answers: map[string]Message{}}
	w.more = sync.NewCond(&w.mu)
	go func() {
		defer close(w.done)
		err := d.Server.ServeStdio(ctx, serverIn, io.MultiWriter(w, serverOut))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err, w.ended = err, true
		w.more.Broadcast()
		_ = serverOut.Close()
	}()
	d.t.Cleanup(func() {
		w.HangUp()
		_, _ = io.Copy(io.Discard, w.out) // a client that is closed reads no more, and the server would wait for it
		<-w.done
		stop()
		w.check(d.t)
	})
	return w
}

// Write implements io.Writer, for the server, which writes one message per call.
func (w *Wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.more.Broadcast()
	var m Message
	if json.Unmarshal(p, &m) == nil && m.Method == "" {
		w.answers[string(m.ID)] = m
	}
	return w.written.Write(p)
}

// Send writes lines as they are, past the client.
func (w *Wire) Send(lines string) error {
	_, err := io.WriteString(w.in, lines)
	return err
}

// HangUp closes the connection from the client's side: no more requests.
func (w *Wire) HangUp() { _ = w.in.Close() }

// Vanish closes both directions, as a client that was killed.
func (w *Wire) Vanish() {
	_ = w.in.Close()
	_ = w.out.Close()
}

// Stop ends the server's context, as a signal to the process does.
func (w *Wire) Stop() { w.stop() }

// Served waits until the server has stopped serving.
func (w *Wire) Served() { <-w.done }

// Answer waits for the answer to a request. The id is JSON: 7, "x", or null for
// what could not be read.
func (w *Wire) Answer(t testing.TB, id string) Message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if m, ok := w.answers[id]; ok {
			return m
		}
		if w.ended {
			t.Fatalf("the server ended without an answer to %s", id)
		}
		w.more.Wait()
	}
}

// Told waits for a notification.
func (w *Wire) Told(t testing.TB, method string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !bytes.Contains(w.written.Bytes(), []byte(`"method":"`+method+`"`)) {
		if w.ended {
			t.Fatalf("the server ended without telling %s", method)
		}
		w.more.Wait()
	}
}

// Messages are all messages the server has written so far.
func (w *Wire) Messages(t testing.TB) []Message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Message
	for line := range bytes.Lines(w.written.Bytes()) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		var m Message
		if err := d.Decode(&m); err != nil || m.JSONRPC != "2.0" || d.More() {
			t.Errorf("the server wrote what is not JSON-RPC: %.200q (%v)", line, err)
		}
		out = append(out, m)
	}
	return out
}

// Message is a JSON-RPC message.
type Message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"` // null for an answer to what could not be read
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

func (w *Wire) check(t testing.TB) {
	t.Helper()
	w.Messages(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		t.Errorf("serve: %v", w.err)
	}
	if b := w.written.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
		t.Errorf("the last message does not end its line: %.200q", b)
	}
}
