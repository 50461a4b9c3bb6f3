package main

import (
	"strings"
	"testing"
	"time"
)

// Whoever can write what ties them to a customer chooses whose money is theirs, so
// no server starts that would believe it.
func TestAServerDoesNotStartWhileCustomersCanWriteATie(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	if got := typeIn(t, p.environ, "serve"); got.status != 0 {
		t.Fatalf("a safe tie: %s", got.err)
	}
	p.Intercom.SetMessengerWritable("stripe_customer_id", true)
	got := typeIn(t, p.environ, "serve")
	if got.status == 0 || !strings.Contains(got.err, "customers can write from the Messenger what ties them to a Stripe customer: contact attribute stripe_customer_id") {
		t.Errorf("status %d: %s", got.status, got.err)
	}
	mail := append(p.environ, "SUPPORTMCP_POLICY="+written(t, "policy.yaml", "version: 1\nties: [external_id: user_id, email]\n", 0o600))
	if got := typeIn(t, mail, "serve"); got.status != 0 {
		t.Errorf("a policy that ties by something else: %s", got.err)
	}
}
