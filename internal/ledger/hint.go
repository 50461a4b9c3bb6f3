package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// due is PostgreSQL's channel for hints that an action has become due.
const due = "supportmcp_due"

// listenAgain is the pause before a lost connection is replaced.
const listenAgain = time.Second

// Listen calls wake when a person, at whatever process, has let an action go on,
// and returns when ctx is done. It is a hint and no more: it may be lost, and it
// may come for nothing. SQLite gives none, and Listen returns at once.
func (l *Ledger) Listen(ctx context.Context, wake func()) {
	if l.engine.hint == "" {
		return
	}
	for ctx.Err() == nil {
		err := listen(ctx, l.reader, wake)
		l.log.DebugContext(ctx, "ledger listens no more", "err", err)
		_ = sleep(ctx, listenAgain) // ends early with ctx only
	}
}

// listen holds one connection until it breaks.
func listen(ctx context.Context, db *sql.DB, wake func()) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = c.Close() }() // it was thrown away
	return c.Raw(func(raw any) error {
		conn := raw.(*stdlib.Conn).Conn()
		_, err := conn.Exec(ctx, `LISTEN `+due)
		for err == nil {
			if _, err = conn.WaitForNotification(ctx); err == nil {
				wake()
			}
		}
		// ErrBadConn keeps a connection that still listens out of the pool.
		return errors.Join(driver.ErrBadConn, err)
	})
}

// hint tells who listens that an action has become due. It comes after the
// transaction and cannot fail it.
func (l *Ledger) hint(ctx context.Context) {
	if l.engine.hint == "" {
		return
	}
	if _, err := l.writer.ExecContext(ctx, l.engine.hint); err != nil {
		l.log.DebugContext(ctx, "no hint was given", "err", err)
	}
}
