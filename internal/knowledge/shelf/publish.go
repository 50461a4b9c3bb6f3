package shelf

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"supportmcp/internal/knowledge"
)

// publish serves what was taken and ends the sync. After a failure nothing is
// taken for gone.
func (r *run) publish(ctx context.Context, now knowledge.State, failed error) error {
	var gone []string
	if failed == nil {
		gone = r.gone(now)
	}
	r.settle()
	return r.db.Share(ctx, "record the sync of "+r.source, func(tx *sql.Tx) error {
		if err := r.hold(ctx, tx, ours); err != nil {
			return err
		}
		changed, err := r.keep(ctx, tx)
		if err != nil {
			return err
		}
		removed, err := r.remove(ctx, tx, gone)
		if err != nil {
			return err
		}
		r.report.Taken, r.report.Gone = changed, removed
		if r.report.Changed() {
			if _, err := tx.ExecContext(ctx, `UPDATE knowledge_generation SET n = n + 1`); err != nil {
				return err
			}
		}
		return r.end(ctx, tx, now.Cursor, failed)
	})
}

// settle leaves one row per path: the first good one, or else the first refusal.
// Of two documents with one path the second is refused.
func (r *run) settle() {
	at := map[string]int{}
	var rows []row
	for _, d := range r.taken {
		i, twice := at[d.path]
		switch {
		case !twice:
			at[d.path] = len(rows)
			rows = append(rows, d)
		case d.refused == "":
			d.refused = "another document has this path"
			r.report.Refused = append(r.report.Refused, knowledge.Refused{Source: r.source, Path: d.path, Reason: d.refused})
			rows[i].refused = d.refused
		}
	}
	r.taken = rows
}

// gone are the paths that the source has no longer.
func (r *run) gone(now knowledge.State) []string {
	seen := map[string]bool{}
	for _, d := range r.taken {
		seen[d.path] = true
	}
	var gone []string
	for path := range r.present {
		if _, there := now.Marks[path]; !there && !seen[path] {
			gone = append(gone, path)
		}
	}
	slices.Sort(gone)
	return gone
}

// perStatement is how many rows one statement takes.
const perStatement = 200

// keep records what the source has now, and counts the documents that are served
// anew. A document that is refused now is served as it was.
func (r *run) keep(ctx context.Context, tx *sql.Tx) (changed int, err error) {
	for rows := range slices.Chunk(r.taken, perStatement) {
		var places []string
		var args []any
		for _, d := range rows {
			n := len(args)
			places = append(places, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5))
			args = append(args, r.source, d.path, d.mark, d.version, d.refused)
			if d.version != "" {
				changed++
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO knowledge_document (source, path, mark, version, refused) VALUES `+strings.Join(places, ", ")+`
			ON CONFLICT (source, path) DO UPDATE SET mark = excluded.mark, refused = excluded.refused,
			version = CASE WHEN excluded.version = '' THEN knowledge_document.version ELSE excluded.version END`, args...)
		if err != nil {
			return 0, err
		}
	}
	return changed, nil
}

func (r *run) remove(ctx context.Context, tx *sql.Tx, gone []string) (removed int, err error) {
	for _, path := range gone {
		var version string
		err := tx.QueryRowContext(ctx, `DELETE FROM knowledge_document WHERE source = $1 AND path = $2 RETURNING version`, r.source, path).Scan(&version)
		if err != nil {
			return 0, err
		}
		if version != "" {
			removed++
		}
	}
	return removed, nil
}

// end gives the lease back and notes how it went.
func (r *run) end(ctx context.Context, tx *sql.Tx, cursor string, failed error) error {
	if failed != nil {
		_, err := tx.ExecContext(ctx, `UPDATE knowledge_source SET failure = $1, lease_owner = '', lease_until = 0 WHERE name = $2`, oneLine(failed.Error()), r.source)
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE knowledge_source SET failure = '', cursor = $1, synced_at = $2, lease_owner = '', lease_until = 0 WHERE name = $3`,
		cursor, r.now().UnixMilli(), r.source)
	return err
}

// oneLine is text that any database takes, on one line and of bounded length.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "")), " ")
	return text[:min(len(text), 500)]
}
