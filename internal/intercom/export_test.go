package intercom

import (
	"context"
	"time"
)

// SetSleep replaces how the client waits, so that tests need not.
func (c *Client) SetSleep(f func(context.Context, time.Duration) error) { c.sleep = f }

// The text functions, for tests and fuzzing.
var (
	Clean    = clean
	ToHTML   = toHTML
	SameText = sameText
)
