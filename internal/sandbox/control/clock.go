package control

import (
	"sync"
	"time"
)

// Clock is the sandbox's time: a base clock and how far it was moved ahead.
// It is safe for concurrent use.
type Clock struct {
	base func() time.Time

	mu    sync.Mutex
	ahead time.Duration
	held  time.Time // stands still while not zero
	moved func(ahead time.Duration)
}

// NewClock starts at whatever base says: a real clock in the demo, a fixed one in tests.
func NewClock(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the sandbox's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held.IsZero() {
		return c.held
	}
	return c.base().UTC().Add(c.ahead)
}

// Advance moves the clock ahead. A negative duration is ignored: the sandbox's time never runs back.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	c.ahead += d
	ahead, moved := c.ahead, c.moved
	c.mu.Unlock()
	if moved != nil {
		moved(ahead)
	}
}

// Hold makes the clock stand still at t; the zero time lets it go on.
func (c *Clock) Hold(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = t
}

// OnAdvance calls moved with how far the clock is ahead in all, each time that it
// was moved.
func (c *Clock) OnAdvance(moved func(ahead time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = moved
}

// Ahead is how far the clock was moved ahead in all.
func (c *Clock) Ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}
