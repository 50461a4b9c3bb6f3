// Package sandbox owns a small company on the user's own machine: a Stripe
// account and an Intercom workspace that remember what is done to them, filled
// with named support stories. The demo, the tests and anybody's Stripe or
// Intercom client talk to it over loopback HTTP. It speaks HTTP only: no adapter
// is imported, so what is tested is what runs.
package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// The credentials the sandbox takes. They open nothing else.
const (
	StripeKey     = "sk_test_sandbox" //nolint:gosec // no secret
	IntercomToken = "sandbox-token"   //nolint:gosec // no secret
	AdminID       = "8001"            // of Robin Vale, who has an inbox seat
)

// Sandbox is both vendors and the time they live in.
type Sandbox struct {
	Clock    *control.Clock
	Stripe   *stripeapi.Server
	Intercom *intercomapi.Server

	journal *journal // nil when nothing is kept
}

// Close ends the keeping of what happens.
func (s *Sandbox) Close() {
	if s.journal != nil {
		_ = s.journal.file.Close() // every line of it is on the disk
	}
}

// New makes both vendors and plays every story into them, dated relative to the
// clock's present.
func New(clock *control.Clock) *Sandbox {
	s := &Sandbox{Clock: clock, Stripe: stripeapi.New(clock), Intercom: intercomapi.New(clock)}
	seed(s)
	return s
}

// Running is a sandbox that answers.
type Running struct {
	*Sandbox
	StripeURL   string
	IntercomURL string
	servers     []*http.Server
}

// Listen serves both vendors; port 0 takes a free one.
func (s *Sandbox) Listen(ctx context.Context, stripeAddr, intercomAddr string) (*Running, error) {
	r := &Running{Sandbox: s}
	var err error
	if r.StripeURL, err = r.serve(ctx, stripeAddr, s.Stripe.Handler()); err != nil {
		return nil, fmt.Errorf("serve Stripe: %w", err)
	}
	if r.IntercomURL, err = r.serve(ctx, intercomAddr, s.Intercom.Handler()); err != nil {
		r.Close()
		return nil, fmt.Errorf("serve Intercom: %w", err)
	}
	return r, nil
}

func (r *Running) serve(ctx context.Context, addr string, h http.Handler) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	r.servers = append(r.servers, srv)
	go func() { _ = srv.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close stops answering, at once.
func (r *Running) Close() {
	for _, s := range r.servers {
		_ = s.Close()
	}
	r.Sandbox.Close()
}
