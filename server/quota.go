package server

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"supportmcp/policies"
)

// Bounds of one principal, so that nobody takes the server from others.
const (
	ownCalls   = maxCalls / 2 // being answered at once; further ones wait for callWait
	ownStreams = maxStreams / 4
	ahead      = 5 // so many seconds' requests may come at once

	ownDenials  = 60 // at once, of what scopes or the policy do not let through
	denialsBack = 1  // a second
)

// mostQuotas is how many principals are remembered. Above it those who are idle are
// forgotten, which gives them nothing that they did not have.
const mostQuotas = 10_000

// quota is what one principal has left.
type quota struct {
	requests *rate.Limiter
	denials  *rate.Limiter
	calls    chan struct{}
	streams  chan struct{}
}

// quotas are those of all principals. They are safe for concurrent use.
type quotas struct {
	rate float64 // requests a second; 0 bounds nobody

	mu sync.Mutex
	of map[policies.Principal]*quota
}

func newQuotas(perSecond int) *quotas {
	return &quotas{rate: float64(perSecond), of: map[policies.Principal]*quota{}}
}

func (qs *quotas) get(p policies.Principal) *quota {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	q, ok := qs.of[p]
	if ok {
		return q
	}
	if len(qs.of) >= mostQuotas {
		qs.forget()
	}
	q = &quota{
		requests: rate.NewLimiter(rate.Inf, 0), denials: rate.NewLimiter(denialsBack, ownDenials),
		calls: make(chan struct{}, ownCalls), streams: make(chan struct{}, ownStreams),
	}
	if qs.rate > 0 {
		q.requests = rate.NewLimiter(rate.Limit(qs.rate), ahead*int(qs.rate))
	}
	qs.of[p] = q
	return q
}

// forget drops those who have nothing under way and all their allowance.
func (qs *quotas) forget() {
	for p, q := range qs.of {
		rested := q.requests.Limit() == rate.Inf || q.requests.Tokens() >= float64(q.requests.Burst())
		if rested && q.denials.Tokens() >= ownDenials && len(q.calls)+len(q.streams) == 0 {
			delete(qs.of, p)
		}
	}
}

// quotaKey finds the quota of whoever sent a request.
type quotaKey struct{}

// noteDenial counts what was denied to the caller of a request. Over stdio nobody
// is counted: that client has the server to itself.
func noteDenial(ctx context.Context) {
	if q, ok := ctx.Value(quotaKey{}).(*quota); ok {
		q.denials.Allow()
	}
}

// spent says what a principal has used up; "" lets the next request through.
func (q *quota) spent() string {
	switch {
	case q.denials.Tokens() < 1:
		return "too much of what you asked for was denied"
	case !q.requests.Allow():
		return "you send more requests than a caller may"
	}
	return ""
}
