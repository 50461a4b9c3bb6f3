// Package ledger owns the record of every decision, kept in SQLite or PostgreSQL:
// it implements [policies.Ledger], the approvals that people give, and the audit
// log that proves both.
//
// An action passes through three short transactions: Begin records the decision
// and what it takes from the budgets, Claim hands an orphaned action to whoever
// looks after it, and Settle records what became of it. Each appends what it did
// to a Merkle tree in the same transaction, so that no change can be hidden later.
// What an entry tells of a person is in one table, personal, and can be erased from
// it. Other packages keep tables of their own in the same database.
//
// This package never judges (the judgement is passed in), never calls a vendor,
// and never frees budget because time has passed: only a definite answer or a
// person does.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Options are what a ledger is opened with.
type Options struct {
	// Now is the clock, in whole milliseconds. Nil is the database's own clock,
	// which is what replicas on one PostgreSQL should share.
	Now func() time.Time
	// Log gets retries and migrations, never customers' text. Nil discards it.
	Log *slog.Logger
	// Mode is "sandbox", "test" or "live". The first one a ledger is opened with
	// stays; another is refused, so that test money and real money never share
	// budgets. Empty opens a ledger of any mode, which suits tools that only read
	// and approve.
	Mode string
	// Aftermath lists what is queued when an entry began to wait, was rejected, expired, went stale
	// or fell into doubt. Nil queues nothing.
	Aftermath func(policies.Entry) []policies.Followup
	// At is told each point that a writing transaction reaches (see [Opened]), so
	// that tests can end the process there. Nil outside tests.
	At func(point string)
}

// Ledger is an open ledger. It is safe for concurrent use, also by several
// processes on one database.
type Ledger struct {
	engine    engine
	writer    *sql.DB
	reader    *sql.DB
	queue     *queue        // of the processes on one SQLite file
	turn      chan struct{} // one slot per connection that may write; waiters are served in order
	now       func() time.Time
	log       *slog.Logger
	id        string
	at        func(point string)                       // may be nil
	aftermath func(policies.Entry) []policies.Followup // may be nil

	prepared  statements
	verifying sync.Mutex
}

var _ policies.Ledger = (*Ledger)(nil)

// Open opens or creates the ledger at url, which is "sqlite:PATH" or a
// "postgres://" URL, and brings its tables up to date. A ledger that cannot be
// used safely is refused with a *fault.Error that says what to do; the URL, which
// may hold a password, is never part of it.
func Open(ctx context.Context, url string, opts Options) (*Ledger, error) {
	if err := checkMode(opts.Mode); err != nil {
		return nil, err
	}
	l, err := connect(url)
	if err != nil {
		return nil, err
	}
	l.now, l.log, l.at, l.aftermath = opts.Now, opts.Log, opts.At, opts.Aftermath
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if err := l.prepare(ctx, opts.Mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func connect(url string) (*Ledger, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(rest)
	case "postgres", "postgresql":
		return openPostgres(url)
	}
	return nil, fault.Invalidf("write sqlite: and a path, or a postgres:// URL", "the ledger's address names neither SQLite nor PostgreSQL")
}

func (l *Ledger) prepare(ctx context.Context, mode string) error {
	ctx, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	if err := l.migrate(ctx); err != nil {
		return l.explain("open the ledger", err)
	}
	if mode == "" {
		return nil
	}
	return l.transact(ctx, "record the ledger's mode", func(t *tx) (err error) {
		l.id, err = t.settleIn(mode)
		return err
	})
}

// ID names this ledger among all others, for ever; "" when it was opened for any mode.
func (l *Ledger) ID() string { return l.id }

// Close rolls back what was begun and is not committed. On SQLite it gives what is
// still under way a few seconds to end, and then leaves one file without a log.
func (l *Ledger) Close() error {
	if l.reader == l.writer {
		return l.writer.Close()
	}
	// SQLite folds the log into the file when the last connection closes, and one
	// that only reads cannot: https://www.sqlite.org/wal.html#read_only_databases.
	// The one that writes is lost when a write is interrupted.
	if l.engine.present() == nil {
		patient, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		_ = l.writer.PingContext(patient)
	}
	return errors.Join(closeAll(l.reader), closeAll(l.writer), l.queue.close())
}

// closing bounds how long Close waits for work that does not end: the log is then
// folded by whoever opens the file next.
const closing = 5 * time.Second

// closeAll also waits for connections in use, which sql.DB.Close leaves to whoever
// uses them.
func closeAll(db *sql.DB) error {
	err := db.Close()
	patient, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	for db.Stats().OpenConnections > 0 && sleep(patient, shortest) == nil {
		continue
	}
	return err
}
