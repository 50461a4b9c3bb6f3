package main

import (
	"io"
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
	file := written(t, "policy.yaml", "version: 1\nties: [external_id: user_id, email: equal]\n", 0o600)
	mail := append(p.environ, "SUPPORTMCP_POLICY="+file)
	if got := typeIn(t, mail, "serve"); got.status == 0 || !strings.Contains(got.err, "policy apply") {
		t.Errorf("other ties that nobody let through: status %d: %s", got.status, got.err)
	}
	if got := typeIn(t, mail, "policy", "apply", file, "--as", "robin"); got.status != 0 {
		t.Fatalf("applied: %s", got.err)
	}
	if got := typeIn(t, mail, "serve"); got.status != 0 {
		t.Errorf("a policy that ties by something else: %s", got.err)
	}
}

// An attribute may be opened to the Messenger while a server runs. It then denies
// everything until that is mended.
func TestThePolicyIsWithdrawnWhileCustomersCanWriteATie(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	w := world{in: strings.NewReader(""), out: io.Discard, err: io.Discard, environ: p.environ, now: time.Now}
	cfg, err := readConfig(w.environ)
	if err != nil {
		t.Fatal(err)
	}
	s, err := configured(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := newService(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.close(); err != nil {
			t.Error(err)
		}
	})
	rules := svc.guard.Policy()
	for _, open := range []bool{false, true, true, false} {
		p.Intercom.SetMessengerWritable("stripe_customer_id", open)
		if err := svc.holdTies(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now := svc.guard.Policy(); open && now != nil || !open && now != rules {
			t.Errorf("open %v: the policy in force is %v", open, now)
		}
	}
}
