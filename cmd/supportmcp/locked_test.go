package main

import (
	"testing"

	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// Who asks, and whose charge it is, is read from Intercom: real money must not
// follow what anybody on this machine made up.
func TestLiveStripeIsLockedWhileIntercomIsASandbox(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://127.0.0.1:12112", "http://localhost:12112", "http://[::1]:12112"} {
		c := Config{IntercomBase: base, IntercomAdmin: "1", AllowLiveWrites: "true"}
		if c.locked(stripe.Live)[policies.Stripe] == "" {
			t.Errorf("with Intercom at %s live Stripe is written to", base)
		}
	}
	c := Config{IntercomBase: "https://api.intercom.io", IntercomAdmin: "1", AllowLiveWrites: "true"}
	if locked := c.locked(stripe.Live); len(locked) > 0 {
		t.Errorf("a configuration for live work is locked: %v", locked)
	}
}
