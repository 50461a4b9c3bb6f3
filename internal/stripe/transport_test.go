package stripe_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
)

func TestAReadThatFailsInPassingIsRepeatedTwiceAtMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   control.Kind
		status int
		times  int
		asked  int
		ok     bool
	}{
		{control.RateLimit, 0, 1, 2, true},
		{control.ErrorBefore, 500, 2, 3, true},
		{control.ErrorBefore, 503, 3, 3, false},
		{control.ErrorBefore, 423, 1, 2, true}, // lock_timeout
		{control.CutBefore, 0, 2, 3, true},
		{control.CutBefore, 0, -1, 3, false},
	} {
		t.Run(fmt.Sprint(c.kind, c.status, c.times), func(t *testing.T) {
			t.Parallel()
			b := withMaria(t)
			b.inject(t, control.Fault{Method: "GET", Kind: c.kind, Status: c.status, Times: c.times})
			_, err := b.Charge(t.Context(), "ch_maria")
			if (err == nil) != c.ok || b.asked("GET") != c.asked {
				t.Errorf("%d requests, %v", b.asked("GET"), err)
			}
			if err != nil && (fault.CodeOf(err) != fault.Upstream || fault.TookOf(err) != fault.No) {
				t.Errorf("took %v, %v", fault.TookOf(err), err)
			}
		})
	}
}

func TestAReadThatIsRefusedIsNotRepeated(t *testing.T) {
	for _, status := range []int{400, 401, 402, 403, 404, 409} {
		h, n := answering(status, `{"error":{"type":"invalid_request_error"}}`)
		c, _ := against(t, h)
		if _, err := c.Charge(t.Context(), "ch_1"); err == nil || n.Load() != 1 || fault.TookOf(err) != fault.No {
			t.Errorf("%d: %d requests, %v", status, n.Load(), err)
		}
	}
}

func TestAnAnswerThatBreaksOffIsReadAgain(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c, _ := against(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write([]byte(`{"id":"ch_maria",`))
			return
		}
		_, _ = w.Write([]byte(aCharge))
	})
	if got, err := c.Charge(t.Context(), "ch_maria"); err != nil || got.ID != "ch_maria" || n.Load() != 2 {
		t.Errorf("%+v, %v after %d requests", got, err, n.Load())
	}
}

func TestRetryAfterIsHonouredUpToTwoSeconds(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]struct {
		asked   int64
		atLeast time.Duration
	}{"1": {2, time.Second}, "3": {1, 0}, "60": {1, 0}, "99999999999": {1, 0}, "soon": {2, 0}, "-1": {2, 0}} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			c, _ := against(t, func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1) == 1 {
					w.Header().Set("Retry-After", after)
					w.WriteHeader(429)
					_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"rate_limit"}}`))
					return
				}
				_, _ = w.Write([]byte(aCharge))
			})
			began := time.Now()
			_, err := c.Charge(t.Context(), "ch_maria")
			if n.Load() != want.asked || time.Since(began) < want.atLeast || (err == nil) != (want.asked == 2) {
				t.Errorf("%d requests in %v, %v", n.Load(), time.Since(began), err)
			}
			if err != nil && fault.CodeOf(err) != fault.RateLimited {
				t.Error(err)
			}
		})
	}
}

func TestACallersDeadlineEndsTheWaitBetweenReads(t *testing.T) {
	t.Parallel()
	c, _ := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(503)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Charge(ctx, "ch_1"); err == nil || time.Since(began) > time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var visited atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visited.Add(1)
		_, _ = w.Write([]byte(aCharge))
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 307, 308} {
		c, _ := against(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/v1/charges/ch_maria", status)
		})
		if _, err := c.Charge(t.Context(), "ch_maria"); err == nil {
			t.Errorf("%d: followed", status)
		}
		c, _ = against(t, readable(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) }))
		if _, err := refund(t, c, "act_1", refundOf("ch_maria", eur(1), eur(10))); fault.TookOf(err) != fault.Unknown {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := visited.Load(); n != 0 {
		t.Errorf("visited %d times", n)
	}
}

func TestTheHostIsNotTold(t *testing.T) {
	var seen http.Header
	c, _ := against(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		_, _ = w.Write([]byte(aCharge))
	})
	if _, err := c.Charge(t.Context(), "ch_maria"); err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"X-Stripe-Client-User-Agent", "X-Stripe-Client-Telemetry"} {
		if seen.Get(h) != "" {
			t.Errorf("%s: %s", h, seen.Get(h))
		}
	}
	if seen.Get("Stripe-Version") != "2023-10-16" || seen.Get("Authorization") != "Bearer "+testKey {
		t.Errorf("version %s", seen.Get("Stripe-Version"))
	}
}

func TestAnAnswerOutOfAllProportionIsNotKept(t *testing.T) {
	var n atomic.Int64
	c, _ := against(t, func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		_, _ = w.Write(bytes.Repeat([]byte(" "), 17<<20))
	})
	if _, err := c.Charge(t.Context(), "ch_1"); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") || n.Load() != 1 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
}

func TestNeitherKeysNorAddressesAreLogged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_1", Name: "Jane Canary", Email: "jane.canary@example.com", Currency: "eur"})
	b.account.AddCharge(stripeapi.Charge{ID: "ch_1", Customer: "cus_1", Amount: 5, Currency: "eur", Description: "for jane.canary"})
	b.inject(t, control.Fault{Path: "/v1/charges/*", Kind: control.RateLimit})
	b.inject(t, control.Fault{Path: "/v1/customers", Kind: control.CutBefore, Times: -1})
	var told []string
	note := func(_ any, err error) {
		if err != nil {
			told = append(told, err.Error())
		}
	}
	note(b.Charge(t.Context(), "ch_1"))
	note(b.Charges(t.Context(), "cus_1", "", 5))
	note(b.Customer(t.Context(), "cus_1"))
	note(b.CustomersByEmail(t.Context(), "jane.canary@example.com"))
	unreachable := newClient(t, "http://127.0.0.1:1", b.log)
	note(unreachable.CustomersByEmail(t.Context(), "Jane.Canary@example.com"))
	b.account.Restrict(testKey, "customer_read")
	b.account.Desk.Clear()
	note(b.CustomersByEmail(t.Context(), "jane.canary@example.com"))
	all := b.log.String() + strings.Join(told, "\n")
	if len(told) != 3 || strings.Contains(strings.ToLower(all), "canary") {
		t.Errorf("told %d errors: %s", len(told), all)
	}
	if !strings.Contains(told[2], "lacks the permission rak_customer_read") {
		t.Errorf("told %s", told[2])
	}
	if !strings.Contains(all, `"request_id":"req_`) || !strings.Contains(all, `"path":"/v1/charges/ch_1"`) {
		t.Errorf("logged %s", all)
	}
}

func TestOneClientServesManyAtOnce(t *testing.T) {
	b := withMaria(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err1 := b.Charge(t.Context(), "ch_maria")
			_, err2 := b.Customer(t.Context(), "cus_maria")
			_, err3 := b.Charges(t.Context(), "cus_maria", "", 10)
			_, err4 := b.CustomersByEmail(t.Context(), "Maria@example.com")
			for _, err := range []error{err1, err2, err3, err4} {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestRequestsKeepWithinTheAccountsPace(t *testing.T) {
	t.Parallel()
	h, n := answering(200, aCharge)
	c, _ := against(t, h)
	began := time.Now()
	var group sync.WaitGroup
	for range 60 {
		group.Go(func() { _, _ = c.Charge(t.Context(), "ch_maria") })
	}
	group.Wait()
	if n.Load() != 60 || time.Since(began) < 400*time.Millisecond { // 20 at once, then 80 a second
		t.Errorf("%d requests in %v", n.Load(), time.Since(began))
	}
}
