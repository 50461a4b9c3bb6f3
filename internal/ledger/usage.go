package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// settledShown is how many settled actions a policies.Usage lists.
const settledShown = 16

// Read answers queries without recording anything; it waits for no writer.
func (l *Ledger) Read(ctx context.Context, r policies.Reads) (policies.Snapshot, error) {
	s, err := l.snapshot(ctx, l.reader, r)
	return s, l.explain("read budgets", err)
}

// Mark is the number of events so far, plus one.
func (l *Ledger) Mark(ctx context.Context) (policies.Mark, error) {
	var size int64
	err := l.reader.QueryRowContext(ctx, `SELECT size FROM event_head`).Scan(&size)
	return policies.Mark(size + 1), l.explain("read the present point", err)
}

func (l *Ledger) snapshot(ctx context.Context, q queryer, r policies.Reads) (policies.Snapshot, error) {
	now, _, err := l.clock(ctx, q)
	if err != nil {
		return policies.Snapshot{}, err
	}
	s := policies.Snapshot{Now: now}
	if s.Usage, err = usage(ctx, q, r.Queries, now); err != nil {
		return s, err
	}
	return s, around(ctx, q, r, &s)
}

// usage answers all queries in one statement, and so from one state of the ledger.
func usage(ctx context.Context, q queryer, queries []policies.Query, now time.Time) ([]policies.Usage, error) {
	out := make([]policies.Usage, len(queries))
	if len(queries) == 0 {
		return out, nil
	}
	statement, args, err := usageSQL(queries, now)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("sum budgets: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var at, count, sum int64
		if err := rows.Scan(&i, &at, &count, &sum); err != nil {
			return nil, fmt.Errorf("sum budgets: %w", err)
		}
		if at == 0 {
			out[i].Count, out[i].Sum = count, sum
			continue
		}
		out[i].Settled = append(out[i].Settled, policies.Settled{At: fromMillis(at), Minor: sum})
	}
	for _, u := range out {
		slices.SortStableFunc(u.Settled, func(a, b policies.Settled) int { return a.At.Compare(b.At) })
	}
	return out, rows.Err()
}

// holdsOf are the holds that a query sums. An action that is in several of its
// scopes counts once.
func holdsOf(args *arguments, q policies.Query, now time.Time) string {
	where := ` kind IN (` + addAll(args, q.Kinds) + `) AND at > ` + args.add(now.Add(-q.Window).UnixMilli())
	if q.SinceRelease {
		where += ` AND at > (SELECT COALESCE(MAX(updated_at), 0) FROM entry WHERE kind = 'breaker' AND state = 'done')`
	}
	if len(q.Also) == 0 {
		return `hold WHERE scope = ` + args.add(string(q.Scope)) + ` AND` + where
	}
	return `(SELECT DISTINCT entry_id, at, currency, minor FROM hold WHERE scope IN (` +
		addAll(args, append([]policies.Scope{q.Scope}, q.Also...)) + `) AND` + where + `) AS once WHERE at > 0`
}

// usageSQL asks for two things per query: the totals, as a row at time 0, and the
// oldest settled actions, as a row each.
func usageSQL(queries []policies.Query, now time.Time) (string, []any, error) {
	var args arguments
	parts := make([]string, 0, 2*len(queries))
	for i, q := range queries {
		if len(q.Kinds) == 0 {
			return "", nil, &fault.Error{Code: fault.Internal, Took: fault.No, Message: "a budget names no kind of action"}
		}
		n := strconv.Itoa(i)
		minor, sum := `0`, `0`
		if q.Currency != "" {
			minor = `CASE WHEN currency = ` + args.add(string(q.Currency)) + ` THEN minor ELSE 0 END`
			sum = `CAST(COALESCE(SUM(` + minor + `), 0) AS BIGINT)`
		}
		window := ` FROM ` + holdsOf(&args, q, now)
		parts = append(parts,
			`SELECT `+n+`, 0, COUNT(*), `+sum+window,
			`SELECT * FROM (SELECT `+n+`, at, 1, `+minor+window+` AND at < `+args.add(int64(open))+
				` ORDER BY at LIMIT `+strconv.Itoa(settledShown)+`) AS oldest`)
	}
	return strings.Join(parts, ` UNION ALL `), args, nil
}
