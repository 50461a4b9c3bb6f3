package sandbox

import (
	"fmt"

	"supportmcp/internal/sandbox/control"
)

// Seed says whom a sandbox is filled with, beside the stories. The zero value is
// nobody.
type Seed string

// Large is 10,000 customers at Stripe, of whom half have a contact in Intercom.
const Large Seed = "large"

// ParseSeed reads a seed as it is typed.
func ParseSeed(s string) (Seed, error) {
	if seed := Seed(s); seed == "" || seed == Large {
		return seed, nil
	}
	return "", fmt.Errorf("there is no seed %q: the only one is %s", s, Large)
}

// NewSeeded makes both vendors with the stories and whom the seed says; the same
// clock and seed give the same sandbox.
func NewSeeded(clock *control.Clock, seed Seed) *Sandbox {
	s := New(clock)
	if seed == Large {
		s.Crowd(10_000, 5_000)
	}
	return s
}
