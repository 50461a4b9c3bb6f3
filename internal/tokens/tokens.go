// Package tokens owns the bearer tokens that an operator makes for callers: it makes
// and revokes them in the ledger's database, and tells whose a token is. It never
// keeps a token itself, only its digest, and it judges nothing.
package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Prefix is what every token begins with, so that people and scanners of secrets
// recognise one.
const Prefix = "smcp_"

// Database is where the table is. Implemented by ledger.Ledger.
type Database interface {
	Share(ctx context.Context, doing string, work func(*sql.Tx) error) error
	Reader() *sql.DB
}

// Token is what is known of a token. The token itself is shown once and kept nowhere.
type Token struct {
	ID string
	access.Caller
	Budget    string // of the principal, as ParseBudget reads it; "" says nothing of it
	CreatedAt time.Time
	CreatedBy string
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: not

	digest []byte
}

// Good reports whether the token opens anything at a time.
func (t Token) Good(at time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || at.Before(t.ExpiresAt))
}

// Store is the tokens of one ledger. It is safe for concurrent use, also by several
// processes.
type Store struct {
	db  Database
	now func() time.Time
	recent
}

// New makes a store over the ledger's database.
func New(db Database, now func() time.Time) *Store { return &Store{db: db, now: now} }

// Create makes a token of t's caller, budget and expiry, and gives it out for the
// only time.
func (s *Store) Create(ctx context.Context, t Token) (token string, made Token, err error) {
	if err := t.check(s.now()); err != nil {
		return "", t, err
	}
	t.ID = strings.ToLower(rand.Text()[:idLength])
	token = Prefix + t.ID + "_" + strings.ToLower(rand.Text()+rand.Text())
	t.digest, t.CreatedAt = digest(token), s.now()
	err = s.db.Share(ctx, "create a token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO access_token (id, digest, principal, scopes, toolsets, personal_data, budget, created_at, created_by, expires_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`,
			t.ID, t.digest, string(t.Principal), t.Scopes.String(), strings.Join(t.Toolsets, " "), string(t.PersonalData), t.Budget,
			t.CreatedAt.UnixMilli(), t.CreatedBy, millis(t.ExpiresAt))
		return err
	})
	return token, t, err
}

// idLength is that of an id, in letters and digits: 60 bits, which name a token and
// keep nobody out.
const idLength = 12

// check wants a token to be one that can be used, and its names to be what policies
// and lists can show.
func (t Token) check(now time.Time) error {
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`).MatchString(string(t.Principal)):
		return fault.Invalidf("use 1 to 64 letters, digits, dots, dashes, underscores or @", "the principal %q is no name", t.Principal)
	case t.Principal == policies.Adopted || t.Principal == policies.Ours:
		return fault.Invalidf("use another name", "actions of %s are not a caller's", t.Principal)
	case len(t.Scopes) == 0:
		return fault.Invalidf("give a role or scopes", "a token without scopes opens nothing")
	case !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now):
		return fault.Invalidf("give a time to come", "the token would have expired already")
	}
	switch t.PersonalData {
	case policies.NoPersonalData, policies.MaskedPersonalData, policies.FullPersonalData:
	default:
		return fault.Invalidf("use none, masked or full", "there is no level %q of personal data", t.PersonalData)
	}
	_, err := ParseBudget(t.Budget)
	return err
}

// Revoke makes a token open nothing from now on. Servers notice within two seconds.
func (s *Store) Revoke(ctx context.Context, id string) (t Token, err error) {
	err = s.db.Share(ctx, "revoke a token", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE access_token SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, s.now().UnixMilli()); err != nil {
			return err
		}
		all, err := read(ctx, tx, `WHERE id = $1`, id)
		if err == nil && len(all) == 0 {
			err = &fault.Error{Code: fault.NotFound, Took: fault.No, Message: "there is no token " + id, NextStep: "look the id up with supportmcp tokens list"}
		}
		if err == nil {
			t = all[0]
		}
		return err
	})
	return t, err
}

// List gives all tokens that ever were, oldest first.
func (s *Store) List(ctx context.Context) ([]Token, error) {
	return read(ctx, s.db.Reader(), `ORDER BY created_at, id`)
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func read(ctx context.Context, q queryer, which string, args ...any) (all []Token, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, digest, principal, scopes, toolsets, personal_data, budget, created_at, created_by, expires_at, revoked_at FROM access_token `+which, args...)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t Token
		var scopes, toolsets string
		var created, expires, revoked int64
		if err := rows.Scan(&t.ID, &t.digest, &t.Principal, &scopes, &toolsets, &t.PersonalData, &t.Budget, &created, &t.CreatedBy, &expires, &revoked); err != nil {
			return nil, fmt.Errorf("read tokens: %w", err)
		}
		t.Scopes = access.Known(strings.Fields(scopes))
		if toolsets != "" {
			t.Toolsets = strings.Fields(toolsets)
		}
		t.CreatedAt, t.ExpiresAt, t.RevokedAt = moment(created), moment(expires), moment(revoked)
		all = append(all, t)
	}
	return all, rows.Err()
}

func digest(token string) []byte {
	d := sha256.Sum256([]byte(token))
	return d[:]
}

// millis and moment keep the zero time as 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
