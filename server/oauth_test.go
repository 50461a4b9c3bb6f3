package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/access"
	"supportmcp/internal/oauth"
	"supportmcp/internal/oauth/oauthtest"
	"supportmcp/server"
)

// resource is the server's endpoint as clients know it, behind a proxy.
const resource = "https://desk.example.com/mcp"

// metadataURL is where clients find out how they get in.
const metadataURL = `resource_metadata="https://desk.example.com/.well-known/oauth-protected-resource/mcp"`

// withProvider is a house that takes a provider's tokens.
func withProvider(t *testing.T) (*house, *oauthtest.Provider) {
	t.Helper()
	p := oauthtest.Start(t, time.Now)
	h := newHouse(t, func(c *server.HTTP) {
		c.OAuth = &server.OAuth{
			Authenticator: oauth.New(oauth.Config{Issuer: p.Issuer, Resource: resource, Now: time.Now}),
			Resource:      resource, Issuer: p.Issuer,
		}
	})
	return h, p
}

func get(t *testing.T, url string, v any) {
	t.Helper()
	g := do(t, newRequest(t, http.MethodGet, url, "", nil))
	if g.Status != http.StatusOK {
		t.Fatalf("%s is answered %d %s", url, g.Status, g.Body)
	}
	must(t, json.Unmarshal([]byte(g.Body), v))
}

// As a client goes that knows nothing but the address: refused, it finds the
// provider, gets a token, and more of one when it must.
func TestAClientFindsItsWayInAndUp(t *testing.T) {
	t.Parallel()
	h, _ := withProvider(t)
	no := post(t, h.url, ping, nil)
	if want := `Bearer realm="supportmcp", ` + metadataURL + `, scope="billing:read conversations:read knowledge:read"`; no.Status != http.StatusUnauthorized || no.Header.Get("Www-Authenticate") != want {
		t.Fatalf("without a token: %d %q", no.Status, no.Header.Get("Www-Authenticate"))
	}
	var about struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
		Methods  []string `json:"bearer_methods_supported"`
	}
	root := strings.TrimSuffix(h.url, server.Endpoint)
	for _, path := range []string{"", "/mcp"} {
		get(t, root+"/.well-known/oauth-protected-resource"+path, &about)
		if about.Resource != resource || len(about.Scopes) != len(access.All()) || !cmp.Equal(about.Methods, []string{"header"}) {
			t.Errorf("the metadata are %+v", about)
		}
	}
	var provider struct {
		Token string `json:"token_endpoint"`
	}
	get(t, about.Servers[0]+"/.well-known/openid-configuration", &provider)
	reads := fetchToken(t, provider.Token, about.Resource, "knowledge:read")
	if g := post(t, h.url, call("1", "search", `{"query":"refund"}`), bearer(reads)); g.Status != http.StatusOK || g.Error != nil {
		t.Fatalf("with the token: %d %s", g.Status, g.Body)
	}
	refund := call("1", "create_refund", `{"conversation_id":"1","charge_id":"ch_maria_2","reason":"duplicate","dry_run":true,"then_reply":"Done."}`)
	up := post(t, h.url, refund, bearer(reads))
	want := `Bearer realm="supportmcp", error="insufficient_scope", scope="knowledge:read billing:refund conversations:write", ` +
		`error_description="your access does not cover this; it would take the scope billing:refund conversations:write", ` + metadataURL
	if up.Status != http.StatusForbidden || up.Header.Get("Www-Authenticate") != want || !strings.Contains(up.Body, `"next_step"`) {
		t.Fatalf("a refund: %d %q %s", up.Status, up.Header.Get("Www-Authenticate"), up.Body)
	}
	_, scope, _ := strings.Cut(want, ` scope="`)
	scope, _, _ = strings.Cut(scope, `"`)
	if g := post(t, h.url, refund, bearer(fetchToken(t, provider.Token, resource, scope))); g.Status != http.StatusOK || g.Error != nil {
		t.Errorf("with what was asked for: %d %s", g.Status, g.Body)
	}
	document := line("1", "resources/read", `{"uri":"kb://northwind/refund-policy.md"}`)
	up = post(t, h.url, document, bearer(fetchToken(t, provider.Token, resource, "lookup")))
	if up.Status != http.StatusForbidden || !strings.Contains(up.Header.Get("Www-Authenticate"), `scope="lookup knowledge:read"`) {
		t.Errorf("a document: %d %q", up.Status, up.Header.Get("Www-Authenticate"))
	}
}

func fetchToken(t *testing.T, endpoint, resource, scope string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"desk"}, "resource": {resource}, "scope": {scope}}
	g := post(t, endpoint, form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	var answer struct {
		Token string `json:"access_token"`
	}
	must(t, json.Unmarshal([]byte(g.Body), &answer))
	return answer.Token
}

// Forged tokens of all forms come in a flood: none is let in, the provider hears of
// them once, and who has a good one notices nothing.
func TestForgedTokensOpenNothingAndDisturbNobody(t *testing.T) {
	t.Parallel()
	h, p := withProvider(t)
	good := p.For(resource, "knowledge:read")
	mine := h.token(t, access.Caller{Principal: "fin", Scopes: access.Reading()}, "")
	forged := map[string]string{
		"expired":           p.Sign(good.With("exp", time.Now().Add(-time.Minute).Unix())),
		"foreign audience":  p.Sign(good.With("aud", "https://other.example.com/mcp")),
		"no signature":      "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + strings.Split(p.Sign(good), ".")[1] + ".",
		"a stale key":       oauthtest.Sign(t, oauthtest.Key(t, "withdrawn"), "at+jwt", good),
		"over-long":         p.Sign(good.With("note", strings.Repeat("x", 9<<10))),
		"another's secret":  mine[:len(mine)-1] + "?",
		"none of any form":  "0123456789abcdef0123456789abcdef",
		"dots":              "..",
		"another's id only": mine[:len("smcp_")+12],
	}
	search := call("1", "search", `{"query":"refund"}`)
	var all sync.WaitGroup
	for name, token := range forged {
		all.Go(func() {
			for range 20 {
				g := post(t, h.url, search, bearer(token))
				said := g.Header.Get("Www-Authenticate")
				if g.Status != http.StatusUnauthorized || !strings.HasPrefix(said, `Bearer realm="supportmcp", error="invalid_token", error_description="`) || !strings.Contains(said, metadataURL) {
					t.Errorf("%s: %d %q", name, g.Status, said)
				}
				if strings.Contains(g.Body+said, token) && len(token) > 2 {
					t.Errorf("%s: the answer tells the token", name)
				}
			}
		})
	}
	for _, token := range []string{mine, p.Sign(good)} {
		all.Go(func() {
			for i := range 20 {
				if g := post(t, h.url, search, bearer(token)); g.Status != http.StatusOK || g.Error != nil {
					t.Errorf("good call %d: %d %s", i, g.Status, g.Body)
				}
			}
		})
	}
	all.Wait()
	if n := p.Fetched(); n != 1 {
		t.Errorf("the keys were asked for %d times", n)
	}
}

func TestWhileTheProviderIsAwayItsTokensWaitAndOthersDoNot(t *testing.T) {
	t.Parallel()
	h, p := withProvider(t)
	mine := h.token(t, access.Caller{Principal: "fin", Scopes: access.Reading()}, "")
	p.Down(true)
	g := post(t, h.url, ping, bearer(p.Sign(p.For(resource, "lookup"))))
	if g.Status != http.StatusServiceUnavailable || g.Header.Get("Retry-After") == "" || strings.Contains(g.Body, p.Issuer) {
		t.Errorf("answered %d %s", g.Status, g.Body)
	}
	if g := post(t, h.url, ping, bearer(mine)); g.Status != http.StatusOK {
		t.Errorf("another's token: %d %s", g.Status, g.Body)
	}
}

// From the first token on nobody is let in without one, also from this machine; and
// a token that was revoked opens nothing any more.
func TestWithTheFirstTokenTheDoorIsShut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if g := post(t, h.url, ping, nil); g.Status != http.StatusOK {
		t.Fatalf("before any token: %d %s", g.Status, g.Body)
	}
	if g := do(t, newRequest(t, http.MethodGet, strings.TrimSuffix(h.url, server.Endpoint)+"/.well-known/oauth-protected-resource", "", nil)); g.Status != http.StatusNotFound {
		t.Errorf("without a provider its metadata are answered %d %s", g.Status, g.Body)
	}
	token := h.token(t, access.Caller{Principal: "fin", Scopes: access.Reading()}, "")
	if g := post(t, h.url, ping, nil); g.Status != http.StatusUnauthorized || g.Header.Get("Www-Authenticate") != `Bearer realm="supportmcp"` {
		t.Errorf("without a token: %d %v", g.Status, g.Header)
	}
	if g := post(t, h.url, ping, bearer(token)); g.Status != http.StatusOK {
		t.Errorf("with it: %d %s", g.Status, g.Body)
	}
	_, err := h.store.Revoke(t.Context(), strings.Split(token, "_")[1])
	must(t, err)
	h.Clock.Advance(2 * time.Second)
	if g := post(t, h.url, ping, bearer(token)); g.Status != http.StatusUnauthorized {
		t.Errorf("revoked two seconds ago: %d %s", g.Status, g.Body)
	}
	if g := post(t, h.url, ping, nil); g.Status != http.StatusUnauthorized {
		t.Errorf("without a token, after the only one was revoked: %d", g.Status)
	}
}

// Nobody may be let in by a caller's name: what a token of one kind is called is
// never what one of another kind is.
func TestPrincipalsOfAProviderAreNeverThoseOfTheOperator(t *testing.T) {
	t.Parallel()
	p := oauthtest.Start(t, time.Now)
	provider := oauth.New(oauth.Config{Issuer: p.Issuer, Resource: resource, Now: time.Now})
	for _, name := range []string{"agent", "fin", "adopted", "supportmcp"} {
		for _, claims := range []oauthtest.Claims{p.For(resource, "").With("sub", name), p.For(resource, "").With("sub", nil).With("client_id", name)} {
			c, err := provider.Authenticate(t.Context(), p.Sign(claims))
			must(t, err)
			if !strings.HasPrefix(string(c.Principal), "oauth") || !strings.HasSuffix(string(c.Principal), ":"+name) {
				t.Errorf("%s is recorded as %s", fmt.Sprint(claims["sub"]), c.Principal)
			}
		}
	}
}
