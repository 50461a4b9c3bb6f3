package control

import (
	"sync/atomic"
	"time"
)

// Clock is the sandbox's time: a base clock and how far it was moved ahead.
// It is safe for concurrent use.
type Clock struct {
	base  func() time.Time
	ahead atomic.Int64
}

// NewClock starts at whatever base says: a real clock in the demo, a fixed one in tests.
func NewClock(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the sandbox's time, in UTC.
func (c *Clock) Now() time.Time { return c.base().UTC().Add(time.Duration(c.ahead.Load())) }

// Advance moves the clock ahead. A negative duration is ignored: the sandbox's time never runs back.
func (c *Clock) Advance(d time.Duration) {
	if d > 0 {
		c.ahead.Add(int64(d))
	}
}
