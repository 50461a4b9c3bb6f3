package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Tally is how a ledger stands, for whoever watches over it.
type Tally struct {
	States map[policies.State]int64
	// Doubt is for how long the oldest action is unknown or under review; 0 when
	// none is.
	Doubt time.Duration
	Holds []Holding
}

// Holding is what actions under way or in doubt take from the budgets of one kind of scope.
type Holding struct {
	Scope    policies.ScopeKind
	Currency money.Currency // "" for what moves no money
	Actions  int64
	Minor    int64
}

// inFlight are the states of policies.State.InFlight.
const inFlight = `('executing', 'unknown', 'review')`

// Tally counts. What is final is counted row by row, so it is not for every second.
func (l *Ledger) Tally(ctx context.Context) (Tally, error) {
	t := Tally{States: map[policies.State]int64{}}
	err := errors.Join(l.countStates(ctx, &t), l.countHeld(ctx, &t), l.ageDoubt(ctx, &t))
	return t, l.explain("count actions", err)
}

func (l *Ledger) countStates(ctx context.Context, t *Tally) error {
	return l.each(ctx, func(rows *sql.Rows) error {
		var state policies.State
		var n int64
		err := rows.Scan(&state, &n)
		t.States[state] = n
		return err
	}, `SELECT state, COUNT(*) FROM entry GROUP BY state`)
}

func (l *Ledger) countHeld(ctx context.Context, t *Tally) error {
	at := map[Holding]int{}
	return l.each(ctx, func(rows *sql.Rows) error {
		var scope string
		var h Holding
		if err := rows.Scan(&scope, &h.Currency, &h.Minor); err != nil {
			return err
		}
		kind, _, _ := strings.Cut(scope, ":")
		key := Holding{Scope: policies.ScopeKind(kind), Currency: h.Currency}
		i, known := at[key]
		if !known {
			i = len(t.Holds)
			at[key], t.Holds = i, append(t.Holds, key)
		}
		t.Holds[i].Actions++
		t.Holds[i].Minor += h.Minor
		return nil
	}, `SELECT h.scope, h.currency, h.minor FROM entry e JOIN hold h ON h.entry_id = e.id
		WHERE e.state IN `+inFlight+` ORDER BY h.scope, h.currency`)
}

func (l *Ledger) ageDoubt(ctx context.Context, t *Tally) error {
	now, _, err := l.clock(ctx, l.reader)
	if err != nil {
		return err
	}
	return l.each(ctx, func(rows *sql.Rows) error {
		var since sql.NullInt64
		err := rows.Scan(&since)
		if since.Valid {
			t.Doubt = max(now.Sub(time.UnixMilli(since.Int64)), time.Millisecond)
		}
		return err
	}, `SELECT MIN(created_at) FROM entry WHERE state IN ('unknown', 'review')`)
}

func (l *Ledger) each(ctx context.Context, take func(*sql.Rows) error, query string) error {
	rows, err := l.reader.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Probe proves that the ledger can record, and that its tables are not those of a
// newer release: it writes, and changes nothing.
func (l *Ledger) Probe(ctx context.Context) error {
	return l.transact(ctx, "see whether the ledger can record", func(t *tx) error {
		var have int64
		if err := t.sql.QueryRowContext(t.ctx, `SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
			return fmt.Errorf("read the version of the tables: %w", err)
		}
		if _, err := older(have); err != nil {
			return err
		}
		return t.exec(`UPDATE event_head SET size = size`)
	})
}
