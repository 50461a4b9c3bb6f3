package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
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
	if s.Waiting, err = waiting(ctx, q, r.Waiting); err != nil {
		return s, err
	}
	s.Receipts, err = receipts(ctx, q, r.Receipts)
	return s, err
}

// receiptsShown is how many refunds of one conversation are told, newest first.
const receiptsShown = 16

// receipts are the amounts of a conversation's done refunds, newest first.
func receipts(ctx context.Context, q queryer, conversation string) (out []money.Money, err error) {
	if conversation == "" {
		return nil, nil
	}
	rows, err := q.QueryContext(ctx, `SELECT currency, minor FROM hold WHERE scope = $1 AND kind = 'refund' AND at < $2 ORDER BY at DESC LIMIT `+
		strconv.Itoa(receiptsShown), string(policies.PerConversation)+":"+conversation, int64(open))
	if err != nil {
		return nil, fmt.Errorf("read refunds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m money.Money
		if err := rows.Scan(&m.Currency, &m.Minor); err != nil {
			return nil, fmt.Errorf("read refunds: %w", err)
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// waiting counts the actions of a conversation that wait for a person.
func waiting(ctx context.Context, q queryer, conversation string) (n int64, err error) {
	if conversation == "" {
		return 0, nil
	}
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM entry WHERE state = 'awaiting_approval' AND conversation = $1`, conversation).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what waits: %w", err)
	}
	return n, nil
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
		window := ` FROM hold WHERE scope = ` + args.add(string(q.Scope)) + ` AND kind IN (` + addAll(&args, q.Kinds) +
			`) AND at > ` + args.add(now.Add(-q.Window).UnixMilli())
		parts = append(parts,
			`SELECT `+n+`, 0, COUNT(*), `+sum+window,
			`SELECT * FROM (SELECT `+n+`, at, 1, `+minor+window+` AND at < `+args.add(int64(open))+
				` ORDER BY at LIMIT `+strconv.Itoa(settledShown)+`) AS oldest`)
	}
	return strings.Join(parts, ` UNION ALL `), args, nil
}
