package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// readClock sets the time of the transaction. It is read after the locks: while
// waiting for them, time has passed.
func (t *tx) readClock() error {
	now, err := t.ledger.clock(t.ctx, t.sql)
	t.now = now
	return err
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (l *Ledger) clock(ctx context.Context, q queryer) (time.Time, error) {
	if l.now != nil {
		return fromMillis(l.now().UnixMilli()), nil
	}
	var ms int64
	if err := q.QueryRowContext(ctx, l.engine.clock).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("read the clock: %w", err)
	}
	return fromMillis(ms), nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
