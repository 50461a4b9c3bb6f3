package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
)

// sessionHeader names a session in the legacy era. This server keeps none.
const sessionHeader = "Mcp-Session-Id"

// edge stands before mcp-go's transport: it lets in only requests that the
// protocol and the operator allow, bounds them, and keeps from mcp-go what it
// would get wrong.
type edge struct {
	transport http.Handler
	log       *slog.Logger
	keys      keys
	quotas    *quotas
	missing   func(access.Caller, message) access.Scopes // what a message needs and its caller lacks
	origins   []string
	hosts     []string // besides those of this machine
	calls     chan struct{}
	streams   chan struct{}
	callWait  time.Duration // for a slot of calls
	bodyTime  time.Duration // for a client to send its message
	draining  chan struct{} // closed when streams must end
}

func newEdge(c HTTP, transport http.Handler, log *slog.Logger) *edge {
	e := &edge{
		transport: transport, log: log, keys: keysOf(c), quotas: newQuotas(c.Rate), origins: c.Origins,
		missing: func(access.Caller, message) access.Scopes { return nil },
		calls:   make(chan struct{}, maxCalls), streams: make(chan struct{}, maxStreams), draining: make(chan struct{}),
		callWait: callWait, bodyTime: bodyTime,
	}
	for _, o := range c.Origins {
		if u, err := url.Parse(o); err == nil {
			e.hosts = append(e.hosts, u.Host)
		}
	}
	return e
}

// endStreams ends all streams and lets no new one begin. It is called once.
func (e *edge) endStreams() { close(e.draining) }

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer e.recovered(w, r)
	hurry(http.NewResponseController(w))
	for _, check := range []func(*http.Request) *refusal{e.checkHost, e.checkOrigin} {
		if no := check(r); no != nil {
			no.write(w)
			return
		}
	}
	if e.shareWithPage(w, r) || e.keys.oauth.introduce(w, r) {
		return
	}
	if no := checkPath(r); no != nil {
		no.write(w)
		return
	}
	caller, no := e.keys.caller(r)
	if no != nil {
		e.log.Debug("nobody is let in", "why", no.fault.Message, "err", no.fault.Cause)
		no.write(w)
		return
	}
	q := e.quotas.get(caller.Principal)
	e.serve(w, r.WithContext(context.WithValue(access.With(r.Context(), caller), quotaKey{}, q)), q)
}

// serve takes a request of somebody who is known.
func (e *edge) serve(w http.ResponseWriter, r *http.Request, q *quota) {
	if no := checkMethod(r); no != nil {
		no.write(w)
		return
	}
	if why := q.spent(); why != "" {
		refuse(http.StatusTooManyRequests, fault.RateLimited, why, "wait a few seconds, and ask less often").write(w)
		return
	}
	if r.Method == http.MethodGet {
		// A stream of its own, whatever session the client names: in one session two
		// streams would share their messages.
		r.Header.Set(sessionHeader, rand.Text())
		e.stream(w, r, message{}, q)
		return
	}
	e.post(w, r, q)
}

// recovered answers for a fault of ours, whose text stays in the log.
func (e *edge) recovered(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	e.log.Error("panic", "method", r.Method, "err", fmt.Sprint(p))
	refuse(http.StatusInternalServerError, fault.Internal, "something went wrong inside supportmcp", "try once more").write(w)
}

// post takes one message.
func (e *edge) post(w http.ResponseWriter, r *http.Request, q *quota) {
	body, no := e.readBody(w, r)
	if no != nil {
		no.write(w)
		return
	}
	m := messageOf(body)
	if m.Method == string(mcp.MethodNotificationCancelled) {
		// mcp-go would cancel the request with this id of any client, since without
		// sessions it does not know them apart. Who no longer wants an answer hangs up.
		w.WriteHeader(http.StatusAccepted)
		return
	}
	caller := access.Of(r.Context())
	if missing := e.missing(caller, m); len(missing) > 0 {
		noteDenial(r.Context())
		e.log.Info("outside of a caller's scopes", "principal", caller.Principal, "method", m.Method, "lacks", missing.String())
		if caller.CanGrow {
			e.keys.lacking(caller.Scopes, missing).write(w)
			return
		}
	}
	r.Header.Del(sessionHeader)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if m.listens() {
		e.stream(w, r, m, q)
		return
	}
	e.call(w, r, m, q)
}

// call passes on a message that is answered at once. Its own caller's slots come
// first, so that nobody waits in front of others with more than those.
func (e *edge) call(w http.ResponseWriter, r *http.Request, m message, q *quota) {
	for _, slots := range []chan struct{}{q.calls, e.calls} {
		if !take(r.Context(), slots, e.callWait) {
			refuse(http.StatusServiceUnavailable, fault.Busy, "too many calls are under way", "try again in a few seconds").write(w)
			return
		}
		defer func() { <-slots }()
	}
	e.pass(w, r, m)
}

// stream passes on a request whose answer ends with the server at the latest.
func (e *edge) stream(w http.ResponseWriter, r *http.Request, m message, q *quota) {
	for _, slots := range []chan struct{}{q.streams, e.streams} {
		if !take(r.Context(), slots, 0) {
			refuse(http.StatusServiceUnavailable, fault.Busy, "too many streams are open", "close one, or do without notifications").write(w)
			return
		}
		defer func() { <-slots }()
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-e.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	e.pass(w, r.WithContext(ctx), m)
}

func (e *edge) pass(w http.ResponseWriter, r *http.Request, m message) {
	a := newReply(w, m)
	defer a.end()
	e.transport.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), replyKey{}, a)))
}

// take waits for a slot; with a wait of 0 it must be free.
func take(ctx context.Context, slots chan struct{}, wait time.Duration) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case slots <- struct{}{}:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// readBody reads one message within its bounds, and takes the bound of time back
// afterwards: it would end the answer, too.
func (e *edge) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(e.bodyTime)) //nolint:forbidigo // sockets know only the machine's own time
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = conn.SetReadDeadline(time.Time{})
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, refuse(http.StatusRequestEntityTooLarge, fault.Invalid, fmt.Sprintf("the message is longer than %d bytes", maxBody), "send less")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refuse(http.StatusRequestTimeout, fault.Invalid, "the message did not arrive in time", "send it again")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, fault.Invalid, "the message did not arrive whole", "send it again")
	}
	return body, nil
}
