package stripeapi

import (
	"fmt"
	"net/http"
	"strings"
)

// Restrict takes permissions, such as "charge_write" or "customer_read", away
// from a key: its requests that need one are answered 403 with the permission's
// name. Keys that were never restricted may do everything.
func (s *Server) Restrict(key string, lacks ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lacking[key] == nil {
		s.lacking[key] = map[string]bool{}
	}
	for _, permission := range lacks {
		s.lacking[key][permission] = true
	}
}

// authorize checks the key of a request, and what that key may do.
// See https://docs.stripe.com/api/authentication.
func (s *Server) authorize(r *http.Request, rt route) *apiError {
	key := apiKey(r)
	switch {
	case key == "":
		return &apiError{
			Status: http.StatusUnauthorized, Type: invalidRequest,
			Message: "You did not provide an API key. Send it in the Authorization header, as a Bearer token.",
		}
	case !testKey(key):
		return &apiError{
			Status: http.StatusUnauthorized, Type: invalidRequest,
			Message: "Invalid API Key provided: " + masked(key),
		}
	}
	needed := rt.permission(r.Method)
	if s.lacking[key][needed] {
		return &apiError{Status: http.StatusForbidden, Type: invalidRequest, Message: fmt.Sprintf(
			"The provided key '%s' does not have the required permissions for this endpoint on account '%s'. "+
				"Having the 'rak_%s' permission would allow this request to continue.", masked(key), accountID, needed)}
	}
	return nil
}

func apiKey(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// testKey accepts secret and restricted keys of test mode only: a live key has
// no business in a sandbox.
func testKey(key string) bool {
	for _, prefix := range []string{"sk_test_", "rk_test_"} {
		if rest, ok := strings.CutPrefix(key, prefix); ok && rest != "" {
			return true
		}
	}
	return false
}

// masked shows of a key what Stripe shows: its kind and its last four characters.
func masked(key string) string {
	const kind, tail = len("sk_test_"), 4
	if len(key) < kind+2*tail {
		return strings.Repeat("*", len(key))
	}
	return key[:kind] + strings.Repeat("*", len(key)-kind-tail) + key[len(key)-tail:]
}
