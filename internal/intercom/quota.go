package intercom

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"supportmcp/internal/turns"
)

// quotaWindow is how finely Intercom spreads its allowance per minute
// (https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting).
const quotaWindow = 10 * time.Second

// quota holds back requests that Intercom would refuse: a bucket of our own,
// corrected by what every answer says is left for the whole workspace.
type quota struct {
	turns  turns.Queue // principals take them before the bucket
	bucket *rate.Limiter

	mu   sync.Mutex
	shut time.Time // nothing is left until then
}

func newQuota(perSecond float64) *quota {
	if perSecond == 0 {
		perSecond = defaultPerSecond
	}
	return &quota{bucket: rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond)))}
}

// wait returns when a request may go out, or with the context's error.
func (c *Client) wait(ctx context.Context) error {
	end, err := c.quota.turns.Take(ctx)
	if err != nil {
		return err
	}
	defer end()
	now := c.now()
	turn := c.quota.bucket.ReserveN(now, 1)
	pause := max(turn.DelayFrom(now), c.quota.closed(now))
	if pause <= 0 {
		return nil
	}
	if err = c.sleep(ctx, pause); err != nil {
		turn.CancelAt(c.now())
	}
	return err
}

func (q *quota) closed(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shut.Sub(now)
}

// learn corrects the bucket by the headers of an answer. Others use up the same
// allowance, so the answer is right whenever it is lower.
func (q *quota) learn(now time.Time, h http.Header) {
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil || remaining < 0 {
		return
	}
	if surplus := int(q.bucket.TokensAt(now)) - remaining; surplus > 0 {
		q.bucket.ReserveN(now, surplus)
	}
	if remaining > 0 {
		return
	}
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return
	}
	// A reset further away than a window is only a clock that runs differently.
	until := min(max(0, time.Unix(reset, 0).Sub(now)), quotaWindow)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = now.Add(until)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
