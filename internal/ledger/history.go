package ledger

import (
	"context"
	"time"

	"supportmcp/policies"
)

// History reads every entry that has changed since a time, and those that are under
// way whatever their age, in the order of their creation. All of them are held in
// memory.
func (l *Ledger) History(ctx context.Context, since time.Time) ([]policies.Entry, error) {
	rows, err := several(ctx, l.reader, `WHERE updated_at >= $1 OR state IN ('executing', 'unknown', 'review', 'awaiting_approval', 'approved')
		ORDER BY created_at, id`, max(0, since.UnixMilli()))
	return entries(rows), l.explain("read what was recorded", err)
}
