package shelf

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"supportmcp/internal/knowledge"
)

// mostGaps bounds the questions that are kept; those not asked for longest go first,
// and after gapAge all do: a name in a question cannot be told from other words.
const (
	mostGaps = 1000
	gapAge   = 90 * 24 * time.Hour
)

// Gap is a question that nothing is written about.
type Gap struct {
	Query           string // without personal data
	Asked           int
	FirstAt, LastAt time.Time
}

// RecordGap notes a question that no document answers. Personal data is taken out
// first; a question of nothing else is not kept.
func (s *Shelf) RecordGap(ctx context.Context, query string) error {
	query = knowledge.Redact(query)
	if query == "" {
		return nil
	}
	at := s.now()
	now := at.UnixMilli()
	return s.db.Share(ctx, "record a knowledge gap", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO knowledge_gap (query, asked, first_at, last_at) VALUES ($1, 1, $2, $2)
			ON CONFLICT (query) DO UPDATE SET asked = knowledge_gap.asked + 1, last_at = $2`, query, now)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM knowledge_gap WHERE last_at < $1 OR query IN (
			SELECT query FROM knowledge_gap ORDER BY last_at DESC, query LIMIT 100 OFFSET $2)`, at.Add(-gapAge).UnixMilli(), mostGaps)
		return err
	})
}

// Gaps are the questions without an answer, the most frequent first.
func (s *Shelf) Gaps(ctx context.Context) ([]Gap, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT query, asked, first_at, last_at FROM knowledge_gap ORDER BY asked DESC, last_at DESC, query`)
	if err != nil {
		return nil, fmt.Errorf("read the knowledge gaps: %w", err)
	}
	defer rows.Close()
	var all []Gap
	for rows.Next() {
		var g Gap
		var first, last int64
		if err := rows.Scan(&g.Query, &g.Asked, &first, &last); err != nil {
			return nil, err
		}
		g.FirstAt, g.LastAt = moment(first), moment(last)
		all = append(all, g)
	}
	return all, rows.Err()
}
