package shelf

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

// Status is how a source is doing.
type Status struct {
	Source    string
	Documents int       // served
	TriedAt   time.Time // zero before the first sync
	SyncedAt  time.Time // the newest sync that went well: the age of what is served
	Failure   string    // why the newest sync did not; "" when it did
	Refused   []knowledge.Refused
}

// Status tells of every configured source, in the order of their names.
func (s *Shelf) Status(ctx context.Context) ([]Status, error) {
	var all []Status
	for name := range s.sources {
		st, err := s.status(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("read the status of %s: %w", name, err)
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Source, b.Source) })
	return all, nil
}

func (s *Shelf) status(ctx context.Context, name string) (Status, error) {
	st := Status{Source: name}
	var tried, synced int64
	err := s.db.Reader().QueryRowContext(ctx, `SELECT tried_at, synced_at, failure FROM knowledge_source WHERE name = $1`, name).Scan(&tried, &synced, &st.Failure)
	if err != nil && err != sql.ErrNoRows { //nolint:errorlint // Scan gives it as it is
		return st, err
	}
	st.TriedAt, st.SyncedAt = moment(tried), moment(synced)
	err = s.db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM knowledge_document WHERE source = $1 AND version <> ''`, name).Scan(&st.Documents)
	if err != nil {
		return st, err
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT path, refused FROM knowledge_document WHERE source = $1 AND refused <> '' ORDER BY path`, name)
	if err != nil {
		return st, err
	}
	defer rows.Close()
	for rows.Next() {
		r := knowledge.Refused{Source: name}
		if err := rows.Scan(&r.Path, &r.Reason); err != nil {
			return st, err
		}
		st.Refused = append(st.Refused, r)
	}
	return st, rows.Err()
}

func moment(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
