package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"golang.org/x/net/netutil"

	"supportmcp/internal/fault"
)

// Endpoint is the path of MCP over HTTP.
const Endpoint = "/mcp"

// Bounds of the HTTP transport.
const (
	maxBody        = 1 << 20          // bytes of one message
	maxHeaders     = 32 << 10         // bytes of all headers of a request
	maxConnections = 1024             // open at once; further ones wait to be accepted
	maxCalls       = 128              // being answered at once; further ones wait for callWait
	maxStreams     = 256              // of notifications, open at once
	headerTime     = 10 * time.Second // for a client to send its headers
	bodyTime       = 20 * time.Second // and then the message
	writeTime      = 20 * time.Second // for a client to take what was written
	idleTime       = 2 * time.Minute  // between two requests of a connection
	callWait       = 10 * time.Second
	aliveEvery     = 15 * time.Second // a sign of life on streams with nothing to tell
)

// HTTP says how a server is reached over HTTP.
type HTTP struct {
	// Token is a bearer token whose holder may do all that is published.
	Token string
	// Renewed is the Token as it is now; nil: it stays as it is. It is asked at each
	// request, by many at once.
	Renewed func() string
	// Tokens are those that an operator makes for each caller; may be nil.
	Tokens Tokens
	// OAuth is the provider whose tokens are taken; nil is none. Where there is
	// neither it, nor Token, nor any of Tokens, calls from this machine need no token,
	// and those from other machines are refused.
	OAuth *OAuth
	// Rate is how many requests a second one principal may send, five seconds' worth
	// at once; 0 is no bound.
	Rate int
	// Origins are web origins, such as https://desk.example.com, whose pages may
	// call, and whose host a proxy on this machine may pass on. Pages of any other
	// origin are refused.
	Origins []string
	// News is told by webhooks of Intercom.
	News News
}

// ServeHTTP answers any number of clients over Streamable HTTP, in both protocol
// eras at one endpoint and without sessions, until ctx is done. Then no request is
// taken any more, streams end, and the calls under way get patience to be
// answered; what has begun is finished and recorded in any case. It closes l.
func (s *Server) ServeHTTP(ctx context.Context, l net.Listener, c HTTP) error {
	if err := c.Check(ctx, l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	transport := mcpserver.NewStreamableHTTPServer(s.mcp,
		mcpserver.WithStateLess(true),
		mcpserver.WithDisableLocalhostProtection(true), // edge does it, and knows more hosts
		mcpserver.WithStreamableHTTPLogger(s.log))
	e := newEdge(c, transport, s.log)
	e.keys.everyone, e.keys.guarded = s.principal, e.keys.guarded || !onlyHere(l.Addr())
	e.missing = s.missing
	h := &http.Server{
		Handler: withHook(c.News, e), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(netutil.LimitListener(l, maxConnections)) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		e.endStreams()
		err = shutdown(ctx, h)
	}
	s.calls.Wait()
	if err != nil {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

func shutdown(ctx context.Context, h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return h.Close() // whoever has not read the answer by now does not want it
}

// Check refuses an address that other machines reach unless a token protects it.
func (c HTTP) Check(ctx context.Context, addr net.Addr) error {
	if onlyHere(addr) {
		return nil
	}
	if protected, err := c.Protected(ctx); err != nil || protected {
		return err
	}
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: fmt.Sprintf("%s can be reached from other machines, and no token protects it", addr),
		NextStep: "make a token with supportmcp tokens create, set SUPPORTMCP_HTTP_TOKEN, or serve at 127.0.0.1",
	}
}

// Protected reports whether callers need a token of any kind.
func (c HTTP) Protected(ctx context.Context) (bool, error) {
	if c.Token != "" || c.OAuth != nil || c.Tokens == nil {
		return c.Token != "" || c.OAuth != nil, nil
	}
	return c.Tokens.Any(ctx)
}

// onlyHere reports whether only this machine reaches an address.
func onlyHere(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
