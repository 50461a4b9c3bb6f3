package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"supportmcp/internal/fault"
)

// readers is how many connections read a SQLite file beside the one that writes.
const readers = 4

// openSQLite opens the file at path with one connection that writes and a pool
// that cannot. One writer is faster than several: they would only poll for the
// same lock.
func openSQLite(path string) (*Ledger, error) {
	if path == "" {
		return nil, fault.Invalidf("write sqlite: and the path of a file", "the ledger's address has no path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the ledger's folder: %w", err)
	}
	if err := secureFile(path); err != nil {
		return nil, err
	}
	opened, err := os.Stat(path)
	if err != nil {
		return nil, unusable("the ledger's file cannot be read", err)
	}
	// FULL, not NORMAL: a power cut must not take back what was acknowledged.
	// See https://www.sqlite.org/pragma.html#pragma_synchronous.
	writer, err := sql.Open("sqlite", dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(20)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}))
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", dsn(path, url.Values{
		"mode":    {"ro"},
		"_pragma": {"busy_timeout(5000)"},
	}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the ledger: %w", err), writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &Ledger{
		writer: writer, reader: reader, engine: sqliteEngine(samePlace(path, opened)),
		turn: make(chan struct{}, 1), queue: openQueue(path + "-queue"),
	}, nil
}

// samePlace refuses a file that was moved, removed or replaced behind the back of
// those who have it open: what they still write is lost when they close it.
func samePlace(path string, opened os.FileInfo) func() error {
	return func() error {
		if now, err := os.Stat(path); err == nil && os.SameFile(opened, now) {
			return nil
		}
		return refused("stop every server on it, put the right file in its place, and start again",
			"the ledger's file was moved or replaced while it was open")
	}
}

func sqliteEngine(present func() error) engine {
	return engine{
		dialect:   goose.DialectSQLite3,
		clock:     `SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER), newest FROM event_head`,
		tables:    `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('goose_db_version', 'event_head')`,
		checks:    []string{`PRAGMA integrity_check('entry')`, `PRAGMA integrity_check('personal')`, `PRAGMA integrity_check('hold')`},
		copyTo:    `VACUUM INTO $1`,
		rewrite:   `VACUUM`,
		fold:      `PRAGMA wal_checkpoint(TRUNCATE)`,
		transient: sqliteTransient, beginAgain: sqliteTransient,
		diagnose: sqliteDiagnose,
		present:  present,
	}
}

// dsn names a SQLite file. Only with the file: prefix does SQLite obey mode=ro.
func dsn(path string, params url.Values) string {
	params.Set("_dqs", "0")
	params.Set("_defensive", "1")
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter of Windows
	}
	return (&url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: params.Encode()}).String()
}

// sqliteTransient reports a lock that another process holds, and a unique index
// that caught a race.
func sqliteTransient(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch primary := e.Code() & 0xff; primary {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return true
	}
	return e.Code() == codes.SQLITE_CONSTRAINT_UNIQUE || e.Code() == codes.SQLITE_CONSTRAINT_PRIMARYKEY
}

func sqliteDiagnose(err error) (message, nextStep string) {
	if errors.Is(err, errLocked) {
		return "other processes write to the ledger's file without a pause", "try again in a minute; if it stays so, move the ledger to PostgreSQL"
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return "", ""
	}
	switch e.Code() & 0xff {
	case codes.SQLITE_READONLY, codes.SQLITE_PERM:
		return "the ledger's file cannot be written", "give the server's user write access to the file and its folder"
	case codes.SQLITE_CANTOPEN:
		return "the ledger's file cannot be opened", "check that the path names a file on a local disk, and who owns it"
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return "the ledger's file is damaged or is no database", "keep the file as it is, and restore a backup beside it"
	case codes.SQLITE_FULL:
		return "the disk of the ledger is full", "free space on it; nothing is allowed until then"
	case codes.SQLITE_IOERR:
		return "the disk of the ledger fails", "check the disk; nothing is allowed until it works"
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return "another process keeps the ledger's file locked", "end the program that holds it, such as a database browser"
	}
	return "", ""
}
