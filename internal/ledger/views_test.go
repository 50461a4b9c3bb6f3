package ledger

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

func TestALedgerWithOneConnectionCanBeVerified(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "ledger.db")
	l, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = lookSQLite(path); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if r, err := l.Verify(ctx); err != nil || !r.Sound() {
		t.Errorf("verified %+v: %v", r, err)
	}
}
