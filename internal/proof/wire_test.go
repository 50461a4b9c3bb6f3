package proof_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"runtime"
	"strings"
	"syscall"
	"time"

	"supportmcp/internal/proof"
)

// carried is a request on its way to a vendor.
type carried struct {
	name    string
	request *http.Request
	body    []byte
	to      http.Handler
	until   time.Time // when it is lost for good, if nobody has delivered it
}

// writes reports whether it matters that the request arrives late.
func (c *carried) writes() bool {
	return c.request.Method != http.MethodGet && !strings.HasSuffix(c.name, "/search")
}

// deliver lets the vendor answer; a cut connection is an error.
func (c *carried) deliver(ctx context.Context) (res *http.Response, err error) {
	defer func() {
		p := recover()
		if cut, ok := p.(error); ok && errors.Is(cut, http.ErrAbortHandler) {
			res, err = nil, io.ErrUnexpectedEOF
		} else if p != nil {
			panic(p)
		}
	}()
	rec := httptest.NewRecorder()
	in := c.request.Clone(ctx)
	in.Body = io.NopCloser(bytes.NewReader(c.body))
	c.to.ServeHTTP(rec, in)
	return rec.Result(), ctx.Err()
}

// line carries the requests of one process without a network, and stops twice
// for each: when it is written, and when the answer is there.
type line struct {
	process *process
	vendors map[string]http.Handler // by host
}

// RoundTrip implements http.RoundTripper.
func (l line) RoundTrip(r *http.Request) (*http.Response, error) {
	p := l.process
	// Not the Timeout of http.Client, which leaves a goroutine behind when its
	// caller dies.
	asked, cancel := context.WithTimeout(r.Context(), 25*time.Second)
	defer cancel()
	r = r.WithContext(asked)
	c := &carried{name: r.Method + " " + r.URL.Path, request: r, to: l.vendors[r.URL.Host]}
	if r.Body != nil {
		var err error
		if c.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	c.until = time.Now().Add(p.world.lateness(r.URL.Host))
	v, ok := p.world.wait(r.Context(), p.gone, &pause{who: actorOf(r.Context()), what: "request " + c.name, request: c})
	if p.dead.Load() || v == die {
		p.die("before a request")
		runtime.Goexit()
	}
	if v == unreachable {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	written(r.Context())
	if v == delay {
		p.world.abandon(c)
		return nil, io.ErrUnexpectedEOF
	}
	if !ok {
		return nil, r.Context().Err()
	}
	if p.isFatal(proof.RequestWritten) {
		p.world.abandon(c)
		p.die(proof.RequestWritten)
		runtime.Goexit()
	}
	ctx, hangUp := context.WithCancel(r.Context())
	defer hangUp()
	defer context.AfterFunc(p.ctx, hangUp)()
	res, err := c.deliver(ctx)
	if p.dead.Load() {
		runtime.Goexit()
	}
	v, ok = p.world.wait(r.Context(), p.gone, &pause{who: actorOf(r.Context()), what: "answer " + c.name})
	p.at(proof.AnswerRead)
	switch {
	case v == die:
		p.die(proof.AnswerRead)
		runtime.Goexit()
	case v == lose:
		return nil, io.ErrUnexpectedEOF
	case !ok:
		return nil, r.Context().Err()
	}
	return res, err
}

// written tells the client's traces what net/http tells them when a request goes
// out: the adapters conclude from it whether the vendor can have seen it.
func written(ctx context.Context) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		return
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if trace.WroteHeaderField != nil {
		trace.WroteHeaderField("Host", nil)
	}
}
