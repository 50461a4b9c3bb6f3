package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// slack is how far the clock may be behind the newest record before the ledger
// takes it for wrong: replicas and a clock that is being corrected differ by less.
const slack = time.Minute

// readClock sets the time of the transaction. It is read after the locks: while
// waiting for them, time has passed.
func (t *tx) readClock() (err error) {
	t.now, t.behind, err = t.ledger.clock(t.ctx, t.sql)
	return err
}

// keepTime refuses to begin, or take up, anything by a clock that is behind what
// is recorded. What began by it would leave its windows, and the time in which
// its vendor's key protects, as soon as the clock is right again.
func (t *tx) keepTime() error {
	if t.behind <= slack {
		return nil
	}
	return refused("tell the operator to set the clock right: nothing new is allowed until then, and nothing is lost",
		"the ledger's clock is %s behind its newest record", t.behind.Round(time.Second))
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// clock is the ledger's time, and how far the clock is behind it. It stands still
// while the clock is behind the newest record, so that nothing lapses, expires or
// leaves its window twice.
func (l *Ledger) clock(ctx context.Context, q queryer) (now time.Time, behind time.Duration, err error) {
	var ms, newest int64
	if err := q.QueryRowContext(ctx, l.engine.clock).Scan(&ms, &newest); err != nil {
		return time.Time{}, 0, fmt.Errorf("read the clock: %w", err)
	}
	if l.now != nil {
		ms = l.now().UnixMilli()
	}
	return fromMillis(max(ms, newest)), time.Duration(max(0, newest-ms)) * time.Millisecond, nil
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
