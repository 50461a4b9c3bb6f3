package stripeapi

import (
	"net/http"
	"time"
)

// rates counts the requests of one second of the sandbox's clock.
type rates struct {
	endpoint int // requests a second that one endpoint takes; 0 is any number
	second   time.Time
	seen     map[string]int // by pattern
}

// LimitRate bounds the requests a second to each endpoint. Stripe's own bound is
// 25 (https://docs.stripe.com/rate-limits); without a call there is none, since
// the clock of a test stands still.
func (s *Server) LimitRate(perEndpoint int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = rates{endpoint: perEndpoint}
}

// exceeded is the refusal of one request too many.
func (s *Server) exceeded(rt route) *apiError {
	if s.limits.endpoint == 0 {
		return nil
	}
	if now := s.clock.Now().Truncate(time.Second); !now.Equal(s.limits.second) {
		s.limits.second, s.limits.seen = now, map[string]int{}
	}
	if s.limits.seen[rt.pattern]++; s.limits.seen[rt.pattern] <= s.limits.endpoint {
		return nil
	}
	return &apiError{
		Status: http.StatusTooManyRequests, Type: invalidRequest, Code: "rate_limit",
		Message: "Request rate limit exceeded. Slow down and try again.", Limited: "endpoint-rate",
	}
}
