// Package oauth owns what this server believes of the access tokens of one OpenID
// provider: who signed them, for whom, until when, and for which scopes. It never
// issues a token, passes none on, and stores none.
package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Config says whose tokens are taken.
type Config struct {
	Issuer   string // the provider's address, exactly as its tokens name it
	Resource string // what tokens must be made for: the address of this server's endpoint
	Now      func() time.Time
	Client   *http.Client // to ask the provider with; nil is one of its own
}

// Provider tells who holds a token. It is safe for concurrent use.
type Provider struct {
	config Config
	keys   *keys
}

// New makes a provider, which is first asked when a token comes.
func New(c Config) *Provider {
	if c.Client == nil {
		c.Client = &http.Client{}
	}
	return &Provider{config: c, keys: newKeys(c)}
}

// algorithms are the signatures that are taken: with public keys alone.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}
}

// Authenticate tells who holds an access token, and what it is for. A token that is
// not good is fault.Refused; another error says that the provider cannot be asked.
func (p *Provider) Authenticate(ctx context.Context, token string) (access.Caller, error) {
	if err := checkType(token); err != nil {
		return access.Caller{}, err
	}
	// go-oidc hides the error of a key set in text.
	asked := &noting{keys: p.keys}
	verifier := oidc.NewVerifier(p.config.Issuer, asked, &oidc.Config{
		ClientID: p.config.Resource, SupportedSigningAlgs: algorithms(), Now: p.config.Now,
	})
	verified, err := verifier.Verify(ctx, token)
	switch {
	case asked.err != nil:
		return access.Caller{}, asked.err
	case err != nil:
		return access.Caller{}, reason(err)
	}
	var c claims
	if err := verified.Claims(&c); err != nil {
		return access.Caller{}, refused("its claims are not those of an access token", err)
	}
	who, err := c.principal()
	if err != nil {
		return access.Caller{}, err
	}
	return access.Caller{Principal: who, Scopes: access.Known(slices.Concat(c.Scope, c.SCP)), PersonalData: policies.FullPersonalData, CanGrow: true}, nil
}

// checkType wants the token to say that it is an access token, or no more than a
// JWT (https://www.rfc-editor.org/rfc/rfc9068#section-4).
func checkType(token string) error {
	head, _, _ := strings.Cut(token, ".")
	var header struct {
		Type string `json:"typ"`
	}
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err == nil {
		err = json.Unmarshal(b, &header)
	}
	if err != nil {
		return refused("the token is no JWT", err)
	}
	if typ := strings.TrimPrefix(strings.ToLower(header.Type), "application/"); typ != "at+jwt" && typ != "jwt" {
		return refused("the token is of another type than an access token", nil)
	}
	return nil
}

// claims are what an access token says besides what go-oidc looks at.
type claims struct {
	Subject string `json:"sub"`
	Client  string `json:"client_id"`
	Scope   names  `json:"scope"`
	SCP     names  `json:"scp"`
}

// names are scopes, as providers write them: a text with spaces, or a list.
type names []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *names) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*n = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(b, (*[]string)(n))
}

// longestName is how long a subject or a client may be called
// (https://openid.net/specs/openid-connect-core-1_0.html#IDToken).
const longestName = 255

// principal is the name that actions are recorded under. The part before it keeps
// it apart from the names that operators give, and clients from people.
func (c claims) principal() (policies.Principal, error) {
	kind, name := "oauth:", c.Subject
	if name == "" {
		kind, name = "oauth-client:", c.Client
	}
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", refused("the token names nobody that an action could be recorded for", nil)
	}
	return policies.Principal(kind + name), nil
}

// reason is what a client is told. What exactly was wrong stays in the log.
func reason(err error) error {
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return refused("the token has expired", err)
	}
	return refused("the token is not one of this server's provider for this server", err)
}

func refused(why string, cause error) error {
	return &fault.Error{Code: fault.Refused, Took: fault.No, Message: why, NextStep: "get a new token from the authorization server", Cause: cause}
}

// noting keeps what went wrong with the keys, once.
type noting struct {
	keys *keys
	err  error
}

// VerifySignature implements oidc.KeySet.
func (n *noting) VerifySignature(ctx context.Context, token string) (payload []byte, err error) {
	payload, n.err = n.keys.verify(ctx, token)
	if n.err != nil {
		return nil, fmt.Errorf("verify: %w", n.err)
	}
	return payload, nil
}
