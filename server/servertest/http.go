package servertest

import (
	"context"
	"net"

	"supportmcp/server"
)

// HTTP is a desk's server, served over HTTP as well.
type HTTP struct {
	URL  string // of the endpoint
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// ServeHTTP serves the desk's server on a port of this machine, until the test
// ends or stops it.
func (d *Desk) ServeHTTP(access server.HTTP) *HTTP {
	d.t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(d.t.Context(), "tcp", "127.0.0.1:0")
	d.must(err)
	ctx, stop := context.WithCancel(context.WithoutCancel(d.t.Context()))
	h := &HTTP{URL: "http://" + l.Addr().String() + server.Endpoint, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(h.done)
		h.err = d.Server.ServeHTTP(ctx, l, access)
	}()
	d.t.Cleanup(func() { d.must(h.Stop()) })
	return h
}

// Stop ends serving, as a signal to the process does, and waits for it.
func (h *HTTP) Stop() error {
	h.stop()
	<-h.done
	return h.err
}
