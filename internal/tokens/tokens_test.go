package tokens_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/tokens"
	"supportmcp/policies"
)

var postgres ledgertest.Postgres

func TestMain(m *testing.M) { ledgertest.Main(m, postgres.Stop) }

// desk is a store whose clock is moved by hand.
type desk struct {
	*tokens.Store
	db    *ledger.Ledger
	now   time.Time
	reads atomic.Int64 // of the database
	down  bool
}

func (d *desk) Now() time.Time { return d.now }

func (d *desk) Share(ctx context.Context, doing string, work func(*sql.Tx) error) error {
	return d.db.Share(ctx, doing, work)
}

func (d *desk) Reader() *sql.DB {
	d.reads.Add(1)
	if d.down {
		closed, err := sql.Open("sqlite", ":memory:")
		if err == nil {
			err = closed.Close()
		}
		if err != nil {
			panic(err)
		}
		return closed
	}
	return d.db.Reader()
}

func open(t *testing.T, url string) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if d.db, err = ledger.Open(t.Context(), url, ledger.Options{Now: d.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	d.Store = tokens.New(d, d.Now)
	return d
}

// onBoth runs a test on a ledger of each engine.
func onBoth(t *testing.T, test func(*testing.T, *desk)) {
	t.Parallel()
	file := func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "state", "ledger.db") }
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": file, "PostgreSQL": postgres.Fresh} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, fresh(t)))
		})
	}
}

func (d *desk) make(t *testing.T, change ...func(*tokens.Token)) (string, tokens.Token) {
	t.Helper()
	want := tokens.Token{CreatedBy: "maria", Caller: access.Caller{Principal: "fin", Scopes: access.Agent.Scopes(), PersonalData: policies.MaskedPersonalData}}
	for _, c := range change {
		c(&want)
	}
	token, made, err := d.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(2 * time.Second) // so that it is known
	return token, made
}

func (d *desk) opens(t *testing.T, token string) bool {
	t.Helper()
	c, err := d.Authenticate(t.Context(), token)
	if err != nil && (fault.CodeOf(err) != fault.Refused || !cmp.Equal(c, access.Caller{})) {
		t.Errorf("%v, %+v", err, c)
	}
	return err == nil
}

func TestATokenOpensWhatItWasMadeForUntilItIsRevokedOrExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		plain, _ := d.make(t, func(w *tokens.Token) { w.Toolsets = []string{"ticket"} })
		brief, made := d.make(t, func(w *tokens.Token) { w.ExpiresAt = d.now.Add(time.Minute) })
		c, err := d.Authenticate(t.Context(), plain)
		want := access.Caller{Principal: "fin", Scopes: access.Agent.Scopes(), Toolsets: []string{"ticket"}, PersonalData: policies.MaskedPersonalData}
		if err != nil || !cmp.Equal(c, want) {
			t.Errorf("%v, %s", err, cmp.Diff(want, c))
		}
		if !d.opens(t, brief) {
			t.Error("a token is refused before it expires")
		}
		d.now = made.ExpiresAt
		if d.opens(t, brief) {
			t.Error("an expired token opens, at the very moment")
		}
		id := strings.Split(plain, "_")[1]
		for range 2 { // revoking twice is revoking
			revoked, err := d.Revoke(t.Context(), id)
			if err != nil || revoked.RevokedAt.IsZero() {
				t.Fatalf("%+v, %v", revoked, err)
			}
			d.now = d.now.Add(2 * time.Second)
			if d.opens(t, plain) {
				t.Error("a revoked token opens after two seconds")
			}
		}
		if _, err := d.Revoke(t.Context(), "nobody"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("revoking what there is not: %v", err)
		}
	})
}

func TestATokenIsShownOnceAndItsDigestAloneIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		token, made := d.make(t)
		parts := strings.Split(token, "_")
		if len(parts) != 3 || parts[0]+"_" != tokens.Prefix || parts[1] != made.ID || len(parts[2]) < 52 {
			t.Fatalf("the token has the parts %d", len(parts))
		}
		var row []byte
		var text string
		if err := d.db.Reader().QueryRowContext(t.Context(), `SELECT digest, id || principal || scopes || toolsets || budget || created_by FROM access_token`).Scan(&row, &text); err != nil {
			t.Fatal(err)
		}
		if len(row) != 32 || bytes.Contains(row, []byte(parts[2])) || strings.Contains(text, parts[2]) {
			t.Error("the secret is in the database")
		}
		other, _ := d.make(t)
		if strings.Split(other, "_")[2] == parts[2] {
			t.Error("two tokens have one secret")
		}
	})
}

func TestWhatIsNoTokenOfOursIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		token, made := d.make(t)
		other, _ := d.make(t)
		for _, forged := range []string{
			"", tokens.Prefix, token[:len(token)-1], token + "x", strings.ToUpper(token), tokens.Prefix + made.ID, tokens.Prefix + made.ID + "_",
			tokens.Prefix + made.ID + "_" + strings.Split(other, "_")[2], tokens.Prefix + "zzzzzzzzzzzz_" + strings.Split(token, "_")[2],
			strings.Replace(token, "_", " ", 1), token + "\x00",
		} {
			if d.opens(t, forged) {
				t.Errorf("%q opens", forged)
			}
		}
		if !d.opens(t, token) {
			t.Error("the real one does not")
		}
	})
}

func TestTenThousandForgedTokensReadTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	d := open(t, "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"))
	d.make(t)
	before := d.reads.Load()
	for range 10_000 {
		if d.opens(t, tokens.Prefix+"aaaaaaaaaaaa_"+strings.Repeat("a", 52)) {
			t.Fatal("a forged token opens")
		}
	}
	if n := d.reads.Load() - before; n != 1 {
		t.Errorf("the database was read %d times", n)
	}
}

func TestWhileTokensCannotBeReadTheyAreBelievedForTwoSecondsAndNoLonger(t *testing.T) {
	t.Parallel()
	d := open(t, "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"))
	token, _ := d.make(t)
	if !d.opens(t, token) {
		t.Fatal("the token does not open")
	}
	d.down = true
	d.now = d.now.Add(1900 * time.Millisecond)
	if !d.opens(t, token) {
		t.Error("refused although it was good a moment ago")
	}
	d.now = d.now.Add(100 * time.Millisecond)
	if _, err := d.Authenticate(t.Context(), token); err == nil || fault.CodeOf(err) == fault.Refused {
		t.Errorf("after two seconds: %v", err)
	}
	if _, err := d.Any(t.Context()); err == nil {
		t.Error("nobody knows whether there are tokens, and it says so")
	}
}

func TestATokenThatCouldNotBeUsedIsNotMade(t *testing.T) {
	t.Parallel()
	d := open(t, "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"))
	for name, change := range map[string]func(*tokens.Token){
		"no principal":      func(w *tokens.Token) { w.Principal = "" },
		"a strange name":    func(w *tokens.Token) { w.Principal = "oauth:maria" },
		"the server's name": func(w *tokens.Token) { w.Principal = policies.Ours },
		"a lost caller":     func(w *tokens.Token) { w.Principal = policies.Adopted },
		"no scopes":         func(w *tokens.Token) { w.Scopes = nil },
		"expired":           func(w *tokens.Token) { w.ExpiresAt = d.now },
		"an unknown level":  func(w *tokens.Token) { w.PersonalData = "some" },
		"a broken budget":   func(w *tokens.Token) { w.Budget = "a lot" },
	} {
		want := tokens.Token{Caller: access.Everything("fin")}
		change(&want)
		if token, _, err := d.Create(t.Context(), want); fault.CodeOf(err) != fault.Invalid || token != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if any, err := d.Any(t.Context()); any || err != nil {
		t.Errorf("there are tokens: %v, %v", any, err)
	}
}

func TestABudgetIsThePrincipalsWhateverItsTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		budget := func(text string) func(*tokens.Token) { return func(w *tokens.Token) { w.Budget = text } }
		limits := func() (all []string) {
			bounds, err := d.Of(t.Context(), "fin")
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range bounds {
				all = append(all, policies.FormatSpan(b.Window))
			}
			return all
		}
		if got := limits(); got != nil {
			t.Errorf("before any: %v", got)
		}
		_, first := d.make(t, budget("20.00 EUR/24h, 90.00 EUR/30d"))
		d.make(t)
		d.make(t, budget("1.00 EUR/7d"), func(w *tokens.Token) { w.Principal = "other" })
		if _, err := d.Revoke(t.Context(), first.ID); err != nil {
			t.Fatal(err)
		}
		if got := limits(); !slices.Equal(got, []string{"24h", "30d"}) {
			t.Errorf("after another token, and the first revoked: %v", got)
		}
		d.make(t, budget("50.00 EUR/12h"))
		if got := limits(); !slices.Equal(got, []string{"12h"}) {
			t.Errorf("after a new budget: %v", got)
		}
		d.make(t, budget(tokens.NoBudget))
		if got := limits(); got != nil {
			t.Errorf("after none: %v", got)
		}
		d.down = true
		if _, err := d.Of(t.Context(), "fin"); err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("while it cannot be read: %v", err)
		}
	})
}
