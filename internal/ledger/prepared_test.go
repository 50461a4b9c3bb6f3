package ledger

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"testing/synctest"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

func TestStatementsAreFoundWhileOthersWaitToBePrepared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		began, err := db.BeginTx(t.Context(), nil) // as a transaction that holds what preparing needs
		if err != nil {
			t.Fatal(err)
		}
		var s statements
		s.find(`SELECT 1`)
		prepared := make(chan struct{})
		go func() {
			defer close(prepared)
			s.prepare(context.WithoutCancel(t.Context()), db)
		}()
		synctest.Wait()
		if !s.mu.TryLock() {
			t.Fatal("the transaction would wait for who waits for it")
		}
		s.mu.Unlock()
		if s.find(`SELECT 1`) != nil {
			t.Error("it is prepared already")
		}
		if err := began.Rollback(); err != nil {
			t.Fatal(err)
		}
		<-prepared
		if s.find(`SELECT 1`) == nil {
			t.Error("it was not prepared")
		}
	})
}
