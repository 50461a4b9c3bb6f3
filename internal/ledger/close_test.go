package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// folded wants a closed ledger to be one file again: its log is folded into it.
func folded(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the closed ledger still has a log: %v, %v", info, err)
	}
}

func openPath(t *testing.T, at func(string)) (l *Ledger, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "data", "ledger.db")
	l, err := Open(t.Context(), "sqlite:"+path, Options{Now: time.Now, Mode: "test", At: at})
	if err != nil {
		t.Fatal(err)
	}
	return l, path
}

func TestALedgerThatIsClosedDuringAReadIsOneFileAgain(t *testing.T) {
	t.Parallel()
	l, path := openPath(t, nil)
	rows, err := l.reader.QueryContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT i, mode.value FROM n, meta AS mode`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal("no rows", rows.Err())
	}
	var reading sync.WaitGroup
	reading.Go(func() { // some more rows after nothing new may begin
		for more := 1000; more > 0 && rows.Next(); {
			if l.reader.PingContext(t.Context()) != nil {
				more--
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Errorf("read: %v", err)
		}
	})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	folded(t, path)
	reading.Wait()
}

func TestALedgerThatIsClosedAfterAnInterruptedWriteIsOneFileAgain(t *testing.T) {
	t.Parallel()
	for range 10 {
		ctx, interrupt := context.WithCancel(t.Context())
		l, path := openPath(t, func(point string) {
			if point == "begin."+Written {
				interrupt()
			}
		})
		if _, _, err := l.Begin(ctx, refundOf("ch_1", 1), allow); err == nil {
			t.Error("the interrupted write was recorded")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		folded(t, path)
	}
}

// A write that is interrupted in the middle of a statement costs its connection.
func TestALedgerWhoseWritingConnectionIsLostIsOneFileAgain(t *testing.T) {
	t.Parallel()
	l, path := openPath(t, nil)
	if _, err := l.Mark(t.Context()); err != nil { // over one that reads
		t.Fatal(err)
	}
	writing, err := l.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := writing.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		t.Fatal(err)
	}
	if n := l.writer.Stats().OpenConnections; n != 0 {
		t.Fatalf("%d connections write", n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	folded(t, path)
}
