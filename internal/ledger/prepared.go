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
	byText map[string]*sql.Stmt // nil: to be prepared, or being so
	wanted []string             // to be prepared
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
		s.wanted = append(s.wanted, text)
	}
	return stmt
}

// prepare prepares what was asked for since. What cannot be prepared works as it
// is. Preparing may wait for a lock of a transaction that looks for a statement,
// so nothing is held meanwhile.
func (s *statements) prepare(ctx context.Context, db *sql.DB) {
	for _, text := range s.take() {
		stmt, err := db.PrepareContext(ctx, text)
		if err != nil {
			stmt = nil
		}
		s.keep(text, stmt)
	}
}

func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := s.wanted
	s.wanted = nil
	return texts
}

// keep keeps a prepared statement; nil is wanted still.
func (s *statements) keep(text string, stmt *sql.Stmt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byText[text] = stmt
	if stmt == nil {
		s.wanted = append(s.wanted, text)
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
