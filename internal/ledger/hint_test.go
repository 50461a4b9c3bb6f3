package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// waits drafts what a person must approve.
func waits() policies.Draft {
	return policies.Draft{Kind: policies.KindTag, Principal: "agent", Expires: time.Hour}
}

func needsApproval(policies.Snapshot) policies.Decision {
	return policies.Decision{Effect: policies.NeedsApproval}
}

// pair are two replicas on one ledger; the first tells when it is woken.
func pair(t *testing.T, url string) (first, second *ledger.Ledger, woken <-chan struct{}, stop func()) {
	t.Helper()
	open := func() *ledger.Ledger {
		l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	first, second = open(), open()
	wake, ended := make(chan struct{}, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		first.Listen(ctx, func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return first, second, wake, stop
}

// approveUntil approves one action after another, since the first may come before
// anybody listens.
func approveUntil(t *testing.T, l *ledger.Ledger, woken <-chan struct{}) {
	t.Helper()
	for n := 0; ; n++ {
		e, _, err := l.Begin(t.Context(), waits(), needsApproval)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Approve(t.Context(), e.ID, "robin", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
			return
		case <-t.Context().Done():
			t.Fatal("nobody was woken")
		default:
		}
	}
}

func TestAnApprovalElsewhereWakesAReplicaAlsoAfterItsConnectionBroke(t *testing.T) {
	t.Parallel()
	url := postgres.Fresh(t)
	_, second, woken, stop := pair(t, url)
	approveUntil(t, second, woken)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ended int
	const listening = `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND pid <> pg_backend_pid()`
	if err := db.QueryRowContext(t.Context(), listening).Scan(&ended); err != nil || ended == 0 {
		t.Fatalf("%d connections that listen were ended: %v", ended, err)
	}
	select { // what was told before
	case <-woken:
	default:
	}
	approveUntil(t, second, woken)
	stop()
	for range 30 { // none of the connections that are left listens or is broken
		if _, err := second.List(t.Context(), ledger.Filter{}); err != nil {
			t.Error(err)
		}
	}
}

func TestOnSQLiteNobodyListens(t *testing.T) {
	t.Parallel()
	first, second, woken, stop := pair(t, freshFile(t))
	first.Listen(t.Context(), func() { t.Error("woken") }) // returns at once
	e, _, err := second.Begin(t.Context(), waits(), needsApproval)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Approve(t.Context(), e.ID, "robin", ""); err != nil {
		t.Errorf("approve: %v", err)
	}
	stop()
	select {
	case <-woken:
		t.Error("somebody was woken")
	default:
	}
}
