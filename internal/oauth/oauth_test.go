package oauth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/oauth"
	"supportmcp/internal/oauth/oauthtest"
	"supportmcp/policies"
)

const resource = "https://desk.example.com/mcp"

// desk is a provider and who believes it, with a clock that is moved by hand.
type desk struct {
	*oauthtest.Provider
	ours *oauth.Provider
	mu   sync.Mutex
	at   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	d.Provider = oauthtest.Start(t, d.now)
	d.ours = oauth.New(oauth.Config{Issuer: d.Issuer, Resource: resource, Now: d.now})
	return d
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *desk) pass(span time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(span)
}

func (d *desk) good() oauthtest.Claims { return d.For(resource, "billing:read openid lookup") }

func (d *desk) opens(t *testing.T, token string) bool {
	t.Helper()
	c, err := d.ours.Authenticate(t.Context(), token)
	if err != nil && (fault.CodeOf(err) != fault.Refused || !cmp.Equal(c, access.Caller{})) {
		t.Errorf("%v, %+v", err, c)
	}
	return err == nil
}

func TestAnAccessTokenSaysWhoCallsAndWhatFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]struct {
		claims oauthtest.Claims
		who    policies.Principal
		scopes access.Scopes
	}{
		"a text of scopes":    {d.good(), "oauth:maria", access.Scopes{access.BillingRead, access.Lookup}},
		"a list of scopes":    {d.good().With("scope", []string{"knowledge:read", "x"}), "oauth:maria", access.Scopes{access.KnowledgeRead}},
		"scp":                 {d.good().With("scope", nil).With("scp", []string{"lookup"}), "oauth:maria", access.Scopes{access.Lookup}},
		"scp as a text":       {d.good().With("scope", nil).With("scp", "lookup billing:read"), "oauth:maria", access.Scopes{access.BillingRead, access.Lookup}},
		"no scopes":           {d.good().With("scope", nil), "oauth:maria", nil},
		"a client":            {d.good().With("sub", nil), "oauth-client:desk", access.Scopes{access.BillingRead, access.Lookup}},
		"several audiences":   {d.good().With("aud", []string{"https://other.example.com", resource}), "oauth:maria", access.Scopes{access.BillingRead, access.Lookup}},
		"valid from a minute": {d.good().With("nbf", d.now().Add(-time.Minute).Unix()), "oauth:maria", access.Scopes{access.BillingRead, access.Lookup}},
	} {
		want := access.Caller{Principal: c.who, Scopes: c.scopes, PersonalData: policies.FullPersonalData, CanGrow: true}
		got, err := d.ours.Authenticate(t.Context(), d.Sign(c.claims))
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %s", name, err, cmp.Diff(want, got))
		}
	}
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "JWT"} {
		if !d.opens(t, oauthtest.Sign(t, d.Signer(), typ, d.good())) {
			t.Errorf("the type %q is refused", typ)
		}
	}
	if n := d.Fetched(); n != 1 {
		t.Errorf("the keys were asked for %d times", n)
	}
}

func TestWhatIsNoGoodAccessTokenIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := d.good()
	token := d.Sign(good)
	part := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	shared := jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: "first", Algorithm: string(jose.HS256)}
	weak := rsaKey(t, "rsa")
	d.Publish(jose.JSONWebKey{Key: weak.Public().Key, KeyID: "enc", Use: "enc"})
	encrypts := weak
	encrypts.KeyID, encrypts.Use = "enc", ""
	for name, forged := range map[string]string{
		"empty":                      "",
		"no JWT":                     "a.b.c",
		"unsigned":                   none + "." + part[1] + ".",
		"none, with a signature":     none + "." + part[1] + "." + part[2],
		"another payload":            part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"x"}`)) + "." + part[2],
		"a signature cut short":      token[:len(token)-4],
		"a shared secret":            oauthtest.Sign(t, shared, "at+jwt", good),
		"a stranger's key":           oauthtest.Sign(t, oauthtest.Key(t, "first"), "at+jwt", good),
		"a key of another name":      oauthtest.Sign(t, oauthtest.Key(t, "second"), "at+jwt", good),
		"a key for encryption":       oauthtest.Sign(t, encrypts, "at+jwt", good),
		"an ID token of another":     d.Sign(good.With("aud", "desk")),
		"no audience":                d.Sign(good.With("aud", nil)),
		"an audience that begins so": d.Sign(good.With("aud", resource+"/x")),
		"another issuer":             d.Sign(good.With("iss", "https://login.example.com")),
		"no issuer":                  d.Sign(good.With("iss", nil)),
		"expired":                    d.Sign(good.With("exp", d.now().Add(-time.Second).Unix())),
		"never expires":              d.Sign(good.With("exp", nil)),
		"not valid yet":              d.Sign(good.With("nbf", d.now().Add(10*time.Minute).Unix())),
		"another type":               oauthtest.Sign(t, d.Signer(), "logout+jwt", good),
		"no type":                    oauthtest.Sign(t, d.Signer(), "", good),
		"nobody":                     d.Sign(good.With("sub", nil).With("client_id", nil)),
		"a name with a line break":   d.Sign(good.With("sub", "maria\nadmin")),
		"an endless name":            d.Sign(good.With("sub", strings.Repeat("m", 256))),
		"scopes that are a number":   d.Sign(good.With("scope", 7)),
		"five parts":                 token + ".x.y",
	} {
		if d.opens(t, forged) {
			t.Errorf("%s opens", name)
		}
	}
	if !d.opens(t, token) {
		t.Error("the good one does not")
	}
}

func rsaKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: private, KeyID: id, Algorithm: string(jose.RS256)}
}

// Ten thousand tokens with made-up keys: none is accepted, and the provider hears of
// them once in 30 seconds.
func TestForgedTokensMakeTheProviderBeAskedOnceIn30Seconds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := d.Sign(d.good())
	var forged []string
	for i := range 100 {
		forged = append(forged, oauthtest.Sign(t, oauthtest.Key(t, fmt.Sprint("made-up-", i)), "at+jwt", d.good()))
	}
	flood := func() {
		var all sync.WaitGroup
		for part := range slices.Chunk(forged, 25) {
			all.Go(func() {
				for range 50 {
					for _, token := range part {
						if d.opens(t, token) {
							t.Error("a forged token opens")
						}
					}
				}
			})
		}
		all.Wait()
	}
	flood() // 5,000
	if n := d.Fetched(); n != 1 {
		t.Errorf("the keys were asked for %d times", n)
	}
	d.pass(29 * time.Second)
	if !d.opens(t, good) || d.Fetched() != 1 {
		t.Errorf("during the flood a good token is refused, or the keys were asked for %d times", d.Fetched())
	}
	d.pass(time.Second)
	flood()
	if n := d.Fetched(); n != 2 {
		t.Errorf("after 30 seconds the keys were asked for %d times", n)
	}
}

func TestANewKeyIsFoundAndAWithdrawnOneForgotten(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	old := d.Sign(d.good())
	if !d.opens(t, old) {
		t.Fatal("the first key is refused")
	}
	d.Rotate("second")
	fresh := d.Sign(d.good())
	if d.opens(t, fresh) {
		t.Error("the new key was asked for within 30 seconds of the last time")
	}
	d.pass(30 * time.Second)
	if !d.opens(t, fresh) || d.opens(t, old) {
		t.Error("after 30 seconds the new key is refused, or the old one is still good")
	}
	d.Rotate("third") // and nobody uses it
	d.pass(time.Minute)
	if d.opens(t, fresh) {
		t.Error("a key that was withdrawn a minute ago is still good")
	}
}

func TestWhileTheProviderIsAwayItsKeysAreBelievedForAnHour(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Down(true)
	lasting := d.Sign(d.good().With("exp", d.now().Add(24*time.Hour).Unix()))
	if _, err := d.ours.Authenticate(t.Context(), lasting); err == nil || fault.CodeOf(err) == fault.Refused {
		t.Errorf("before any key is known: %v", err)
	}
	d.Down(false)
	d.pass(30 * time.Second)
	if !d.opens(t, lasting) {
		t.Fatal("the provider is back, and the token refused")
	}
	d.Down(true)
	d.pass(59 * time.Minute)
	if !d.opens(t, lasting) {
		t.Error("refused within the hour")
	}
	d.pass(2 * time.Minute)
	if _, err := d.ours.Authenticate(t.Context(), lasting); err == nil || fault.CodeOf(err) == fault.Refused {
		t.Errorf("after an hour: %v", err)
	}
}

func TestKeysOfAnUnsafeAddressAreNotAskedFor(t *testing.T) {
	t.Parallel()
	for address, safe := range map[string]bool{
		"https://login.example.com/keys": true, "http://127.0.0.1:1/keys": true, "http://localhost/keys": true, "http://[::1]/keys": true,
		"http://login.example.com/keys": false, "ftp://login.example.com": false, "file:///etc/passwd": false, "": false, "https://a@b/": false,
	} {
		if err := oauth.CheckAddress(address); (err == nil) != safe {
			t.Errorf("%s: %v", address, err)
		}
	}
}
