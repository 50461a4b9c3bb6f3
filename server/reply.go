package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// reply is what mcp-go answers an HTTP request with. It completes single answers,
// keeps streams alive, and gives a client that does not read only so much time.
type reply struct {
	http.ResponseWriter
	conn  *http.ResponseController
	asked message
	told  chan struct{} // closed when the first event of a stream is written
	ended chan struct{}

	mu     sync.Mutex
	status int // held back until the body is known; 0 when none is
	open   bool
	stream bool
}

// replyKey finds the reply of a request.
type replyKey struct{}

func newReply(w http.ResponseWriter, asked message) *reply {
	return &reply{ResponseWriter: w, conn: http.NewResponseController(w), asked: asked, told: make(chan struct{}), ended: make(chan struct{})}
}

// WriteHeader implements http.ResponseWriter.
func (a *reply) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.is("application/json"):
		a.status = status
	case a.is("text/event-stream"):
		a.Header().Set("X-Accel-Buffering", "no") // nginx would collect events
		a.begin(status)
		a.stream = true
		go a.keepAlive()
	default:
		a.begin(status)
	}
}

func (a *reply) is(mime string) bool {
	return strings.HasPrefix(a.Header().Get("Content-Type"), mime)
}

func (a *reply) begin(status int) {
	a.open = true
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. mcp-go writes one message per call.
func (a *reply) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := p
	if a.status != 0 && !a.open {
		var changed bool
		if out, changed = a.asked.complete(p); changed && a.asked.modern() {
			a.status = http.StatusBadRequest
		}
		a.begin(a.status)
	}
	if err := a.send(out); err != nil {
		return 0, err
	}
	if a.stream {
		a.tell()
	}
	return len(p), nil
}

func (a *reply) send(p []byte) error {
	hurry(a.conn)
	_, err := a.ResponseWriter.Write(p)
	return err
}

func (a *reply) tell() {
	select {
	case <-a.told:
	default:
		close(a.told)
	}
}

// Flush implements http.Flusher.
func (a *reply) Flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open {
		_ = a.conn.Flush() // a broken connection ends the request's context
	}
}

// keepAlive writes comments between the events of a stream, so that neither
// client nor proxy takes it for dead.
func (a *reply) keepAlive() {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.ended:
			return
		case <-tick.C:
			if !a.sign() {
				return
			}
		}
	}
}

// sign gives a sign of life, unless the reply has ended: then the connection is
// no longer this request's.
func (a *reply) sign() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.ended:
		return false
	default:
		return a.send([]byte(": alive\n\n")) == nil && a.conn.Flush() == nil
	}
}

// end lets nothing be written any more. A header that was held back for a body
// that never came is written.
func (a *reply) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status != 0 && !a.open {
		a.begin(a.status)
	}
	close(a.ended)
}

// hurry gives the client writeTime to take what is written next.
func hurry(conn *http.ResponseController) {
	_ = conn.SetWriteDeadline(time.Now().Add(writeTime)) //nolint:forbidigo // sockets know only the machine's own time
}

// acknowledged holds back the end of a subscription until its beginning was
// written: mcp-go drops what it has not written when a request ends.
func acknowledged(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
	a, ok := ctx.Value(replyKey{}).(*reply)
	if !ok {
		return
	}
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-a.told:
	case <-ctx.Done():
	case <-t.C:
	}
}
