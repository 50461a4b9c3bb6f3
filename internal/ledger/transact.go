package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// patience bounds one write, whatever deadline its caller has: waiting for the
// turn, for locks and for the disk. shortest and longest bound the pause before
// a transaction that lost a race runs again.
const (
	patience = 10 * time.Second
	shortest = time.Millisecond
	longest  = 32 * time.Millisecond
)

// tx is one writing transaction. It lives as long as the function it is passed to.
type tx struct {
	ctx    context.Context
	sql    prepared
	conn   *sql.Conn // on which it runs
	ledger *Ledger
	doing  string        // for errors, and for points
	now    time.Time     // set by readClock
	behind time.Duration // the clock, set by readClock
	events []event       // to be appended last
}

// transact runs work in a transaction of its own, again when another process or
// transaction got in the way; work must therefore start afresh each time. When
// it returns an error nothing was recorded, except where the error says that
// this is not known.
func (l *Ledger) transact(ctx context.Context, doing string, work func(*tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return l.explain(doing, ctx.Err())
	}
	for pause := shortest; ; pause = min(2*pause, longest) {
		err := l.attempt(ctx, doing, work)
		l.prepared.prepare(ctx, l.writer)
		if err == nil || !l.again(err) {
			return l.explain(doing, err)
		}
		l.log.DebugContext(ctx, "ledger transaction runs again", "doing", doing, "err", err)
		if ended := sleep(ctx, rand.N(pause)); ended != nil {
			return l.explain(doing, errors.Join(ended, err))
		}
	}
}

func (l *Ledger) attempt(ctx context.Context, doing string, work func(*tx) error) error {
	began, err := l.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer began.end()
	t := &tx{ctx: ctx, sql: prepared{began.Tx, &l.prepared}, conn: began.conn, ledger: l, doing: doing}
	t.reach(Opened)
	if err := work(t); err != nil {
		return err
	}
	if err := t.appendEvents(); err != nil {
		return err
	}
	t.reach(Told)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := began.Commit(); err != nil {
		return uncommitted{err}
	}
	t.reach(Committed)
	return nil
}

// begun is a transaction with its connection.
type begun struct {
	*sql.Tx
	conn *sql.Conn
}

func (b begun) end() {
	_ = b.Rollback() // does nothing after Commit
	_ = b.conn.Close()
}

// begin begins a transaction when it is this process's turn.
func (l *Ledger) begin(ctx context.Context) (begun, error) {
	if err := l.queue.enter(ctx); err != nil {
		if ctx.Err() != nil {
			return begun{}, err
		}
		l.log.DebugContext(ctx, "ledger writes without queuing", "err", err)
	}
	defer l.queue.leave()
	if err := l.engine.present(); err != nil {
		return begun{}, err
	}
	for {
		began, err := l.beginOnce(ctx)
		if err == nil || !l.engine.beginAgain(err) {
			return began, err
		}
		l.log.DebugContext(ctx, "ledger begins again", "err", err)
		if ended := sleep(ctx, shortest); ended != nil {
			return begun{}, errors.Join(ended, err)
		}
	}
}

func (l *Ledger) beginOnce(ctx context.Context) (begun, error) {
	conn, err := l.writer.Conn(ctx)
	if err != nil {
		return begun{}, err
	}
	// The server's default may be another one, under which a sum after a lock
	// would not see what was committed while waiting for it.
	began, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return begun{}, errors.Join(err, conn.Close())
	}
	return begun{began, conn}, nil
}

// moved says that a row changed between being read and being written.
type moved struct{ id string }

func (m moved) Error() string { return m.id + " changed meanwhile" }

func (l *Ledger) again(err error) bool {
	_, lost := errors.AsType[moved](err)
	return lost || l.engine.transient(err)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.sql.ExecContext(t.ctx, query, args...)
	return err
}

// statement is one whose result nobody needs.
type statement struct {
	text string
	args []any
}

// execAll runs statements in their order, at once where the engine can.
func (t *tx) execAll(all ...statement) error {
	if together := t.ledger.engine.together; together != nil {
		return together(t.ctx, t.conn, all)
	}
	for _, s := range all {
		if err := t.exec(s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}
