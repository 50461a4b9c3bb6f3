package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// maxToken is how long a bearer token may be, in bytes. Longer ones are refused
// before anything is done with them.
const maxToken = 8 << 10

// Authenticator knows the bearer tokens of one form.
type Authenticator interface {
	// Authenticate tells whose token it is. A token that is not good is a
	// [fault.Refused], whose message the client is told; any other error says that
	// this cannot be found out now.
	Authenticate(ctx context.Context, token string) (access.Caller, error)
}

// Tokens are those that an operator has made.
type Tokens interface {
	Authenticator
	// Prefix is what every one of them begins with, and no other token.
	Prefix() string
	// Any reports whether any was ever made. From then on every call needs a token.
	Any(ctx context.Context) (bool, error)
}

// keys are all that open the door.
type keys struct {
	one      func() string // the one token for all; "" when there is none
	guarded  bool          // there is such a token, or an OAuth provider, or other machines can come
	tokens   Tokens        // may be nil
	oauth    *OAuth        // may be nil
	everyone policies.Principal
}

func keysOf(c HTTP) keys {
	one := c.Renewed
	if one == nil {
		one = func() string { return c.Token }
	}
	return keys{one: one, guarded: c.Token != "" || c.OAuth != nil, tokens: c.Tokens, oauth: c.OAuth}
}

// caller finds out who sent a request. Digests are compared, which takes the same
// time whatever was sent.
func (k *keys) caller(r *http.Request) (access.Caller, *refusal) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	if len(token) > maxToken {
		return access.Caller{}, k.invalid("it is longer than any token of this server")
	}
	by, err := k.whose(r.Context(), token)
	switch {
	case err == nil && by == nil && token == "":
		return access.Caller{}, k.challenge(http.StatusUnauthorized, "a bearer token is needed", "")
	case err == nil && by == nil:
		return access.Caller{}, k.invalid("the token is not known")
	case err == nil:
		return *by, nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.Refused {
		return access.Caller{}, k.invalid(f.Message)
	}
	no := refuse(http.StatusServiceUnavailable, fault.Upstream, "tokens cannot be checked now", "try again in a few seconds")
	no.fault.Cause = err
	return access.Caller{}, no
}

// whose is nobody when the token is none of ours, and everyone where none is needed.
func (k *keys) whose(ctx context.Context, token string) (*access.Caller, error) {
	got, one := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(k.one()))
	switch {
	case token != "" && subtle.ConstantTimeCompare(got[:], one[:]) == 1:
		return k.all(), nil
	case k.tokens != nil && strings.HasPrefix(token, k.tokens.Prefix()):
		return known(k.tokens.Authenticate(ctx, token))
	case k.oauth != nil && strings.Count(token, ".") == 2:
		return known(k.oauth.Authenticate(ctx, token))
	case k.guarded:
		return nil, nil
	case k.tokens == nil:
		return k.all(), nil
	}
	if any, err := k.tokens.Any(ctx); err != nil || any {
		return nil, err
	}
	return k.all(), nil
}

func (k *keys) all() *access.Caller {
	c := access.Everything(k.everyone)
	return &c
}

func known(c access.Caller, err error) (*access.Caller, error) {
	if err != nil {
		return nil, err
	}
	return &c, nil
}

func (k *keys) invalid(why string) *refusal {
	return k.challenge(http.StatusUnauthorized, why, `error="invalid_token"`)
}

// challenge is a refusal that tells a client how it gets in, as RFC 6750 and RFC
// 9728 write it (https://www.rfc-editor.org/rfc/rfc9728#section-5.1).
func (k *keys) challenge(status int, why, extra string) *refusal {
	no := refuse(status, fault.Refused, why, "send the header Authorization: Bearer with the token that the operator gave you")
	said := []string{`Bearer realm="supportmcp"`}
	if extra != "" {
		said = append(said, extra, `error_description="`+strings.Map(quotable, why)+`"`)
	}
	if k.oauth != nil {
		no.fault.NextStep = "sign in with the authorization server that resource_metadata names, or use a token that the operator gave you"
		said = append(said, `resource_metadata="`+k.oauth.metadataURL()+`"`)
		if status == http.StatusUnauthorized {
			said = append(said, `scope="`+access.Reading().String()+`"`)
		}
	}
	no.header = http.Header{"Www-Authenticate": {strings.Join(said, ", ")}}
	return no
}

// quotable leaves out what a quoted string of a header cannot hold.
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return '\''
	}
	return r
}

// lacking is the refusal of what is outside the caller's scopes. It names those that
// are held as well, since a client asks for a new token with what is named.
func (k *keys) lacking(held, missing access.Scopes) *refusal {
	f := lacks(missing)
	all := append(append(access.Scopes{}, held...), missing...)
	no := k.challenge(http.StatusForbidden, f.Message, `error="insufficient_scope", scope="`+all.String()+`"`)
	no.fault = *f
	return no
}
