package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"supportmcp/policies"
)

// Inspection is what a ledger is, seen without touching it.
type Inspection struct {
	Exists  bool   // false: nothing is there yet, and Open would make it
	Mode    string // that it belongs to; "" when it was never served
	Events  int64  // in the log
	Account string // of Stripe, that it belongs to; "" when that could not be told yet
	Adopted int64  // actions that its vendors had done and it had lost; see Adopt
	ID      string // see [Ledger.ID]
	Rosters []Act  // that it has accepted, oldest first
	Applied []Act  // policies that approvers signed, oldest first
	Held    []Held // what people approved and no server has taken up yet
	Tokens  int64  // of callers, that were ever made
	Older   bool   // its tables are of an earlier release, and Open would bring them up to date

	Policies []Accepted // that were in force, oldest first
}

// Inspect looks at the ledger at url, and neither makes nor changes anything:
// neither files and folders nor tables. What would keep [Open] from opening it in
// the given mode ("" is any) is a *fault.Error like Open's.
func Inspect(ctx context.Context, url, mode string) (Inspection, error) {
	if err := checkMode(mode); err != nil {
		return Inspection{}, err
	}
	l, err := look(url)
	if l == nil || err != nil {
		return Inspection{}, err
	}
	in, err := l.inspect(ctx)
	if err == nil && mode != "" && in.Mode != "" && in.Mode != mode {
		err = otherMode(in.Mode, mode)
	}
	return in, errors.Join(l.explain("inspect the ledger", err), l.Close())
}

// look connects for reading; nil without an error is a file that does not exist.
func look(url string) (*Ledger, error) {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile || path == "" {
		return connect(url)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the ledger's folder: %w", err)
	}
	found, err := secured(path)
	if !found || err != nil {
		return nil, err
	}
	return lookSQLite(path)
}

// lookSQLite opens a file that nobody has open as one that cannot change, since
// SQLite would otherwise make two files beside it. Where its log is there, a
// server has it open, and those files exist
// (https://www.sqlite.org/wal.html#read_only_databases).
func lookSQLite(path string) (*Ledger, error) {
	params := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "cache_size(-32768)"}} // kibibytes, since most is read in the order of random ids
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		params.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", dsn(path, params))
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	db.SetMaxOpenConns(mostViews) // Verify looks side by side
	return &Ledger{writer: db, reader: db, engine: sqliteEngine(nil)}, nil
}

// inspect reads in one transaction that cannot write.
func (l *Ledger) inspect(ctx context.Context) (in Inspection, err error) {
	began, err := l.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return in, err
	}
	defer func() { _ = began.Rollback() }()
	var tables int
	if err := began.QueryRowContext(ctx, l.engine.tables).Scan(&tables); err != nil || tables == 0 {
		return in, err
	}
	in.Exists = true
	var version int64
	if err := began.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return in, fmt.Errorf("read the version of the tables: %w", err)
	}
	if in.Older, err = older(version); err != nil || in.Older {
		return in, err
	}
	err = began.QueryRowContext(ctx, `SELECT size FROM event_head`).Scan(&in.Events)
	if err != nil {
		return in, fmt.Errorf("read the size of the log: %w", err)
	}
	if err := began.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_token`).Scan(&in.Tokens); err != nil {
		return in, fmt.Errorf("count the tokens: %w", err)
	}
	if in.Mode, err = metaOf(ctx, began, "mode"); err != nil {
		return in, err
	}
	if in.Account, err = metaOf(ctx, began, "account"); err != nil {
		return in, err
	}
	if in.Policies, err = accepted(ctx, began); err != nil {
		return in, err
	}
	if in.ID, err = metaOf(ctx, began, "id"); err != nil {
		return in, err
	}
	if in.Rosters, err = acts(ctx, began, roster); err != nil {
		return in, fmt.Errorf("read the rosters: %w", err)
	}
	if in.Applied, err = acts(ctx, began, applied); err != nil {
		return in, fmt.Errorf("read the policies that were signed: %w", err)
	}
	if in.Held, err = letOn(ctx, began); err != nil {
		return in, fmt.Errorf("read what is approved: %w", err)
	}
	adopted, err := metaOf(ctx, began, "adopted")
	if err == nil && adopted != "" {
		in.Adopted, err = strconv.ParseInt(adopted, 10, 64)
	}
	return in, err
}

// Held is an entry that people let go on, with what they decided.
type Held struct {
	policies.Entry
	Given []policies.Approval
}

func letOn(ctx context.Context, q queryer) (all []Held, err error) {
	rows, err := several(ctx, q, `WHERE state = 'approved' AND approver <> '' ORDER BY created_at, id LIMIT `+strconv.Itoa(usualList))
	for _, r := range rows {
		given, err := approvals(ctx, q, r.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, Held{r.Entry, given})
	}
	return all, err
}

// older compares tables with the newest migration; those of a newer release are refused.
func older(have int64) (bool, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return false, errors.Join(errors.New("list the migrations"), err)
	}
	want, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return false, fmt.Errorf("number the migrations: %w", err)
	}
	if have > want {
		return false, newerTables(have, want)
	}
	return have < want, nil
}

// secured reports whether a file exists, and refuses it for what [secureFile] would.
func secured(path string) (bool, error) {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	switch {
	case err != nil:
		return false, unusable("the ledger's folder cannot be read", err)
	case !info.IsDir():
		return false, unusable("the ledger's folder cannot be created", &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("not a directory")})
	case dir != filepath.Dir(path):
		return false, nil // the folders below are still to be made
	}
	if err := private(dir, 0o700); err != nil {
		return false, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := private(path, 0o600); err != nil {
		return false, err
	}
	return true, nil
}
