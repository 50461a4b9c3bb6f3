package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// How old keys may be, and how often the provider is asked at most.
const (
	between = 30 * time.Second // two questions, whatever tokens arrive
	fresh   = time.Minute      // then keys are asked for again, so that a withdrawn one goes
	stale   = time.Hour        // while the provider is away; then they are no longer believed

	longest  = 5 * time.Second // for one question
	maxBytes = 1 << 20         // of one answer
	maxKeys  = 50
)

// keys are the provider's public keys.
type keys struct {
	issuer string
	client *http.Client
	now    func() time.Time
	algs   []jose.SignatureAlgorithm

	asking sync.Mutex // held while the provider is asked

	mu    sync.Mutex
	known []jose.JSONWebKey
	at    time.Time // when known was read; zero: never
	asked time.Time // when the provider was last asked
}

func newKeys(c Config) *keys {
	k := &keys{issuer: c.Issuer, client: bounded(c.Client), now: c.Now}
	for _, a := range algorithms() {
		k.algs = append(k.algs, jose.SignatureAlgorithm(a))
	}
	return k
}

// verify checks the signature of a token and gives what it signs.
func (k *keys) verify(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, k.algs)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, refused("the token is not signed as it must be", err)
	}
	header := signed.Signatures[0].Header
	candidates, err := k.find(ctx, header)
	if err != nil {
		return nil, err
	}
	for _, key := range candidates {
		if payload, err := signed.Verify(key); err == nil {
			return payload, nil
		}
	}
	return nil, refused("the token is signed by no key of the provider", nil)
}

// find gives the keys that can have signed a token. An unknown key, and keys that
// are no longer fresh, let the provider be asked, unless that was just done.
func (k *keys) find(ctx context.Context, h jose.Header) ([]jose.JSONWebKey, error) {
	fits, age := k.fitting(h)
	if len(fits) > 0 && age < fresh {
		return fits, nil
	}
	if len(fits) == 0 || age >= stale {
		k.asking.Lock() // whoever was before us may have found it
	} else if !k.asking.TryLock() {
		return fits, nil
	}
	defer k.asking.Unlock()
	if fits, age = k.fitting(h); len(fits) > 0 && age < fresh {
		return fits, nil
	}
	failed := k.ask(ctx)
	fits, age = k.fitting(h)
	if age >= stale {
		return nil, fmt.Errorf("keys of %s: %w", k.issuer, failed)
	}
	return fits, nil
}

// fitting are the known keys that can have made a signature, and how old they are.
func (k *keys) fitting(h jose.Header) (fits []jose.JSONWebKey, age time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at.IsZero() {
		return nil, stale
	}
	for _, key := range k.known {
		if (h.KeyID == "" || h.KeyID == key.KeyID) && (key.Algorithm == "" || key.Algorithm == h.Algorithm) {
			fits = append(fits, key)
		}
	}
	return fits, k.now().Sub(k.at)
}

// ask reads the keys anew, unless that was tried a moment ago. A caller who hangs up
// does not use up the question.
func (k *keys) ask(ctx context.Context) error {
	k.mu.Lock()
	if since := k.now().Sub(k.asked); !k.asked.IsZero() && since >= 0 && since < between {
		k.mu.Unlock()
		return errors.New("the provider was asked less than 30 seconds ago, and did not answer")
	}
	k.asked = k.now()
	k.mu.Unlock()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
	defer cancel()
	got, err := k.read(within)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known, k.at = got, k.now()
	return nil
}

// read asks the provider where its keys are, and for them.
func (k *keys) read(ctx context.Context) ([]jose.JSONWebKey, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return nil, fmt.Errorf("ask the provider: %w", err)
	}
	var at struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&at); err != nil {
		return nil, fmt.Errorf("read where the keys are: %w", err)
	}
	if err := CheckAddress(at.Keys); err != nil {
		return nil, fmt.Errorf("the provider's jwks_uri %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Keys, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the keys: %w", err)
	}
	res, err := k.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for the keys: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the keys: answered %s", res.Status)
	}
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	return public(set.Keys), nil
}

// public are the keys that may sign and that others cannot sign with.
func public(all []jose.JSONWebKey) (good []jose.JSONWebKey) {
	for _, key := range all {
		if key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") && len(good) < maxKeys {
			good = append(good, key)
		}
	}
	return good
}

// CheckAddress wants https, or http on this machine, where nobody listens in.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("must be an address such as https://login.example.com")
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "https" || u.Scheme == "http" && here {
		return nil
	}
	return errors.New("must begin with https:// (http:// only for 127.0.0.1 and localhost)")
}

// bounded is a client that follows no redirect, which could lead elsewhere, and
// reads no long answer.
func bounded(c *http.Client) *http.Client {
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{
		Transport:     short{next},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// short cuts answers.
type short struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s short) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxBytes), res.Body}
	return res, nil
}
