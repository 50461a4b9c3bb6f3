// Package bridge carries MCP between the pipes of a client that starts programs and
// a service at an address. It owns what differs between the two transports: headers,
// streams, reconnecting, and what a client hears when the service is away.
//
// It holds a token and nothing else of value. It never changes a message, never
// repeats one that may have arrived, and writes nothing but the protocol.
package bridge

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Config says which service to carry messages to, and as whom.
type Config struct {
	URL string // of the service's endpoint
	// Token gives the bearer token, and is asked again when the service refuses it.
	// "" is none.
	Token func() (string, error)
	HTTP  *http.Client // must follow no redirects: one would carry the token elsewhere
	Log   *slog.Logger
	Away  time.Duration // how long a message waits while the service takes no connection
}

// Bounds of what one client may do.
const (
	maxLine  = 1 << 20  // bytes of one message
	maxReply = 64 << 20 // bytes of one answer, and of one event of a stream
	maxOpen  = 128      // requests without an answer; further ones wait
	patience = 30 * time.Second
)

// Run carries messages until in ends or ctx is done, or nobody reads out any more.
// When in ends, the requests under way get patience to be answered.
func Run(ctx context.Context, in io.Reader, out io.Writer, c Config) error {
	token, err := c.Token()
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	b := &bridge{
		Config: c, end: end, token: token, out: out,
		open: map[string]context.CancelFunc{}, slots: make(chan struct{}, maxOpen),
	}
	lines, ended := make(chan []byte), make(chan error, 1)
	go func() { ended <- read(ctx, in, lines) }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			b.take(ctx, line)
		case err := <-ended:
			b.drain(ctx)
			return err
		}
	}
}

// bridge is one client's way to the service.
type bridge struct {
	Config
	end     context.CancelFunc
	slots   chan struct{}
	calls   sync.WaitGroup // everything that is being forwarded, but streams
	hearing sync.Once      // to what the service tells by itself in the era with sessions

	mu      sync.Mutex
	token   string
	version string                        // negotiated by initialize; "" before, and in the era without sessions
	session string                        // that the service gave with it
	open    map[string]context.CancelFunc // requests by id, as the client wrote it

	writing sync.Mutex
	out     io.Writer
}

// drain waits for answers.
func (b *bridge) drain(ctx context.Context) {
	answered := make(chan struct{})
	go func() { b.calls.Wait(); close(answered) }()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-answered:
	case <-t.C:
	case <-ctx.Done():
	}
}

// take forwards one message. Only the greeting is waited for: what it agrees on
// goes with every later message.
func (b *bridge) take(ctx context.Context, line []byte) {
	m := messageOf(line)
	switch {
	case m.tooLong:
		b.write(tooLong())
	case m.Method == "notifications/cancelled":
		b.cancel(m)
	case m.Method == "subscriptions/listen":
		ctx, done := b.opened(ctx, m)
		go func() { defer done(); b.listen(ctx, m) }()
	case m.Method == "initialize":
		b.forward(ctx, m)
	case m.Method == "notifications/initialized":
		b.start(ctx, m)
		b.hearing.Do(func() { go b.hear(ctx) })
	default:
		b.start(ctx, m)
	}
}

// start forwards beside everything else that is under way.
func (b *bridge) start(ctx context.Context, m message) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	ctx, done := b.opened(ctx, m)
	b.calls.Go(func() {
		defer func() { <-b.slots }()
		defer done()
		b.forward(ctx, m)
	})
}

// opened notes a request, so that the client can cancel it.
func (b *bridge) opened(ctx context.Context, m message) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if !m.isRequest() {
		return ctx, cancel
	}
	id := string(m.ID)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[id] = cancel
	return ctx, func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.open, id)
	}
}

// cancel hangs up, which is how a request is cancelled over HTTP. The notification
// goes no further: over HTTP ids are not a client's own
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports).
func (b *bridge) cancel(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hangUp := b.open[m.cancelled()]; hangUp != nil {
		hangUp()
	}
}

// write hands one message to the client. When it does not read any more there is
// nobody left to work for.
func (b *bridge) write(line []byte) {
	b.writing.Lock()
	defer b.writing.Unlock()
	if _, err := b.out.Write(append(line, '\n')); err != nil {
		b.end()
	}
}

// gone reports whether a request ended because the client wanted it to.
func gone(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}
