// Package oauthtest owns a small OpenID provider for tests: real keys over real HTTP,
// which can be rotated and switched off. It is no provider for anything else.
package oauthtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Claims are what a token says.
type Claims map[string]any

// Provider is a provider at an address of this machine. Its methods are safe for
// concurrent use.
type Provider struct {
	Issuer string
	Now    func() time.Time

	t testing.TB

	mu        sync.Mutex
	signer    jose.JSONWebKey
	published []jose.JSONWebKey
	fetched   int // how often the keys were
	down      bool
}

// Start serves a provider with one key until the test ends.
func Start(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{Now: now, t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p.Issuer = s.URL
	p.Rotate("first")
	return p
}

// Key makes a key that a provider could sign with.
func Key(t testing.TB, id string) jose.JSONWebKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: private, KeyID: id, Algorithm: string(jose.ES256), Use: "sig"}
}

// Rotate makes a new key, and publishes it alone.
func (p *Provider) Rotate(id string) {
	key := Key(p.t, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signer, p.published = key, []jose.JSONWebKey{key.Public()}
}

// Publish adds a key to those that are published, whatever it is.
func (p *Provider) Publish(key jose.JSONWebKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = append(p.published, key)
}

// Signer is the key that signs now.
func (p *Provider) Signer() jose.JSONWebKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signer
}

// Fetched is how often the keys were asked for.
func (p *Provider) Fetched() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetched
}

// Down lets the provider answer nothing but errors, or answer again.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// For are the claims of a good token for a resource.
func (p *Provider) For(resource, scope string) Claims {
	now := p.Now()
	return Claims{
		"iss": p.Issuer, "aud": resource, "sub": "maria", "client_id": "desk", "scope": scope,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

// With are the claims with another value; nil takes it away.
func (c Claims) With(name string, value any) Claims {
	out := maps.Clone(c)
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

// Sign makes an access token of the provider's.
func (p *Provider) Sign(c Claims) string { return Sign(p.t, p.Signer(), "at+jwt", c) }

// Sign signs claims with any key, as a token of any type.
func Sign(t testing.TB, key jose.JSONWebKey, typ string, c Claims) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, map[string]any{
		"issuer": p.Issuer, "jwks_uri": p.Issuer + "/keys", "token_endpoint": p.Issuer + "/token", "authorization_endpoint": p.Issuer + "/authorize",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.fetched++
	set := jose.JSONWebKeySet{Keys: append([]jose.JSONWebKey{}, p.published...)}
	p.mu.Unlock()
	p.answer(w, set)
}

// token gives a client a token for the resource and the scope it asks for.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "client_credentials" || !strings.HasPrefix(r.PostForm.Get("resource"), "http") {
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	c := p.For(r.PostForm.Get("resource"), r.PostForm.Get("scope")).With("sub", nil).With("client_id", r.PostForm.Get("client_id"))
	p.answer(w, map[string]any{"access_token": p.Sign(c), "token_type": "Bearer", "expires_in": 3600})
}

func (p *Provider) answer(w http.ResponseWriter, v any) {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
