package ledger_test

import (
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
)

// changed is a URL with something changed in it.
func changed(t testing.TB, good string, what func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	what(u)
	return u.String()
}

func TestAServerWithAnotherDefaultIsolationOverrunsNoBudget(t *testing.T) {
	t.Parallel()
	ledgertest.BudgetsInParallel(t, func(t testing.TB) string {
		return changed(t, postgres.Fresh(t), func(u *url.URL) {
			u.RawQuery += "&default_transaction_isolation=repeatable%20read"
		})
	})
}

func TestPostgreSQLThatCannotBeUsedIsRefusedWithoutItsPassword(t *testing.T) {
	good := postgres.Fresh(t)
	l, err := ledger.Open(t.Context(), good, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	change := func(what func(*url.URL)) string { return changed(t, good, what) }
	for name, c := range map[string]struct{ url, want string }{
		"no server":   {"postgres://user:hunter2@127.0.0.1:1/db", "cannot be reached"},
		"no database": {change(func(u *url.URL) { u.Path, u.User = "/missing", url.UserPassword(u.User.Username(), "hunter2") }), "does not exist"},
		"read-only":   {change(func(u *url.URL) { u.RawQuery += "&default_transaction_read_only=on" }), "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := ledger.Open(t.Context(), c.url, ledger.Options{Mode: "test"})
			if err == nil {
				_ = l.Close()
			}
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || !strings.Contains(f.Message, c.want) || f.NextStep == "" {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the password is told")
			}
		})
	}
}

// Tables are locked from outside by VACUUM FULL, and by the migrations of a newer
// replica. Statements used for the first time are then being prepared.
func TestALockOnTheTablesDelaysAndStopsNobody(t *testing.T) {
	t.Parallel()
	url := postgres.Fresh(t)
	first, err := ledger.Open(t.Context(), url, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ended, locking := make(chan struct{}), make(chan error)
	go func() {
		for {
			_, err := db.ExecContext(t.Context(), `DO 'BEGIN LOCK TABLE scope_lock IN ACCESS EXCLUSIVE MODE; END'`)
			select {
			case <-ended:
				locking <- err
				return
			default:
			}
		}
	}()
	for round := range 4 {
		l, err := ledger.Open(t.Context(), url, ledger.Options{}) // it has prepared nothing
		if err != nil {
			t.Fatal(err)
		}
		var writing sync.WaitGroup
		for i := range 8 {
			writing.Go(func() {
				for again := range 3 {
					if _, _, err := l.Begin(t.Context(), benchDraft(1000*round+10*i+again), allowed); err != nil {
						t.Errorf("begin: %v", err)
					}
				}
			})
		}
		writing.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	close(ended)
	if err := <-locking; err != nil {
		t.Errorf("lock: %v", err)
	}
}

// While a denial is being written, another action is judged in the same scopes.
func TestADenialKeepsNobodyFromItsScopesWhileItIsWritten(t *testing.T) {
	t.Parallel()
	address := postgres.Fresh(t)
	other, err := ledger.Open(t.Context(), address, ledger.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var meanwhile error
	denier, err := ledger.Open(t.Context(), address, ledger.Options{Mode: "test", At: func(point string) {
		if point == "begin.written" {
			_, _, meanwhile = other.Begin(t.Context(), benchDraft(2), allowed)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer denier.Close()
	if _, _, err := denier.Begin(t.Context(), benchDraft(1), denied); err != nil || meanwhile != nil {
		t.Errorf("denied: %v; begun meanwhile: %v", err, meanwhile)
	}
}
