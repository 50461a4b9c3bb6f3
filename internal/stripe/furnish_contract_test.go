package stripe_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/contract"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// furnished are the requests with which a comparison with a real account fills it
// and clears it again, each once.
func furnished(t *testing.T) map[string]sent {
	t.Helper()
	seen := map[string]sent{}
	var sides [2]contract.Side
	for i := range sides {
		s, err := sandbox.New(control.NewClock(start)).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		sides[i] = contract.Side{
			StripeKey: sandbox.StripeKey, StripeURL: s.StripeURL, IntercomToken: sandbox.IntercomToken, IntercomURL: s.IntercomURL, IntercomAdmin: sandbox.AdminID,
			Now: s.Clock.Now, Index: func(context.Context) error { s.Clock.Advance(time.Hour); return nil },
		}
	}
	sides[1].StripeURL = noting(t, sides[1].StripeURL, seen)
	if r, err := contract.Verify(t.Context(), contract.Config{Sandbox: sides[0], Account: sides[1], Mark: "mock1"}); err != nil || !r.Same() {
		t.Fatalf("%+v, %v", r.Differences, err)
	}
	return seen
}

// noting passes requests on and keeps those that were made without stripe-go.
func noting(t *testing.T, base string, seen map[string]sent) string {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	pass := httputil.NewSingleHostReverseProxy(to)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("User-Agent"), "Stripe/") {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			s := sent{r.Method, r.URL.Path, r.URL.RawQuery, string(body)}
			mu.Lock()
			seen[s.call()+" "+s.shape()] = s
			mu.Unlock()
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// The older build is from before flexible billing; the newest has no promotion
// codes of a plain coupon any more, which our version has
// (https://docs.stripe.com/changelog).
func TestStripeKnowsWhatARealAccountIsFilledWith(t *testing.T) {
	seen := furnished(t)
	if len(seen) < 12 {
		t.Fatalf("only %d requests: %q", len(seen), slices.Sorted(maps.Keys(seen)))
	}
	passed := map[string]bool{}
	for _, lane := range []string{"old", "new"} {
		at := mock(t, lane)
		for name, s := range seen {
			unknown := lane == "old" && strings.Contains(s.body, "billing_mode") || lane == "new" && s.path == "/v1/promotion_codes"
			if unknown {
				continue
			}
			passed[name] = true
			if status, body := replay(t, at, s); status != http.StatusOK {
				t.Errorf("%s: %s %s %s: %d %s", lane, s.method, s.path, s.body, status, body)
			}
		}
	}
	if len(passed) != len(seen) {
		t.Errorf("of %d requests, %d were tried", len(seen), len(passed))
	}
}
