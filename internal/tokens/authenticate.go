package tokens

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"sync"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
)

// How old what is known of the tokens may be: after fresh they are read again, and
// after stale they are no longer believed. So forged tokens make no work for the
// database, and revoking one takes effect within stale at the latest.
const (
	fresh = time.Second
	stale = 2 * time.Second
)

// recent is what was last read of the tokens.
type recent struct {
	mu   sync.Mutex
	at   time.Time // when it was asked for; zero: never
	byID map[string]Token
}

// Prefix implements the server's Tokens.
func (s *Store) Prefix() string { return Prefix }

// Any reports whether any token was ever made.
func (s *Store) Any(ctx context.Context) (bool, error) {
	all, err := s.known(ctx)
	return len(all) > 0, err
}

// Authenticate tells whose a token is. One that is unknown, revoked or expired is
// fault.Refused, in the same words: it was perhaps made up.
func (s *Store) Authenticate(ctx context.Context, token string) (access.Caller, error) {
	all, err := s.known(ctx)
	if err != nil {
		return access.Caller{}, err
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(token, Prefix), "_")
	t := all[id]
	if subtle.ConstantTimeCompare(t.digest, digest(token)) != 1 || !t.Good(s.now()) {
		return access.Caller{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "the token is unknown, expired or revoked", NextStep: "ask the operator for a new one",
		}
	}
	return t.Caller, nil
}

// known are all tokens by their ids, read anew at most once in fresh.
func (s *Store) known(ctx context.Context) (map[string]Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	age := now.Sub(s.at)
	if s.byID != nil && age >= 0 && age < fresh {
		return s.byID, nil
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), fresh)
	defer cancel()
	all, err := s.List(within)
	switch {
	case err == nil:
		s.at, s.byID = now, map[string]Token{}
		for _, t := range all {
			s.byID[t.ID] = t
		}
	case s.byID == nil || age < 0 || age >= stale:
		return nil, fmt.Errorf("look up a token: %w", err)
	}
	return s.byID, nil
}
