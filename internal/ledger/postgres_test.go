package ledger_test

import (
	"errors"
	"net/url"
	"strings"
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
