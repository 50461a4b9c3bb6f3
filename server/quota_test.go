package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// doors lets in whoever names a principal after "who-".
type doors struct{}

func (doors) Prefix() string                    { return "who-" }
func (doors) Any(context.Context) (bool, error) { return true, nil }

func (doors) Authenticate(_ context.Context, token string) (access.Caller, error) {
	if token == "who-down" {
		return access.Caller{}, errors.New("down: CANARY")
	}
	if token == "who-forged" {
		return access.Caller{}, &fault.Error{Code: fault.Refused, Message: "the token is unknown, expired or revoked"}
	}
	return access.Everything(policies.Principal(strings.TrimPrefix(token, "who-"))), nil
}

func sendAs(t *testing.T, e *edge, who string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Endpoint, strings.NewReader("{}"))
	r.Header.Set("Authorization", "Bearer who-"+who)
	e.ServeHTTP(w, r)
	return w
}

func TestAFloodOfOnePrincipalLeavesOthersUndisturbed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var inside atomic.Int64
		e := newEdge(HTTP{Tokens: doors{}}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if access.Of(r.Context()).Principal == "flood" {
				inside.Add(1)
				<-release
			}
		}), slog.New(slog.DiscardHandler))
		refused := make(chan int, 500)
		for range 500 {
			go func() { refused <- sendAs(t, e, "flood").Code }()
		}
		synctest.Wait()
		if n := inside.Load(); n != ownCalls {
			t.Errorf("%d calls of one principal are answered at once, want %d", n, ownCalls)
		}
		before := time.Now()
		for range 100 {
			if w := sendAs(t, e, "quiet"); w.Code != http.StatusOK {
				t.Fatalf("another principal is answered %d %s", w.Code, w.Body)
			}
		}
		if waited := time.Since(before); waited != 0 {
			t.Errorf("another principal waited %s", waited)
		}
		time.Sleep(callWait + time.Second) // of the bubble's clock
		for range 500 - ownCalls {
			if code := <-refused; code != http.StatusServiceUnavailable {
				t.Fatalf("what waited too long is answered %d", code)
			}
		}
		close(release)
	})
}

func TestAPrincipalSendsNoMoreRequestsThanItMayAndOthersSendTheirs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(HTTP{Tokens: doors{}, Rate: 10}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), slog.New(slog.DiscardHandler))
		passed := func(who string, n int) (ok int) {
			for range n {
				w := sendAs(t, e, who)
				switch {
				case w.Code == http.StatusOK:
					ok++
				case w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"code":"rate_limited"`):
					t.Fatalf("one too many is answered %d %s", w.Code, w.Body)
				}
			}
			return ok
		}
		if n := passed("flood", 200); n != 50 {
			t.Errorf("at once %d pass, want five seconds' worth", n)
		}
		if n := passed("quiet", 20); n != 20 {
			t.Errorf("of another %d pass", n)
		}
		time.Sleep(time.Second)
		if n := passed("flood", 200); n != 10 {
			t.Errorf("after a second %d pass", n)
		}
	})
}

func TestWhoIsDeniedTooMuchHasToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEdge(HTTP{Tokens: doors{}}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { noteDenial(r.Context()) }), slog.New(slog.DiscardHandler))
		for range ownDenials {
			if w := sendAs(t, e, "wrong"); w.Code != http.StatusOK {
				t.Fatalf("answered %d %s", w.Code, w.Body)
			}
		}
		if w := sendAs(t, e, "wrong"); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "denied") {
			t.Errorf("after %d denials: %d %s", ownDenials, w.Code, w.Body)
		}
		if w := sendAs(t, e, "quiet"); w.Code != http.StatusOK {
			t.Errorf("another principal: %d %s", w.Code, w.Body)
		}
		time.Sleep(time.Second)
		if w := sendAs(t, e, "wrong"); w.Code != http.StatusOK {
			t.Errorf("a second later: %d %s", w.Code, w.Body)
		}
	})
}

func TestPrincipalsThatRestAreForgottenAndOthersAreNot(t *testing.T) {
	t.Parallel()
	qs := newQuotas(1000)
	busy, denied := qs.get("busy"), qs.get("denied")
	busy.calls <- struct{}{}
	denied.denials.AllowN(time.Now().Add(time.Hour), ownDenials) // none comes back within the test
	for i := range mostQuotas + 100 {
		qs.get(policies.Principal(strings.Repeat("x", i%100) + string(rune('a'+i/100))))
	}
	if qs.get("busy") != busy || qs.get("denied") != denied || len(qs.of) > mostQuotas {
		t.Errorf("%d are remembered, and those that matter not", len(qs.of))
	}
}

// What is refused is logged, and no token is.
func TestRefusalsAreLoggedWithoutTokens(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEdge(HTTP{Tokens: doors{}, Token: "CANARY-0123456789abcdef0123456789"}, http.NotFoundHandler(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	e.missing = func(access.Caller, message) access.Scopes { return access.Scopes{access.Lookup} }
	for _, c := range []struct {
		token  string
		status int
	}{
		{"who-forged", http.StatusUnauthorized},
		{"who-down", http.StatusServiceUnavailable},
		{"CANARY-of-another", http.StatusUnauthorized},
		{"CANARY" + strings.Repeat("x", maxToken), http.StatusUnauthorized},
		{"", http.StatusUnauthorized},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Endpoint, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+c.token)
		e.ServeHTTP(w, r)
		if w.Code != c.status || strings.Contains(w.Body.String(), "CANARY") {
			t.Errorf("%.30s is answered %d %s", c.token, w.Code, w.Body)
		}
	}
	sendAs(t, e, "fin")
	said := log.String()
	if strings.Count(said, "nobody is let in") != 5 || !strings.Contains(said, "principal=fin") || strings.Contains(said, "CANARY-") || strings.Contains(said, "who-") {
		t.Errorf("the log says %s", said)
	}
}
