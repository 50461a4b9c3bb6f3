package stripe

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"supportmcp/internal/turns"
)

// Stripe allows 100 requests a second in live mode, and 25 to one endpoint
// (https://docs.stripe.com/rate-limits): pace and burst stay within that even in
// the first second.
const (
	pace  = 80
	burst = 20

	endpointPace  = 20
	endpointBurst = 5
)

// pacer lets requests through as fast as an account stands. Safe for concurrent use.
type pacer struct {
	all         *lane
	perEndpoint bool

	mu        sync.Mutex
	endpoints map[string]*lane
}

// lane is one limit, before which principals take turns.
type lane struct {
	turns  turns.Queue
	bucket *rate.Limiter
}

func newPacer(perEndpoint bool) *pacer {
	return &pacer{all: newLane(pace, burst), perEndpoint: perEndpoint, endpoints: map[string]*lane{}}
}

func newLane(pace rate.Limit, burst int) *lane { return &lane{bucket: rate.NewLimiter(pace, burst)} }

func (l *lane) wait(ctx context.Context) error {
	end, err := l.turns.Take(ctx)
	if err != nil {
		return err
	}
	defer end()
	return l.bucket.Wait(ctx)
}

// wait waits for a request's turn, or until the caller gives up.
func (p *pacer) wait(ctx context.Context, r *http.Request) error {
	if p.perEndpoint {
		if err := p.of(endpointOf(r)).wait(ctx); err != nil {
			return err
		}
	}
	return p.all.wait(ctx)
}

func (p *pacer) of(endpoint string) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.endpoints[endpoint]
	if !ok {
		l = newLane(endpointPace, endpointBurst)
		p.endpoints[endpoint] = l
	}
	return l
}

// endpointOf is method and path without ids: "GET /v1/customers/…/balance_transactions".
func endpointOf(r *http.Request) string {
	steps := strings.Split(r.URL.Path, "/")
	if len(steps) > 3 && steps[3] != "search" && steps[3] != "preview" && steps[2] != "billing_portal" {
		steps[3] = "…"
	}
	return r.Method + " " + strings.Join(steps, "/")
}
