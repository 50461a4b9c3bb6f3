package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"supportmcp/internal/fault"
)

// Connections to PostgreSQL per process: writing ones wait for each other's row
// locks, so that few do as much as many and wait for less; reading ones must not
// wait behind them, and one listens.
const (
	pgWriters = 4
	pgReaders = 4
	pgMost    = pgWriters + pgReaders + 1
)

func openPostgres(url string) (*Ledger, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's message may quote the URL, so it is not passed on.
		return nil, fault.Invalidf("write postgres://user:password@host:port/database", "the ledger's PostgreSQL URL cannot be read")
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "supportmcp"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(pgMost)
	db.SetMaxIdleConns(pgMost)
	return &Ledger{writer: db, reader: db, turn: make(chan struct{}, pgWriters), engine: engine{
		dialect: goose.DialectPostgres,
		// Not now(): that is when the transaction began, before it waited for its locks.
		clock:     `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), newest FROM event_head`,
		tables:    `SELECT COUNT(to_regclass('goose_db_version')) + COUNT(to_regclass('event_head'))`,
		rowLocks:  true,
		hint:      `NOTIFY ` + due,
		together:  pgTogether,
		transient: pgTransient, beginAgain: pgStale,
		present:  func() error { return nil },
		diagnose: pgDiagnose,
	}}, nil
}

// pgTogether sends statements as one batch: each way to the server and back is
// time in which others wait for what this transaction has locked.
func pgTogether(ctx context.Context, conn *sql.Conn, all []statement) error {
	err := conn.Raw(func(raw any) error {
		// When ctx ends the transaction is rolled back, though not while this runs:
		// what was sent after that would be kept.
		if err := ctx.Err(); err != nil {
			return err
		}
		c, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("the ledger's PostgreSQL connection is another driver's")
		}
		var batch pgx.Batch
		for _, s := range all {
			batch.Queue(s.text, s.args...)
		}
		return c.Conn().SendBatch(ctx, &batch).Close()
	})
	if err != nil && ctx.Err() != nil { // which has cost the connection
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// pgTransient reports an error class after which PostgreSQL has rolled back and
// asks to run again (https://www.postgresql.org/docs/current/errcodes-appendix.html),
// and a unique index that caught a race.
func pgTransient(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch e.Code {
	case "40001", "40P01", // serialization failure, deadlock
		"23505": // unique violation
		return true
	}
	return false
}

func pgDiagnose(err error) (message, nextStep string) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "25006":
			return "the ledger's PostgreSQL is read-only", "point the server at the primary"
		case "57P01", "57P02", "57P03": // it stops, has crashed, or is not up yet
			return "the ledger's PostgreSQL is restarting", "try again in a minute; the server connects again by itself"
		case "28000", "28P01":
			return "the ledger's PostgreSQL refuses the user or the password", "check the URL and pg_hba.conf"
		case "3D000":
			return "the ledger's database does not exist", "create it, or correct the URL"
		case "42501":
			return "the ledger's PostgreSQL user lacks a right", "grant it the right to create and change tables in its schema"
		case "53300":
			return "the ledger's PostgreSQL has no connection left", "raise its max_connections to 9 per replica and some more"
		case "53100":
			return "the disk of the ledger's PostgreSQL is full", "free space on it; nothing is allowed until then"
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return "the ledger's PostgreSQL cannot be reached", "check that it runs and that the URL is right"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the ledger's PostgreSQL did not answer in time", "try again in a minute, and check that it runs and has not too much to do"
	}
	if broken(err) {
		return "the connection to the ledger's PostgreSQL broke", "try again in a minute, and check that it runs; the server connects again by itself"
	}
	return "", ""
}

// broken reports a connection that is no more.
func broken(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	return isNet || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || pgconn.SafeToRetry(err)
}

// pgStale reports an error of a connection that broke while it was idle. Each
// attempt uses one of them up, until a new connection has to be made.
func pgStale(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "57P01" || !ok && (broken(err) || errors.Is(err, driver.ErrBadConn)) // 57P01: the server ended it
}
