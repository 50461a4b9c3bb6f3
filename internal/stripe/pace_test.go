package stripe_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// inside serves requests in this process, without a network, so that time can be
// that of a bubble.
type inside struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	rec, in := httptest.NewRecorder(), r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	i.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// busyAgents lets 32 agents read at once and tells how many requests were refused
// for their number.
func busyAgents(t testing.TB, perEndpoint bool) (refused int) {
	t.Helper()
	account := stripeapi.New(control.NewClock(time.Now))
	account.LimitRate(25)
	account.AddCustomer(stripeapi.Customer{ID: "cus_1"})
	c, err := stripe.New(stripe.Config{
		Key: testKey, BaseURL: "http://stripe.sandbox", HTTP: &http.Client{Transport: inside{account.Handler()}}, Now: time.Now, PerEndpoint: perEndpoint,
	})
	if err != nil {
		t.Fatal(err)
	}
	var agents sync.WaitGroup
	for range 32 {
		agents.Go(func() {
			for range 4 {
				if _, err := c.Charges(t.Context(), "cus_1", "", 20); err != nil && perEndpoint {
					t.Error(err)
				}
			}
		})
	}
	agents.Wait()
	for _, r := range account.Desk.Requests() {
		if r.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	return refused
}

func TestBusyAgentsStayWithinTheLimitOfAnEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if n := busyAgents(t, true); n != 0 {
			t.Errorf("%d requests were refused", n)
		}
		if busyAgents(t, false) == 0 {
			t.Error("nothing is refused without a pace, either: this shows nothing")
		}
	})
}

// While one principal has a thousand requests waiting, another's next one goes out.
func TestAQuietPrincipalDoesNotWaitBehindTheFloodOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := stripeapi.New(control.NewClock(time.Now))
		account.AddCustomer(stripeapi.Customer{ID: "cus_1"})
		c, err := stripe.New(stripe.Config{
			Key: testKey, BaseURL: "http://stripe.sandbox", HTTP: &http.Client{Transport: inside{account.Handler()}}, Now: time.Now, PerEndpoint: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		as := func(who policies.Principal) context.Context { return access.With(t.Context(), access.Everything(who)) }
		var flood sync.WaitGroup
		for range 200 { // ten seconds' worth
			flood.Go(func() {
				if _, err := c.Charges(as("flood"), "cus_1", "", 20); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		before := time.Now()
		if _, err := c.Charges(as("quiet"), "cus_1", "", 20); err != nil {
			t.Error(err)
		}
		if waited := time.Since(before); waited > 200*time.Millisecond { // of the bubble's clock
			t.Errorf("the quiet one waited %s", waited)
		}
		flood.Wait()
	})
}

// BenchmarkBusyAgents says how long 32 agents need for four overviews each.
func BenchmarkBusyAgents(b *testing.B) {
	for b.Loop() {
		if n := busyAgents(b, true); n != 0 {
			b.Errorf("%d requests were refused", n)
		}
	}
}
