package ledger

import (
	"context"
	"database/sql"
	"sync"
)

// mostPrepared bounds the statements that are kept: the ledger has few, and the
// number of budgets decides how one of them reads.
const mostPrepared = 64

// statements are prepared once instead of each time. They are prepared between
// transactions, since SQLite's one writing connection is taken during them. The
// zero value has none. Safe for concurrent use.
type statements struct {
	mu     sync.Mutex
	byText map[string]*sql.Stmt // nil: to be prepared
}

// find gives the prepared statement, and remembers the text when there is none.
func (s *statements) find(text string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byText == nil {
		s.byText = map[string]*sql.Stmt{}
	}
	stmt, known := s.byText[text]
	if !known && len(s.byText) < mostPrepared {
		s.byText[text] = nil
	}
	return stmt
}

// prepare prepares what was asked for since. What cannot be prepared works as it is.
func (s *statements) prepare(ctx context.Context, db *sql.DB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, stmt := range s.byText {
		if stmt != nil {
			continue
		}
		if stmt, err := db.PrepareContext(ctx, text); err == nil { //nolint:sqlclosecheck // closed with the database
			s.byText[text] = stmt
		}
	}
}

// prepared is a transaction that uses prepared statements where there are any.
type prepared struct {
	*sql.Tx
	statements *statements
}

// ExecContext is that of sql.Tx.
func (p prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if stmt := p.statements.find(text); stmt != nil {
		return p.StmtContext(ctx, stmt).ExecContext(ctx, args...) //nolint:sqlclosecheck // closed with its transaction
	}
	return p.Tx.ExecContext(ctx, text, args...)
}

// QueryContext is that of sql.Tx.
func (p prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if stmt := p.statements.find(text); stmt != nil {
		return p.StmtContext(ctx, stmt).QueryContext(ctx, args...) //nolint:sqlclosecheck // closed with its transaction
	}
	return p.Tx.QueryContext(ctx, text, args...)
}

// QueryRowContext is that of sql.Tx.
func (p prepared) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if stmt := p.statements.find(text); stmt != nil {
		return p.StmtContext(ctx, stmt).QueryRowContext(ctx, args...) //nolint:sqlclosecheck // closed with its transaction
	}
	return p.Tx.QueryRowContext(ctx, text, args...)
}
