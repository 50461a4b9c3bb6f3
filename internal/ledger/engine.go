package ledger

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// engine is all in which the two databases differ under one SQL text.
type engine struct {
	dialect goose.Dialect
	clock   string   // reads the time, and the newest that is recorded, in unix milliseconds
	tables  string   // counts the tables of a ledger; 0 in a database that has none yet
	checks  []string // compare tables with their indexes, and answer ok
	// rewrite makes a file of nothing but what is in the tables, and fold empties
	// the log beside it; "" where the database looks after that itself.
	rewrite, fold string
	copyTo        string // writes a copy into an empty file; "" where that is done outside
	// rowLocks says that transactions run side by side, so that rows must be
	// locked before they are judged. SQLite runs one writing transaction at a time.
	rowLocks bool
	hint     string // tells other processes that something is due; "" where it cannot
	// together runs statements on a connection without waiting for one before the
	// next is sent; nil where there is nothing to wait for.
	together func(context.Context, *sql.Conn, []statement) error
	// transient reports an error after which the whole transaction may run again.
	transient func(error) bool
	// present refuses a database that is not the one that was opened.
	present func() error
	// beginAgain reports an error of BEGIN after which another attempt may succeed.
	beginAgain func(error) bool
	// diagnose names the cause of an error that an operator can mend; "" for none.
	diagnose func(error) (message, nextStep string)
}
