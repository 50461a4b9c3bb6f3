package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A token that is made while a server runs opens it, and one that is revoked opens
// it no more two seconds later.
func TestTokensOfARunningServerAreMadeAndRevoked(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	address := openHTTP(t, p.environ)
	if code := ask(t, address, ""); code != http.StatusOK {
		t.Fatalf("before any token: %d", code)
	}
	made := typeIn(t, p.environ, "tokens", "create", "--principal", "fin")
	token := strings.TrimSpace(made.out)
	eventually(t, patience, "the token opens", func() bool {
		return ask(t, address, token) == http.StatusOK && ask(t, address, "") == http.StatusUnauthorized
	})
	typeIn(t, p.environ, "tokens", "revoke", strings.Split(token, "_")[1])
	eventually(t, patience, "the token opens no more", func() bool { return ask(t, address, token) == http.StatusUnauthorized })
}

// ask lists the tools with a token and gives the status.
func ask(t *testing.T, address, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// The sandbox honours who may call as accounts do.
func TestTheSandboxOverHTTPWantsTheTokenOfTheEnvironment(t *testing.T) {
	t.Parallel()
	token := "0123456789abcdef0123456789abcdef"
	address := openHTTP(t, append(bare(), "SUPPORTMCP_HTTP_TOKEN="+token), "--sandbox")
	for given, want := range map[string]int{"": http.StatusUnauthorized, token: http.StatusOK, token + "x": http.StatusUnauthorized} {
		if got := ask(t, address, given); got != want {
			t.Errorf("%q is answered %d", given, got)
		}
	}
}
