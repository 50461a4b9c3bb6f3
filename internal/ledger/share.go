package ledger

import (
	"context"
	"database/sql"
)

// Share runs work in a writing transaction of the ledger's database, for tables
// that are kept beside its own, and again when another process got in the way:
// work starts afresh each time. It holds up decisions meanwhile, so it must be
// short and wait for nobody. doing is for errors, which are as helpful as the
// ledger's own.
func (l *Ledger) Share(ctx context.Context, doing string, work func(*sql.Tx) error) error {
	return l.transact(ctx, doing, func(t *tx) error { return work(t.sql.Tx) })
}

// Reader are the connections that read, and on SQLite cannot write.
func (l *Ledger) Reader() *sql.DB { return l.reader }
