package intercomapi

import (
	"net/http"
	"strconv"
	"time"
)

// quotaWindow is how finely Intercom spreads its allowance per minute
// (https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting).
const quotaWindow = 10 * time.Second

// quota counts the requests of the present window.
type quota struct {
	window time.Time
	used   int
}

// allowance is what the X-RateLimit headers tell.
type allowance struct {
	limit, remaining int
	reset            time.Time
	exceeded         bool
}

// spend counts one request.
func (q *quota) spend(now time.Time, limit int) allowance {
	q.look(now, limit)
	q.used++
	a := q.look(now, limit)
	a.exceeded = q.used > limit
	return a
}

// look tells the allowance without using it up.
func (q *quota) look(now time.Time, limit int) allowance {
	if window := now.Truncate(quotaWindow); !window.Equal(q.window) {
		*q = quota{window: window}
	}
	return allowance{limit: limit, remaining: max(0, limit-q.used), reset: q.window.Add(quotaWindow)}
}

func (a allowance) describe(h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(a.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(a.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(a.reset.Unix(), 10))
}
