package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// around reads what a judgement must know besides budgets, in one statement: what
// waits for a person and what was denied in the conversation, what was denied to
// its contact elsewhere, and whether the breaker is open.
func around(ctx context.Context, q queryer, r policies.Reads, s *policies.Snapshot) (err error) {
	if err = receipts(ctx, q, r.Receipts, s); err != nil {
		return err
	}
	statement, args := aroundSQL(r, s)
	if statement == "" {
		return nil
	}
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("read what waits and what was denied: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var what string
		var n int64
		if err := rows.Scan(&what, &n); err != nil {
			return fmt.Errorf("read what waits and what was denied: %w", err)
		}
		switch what {
		case "waiting":
			s.Waiting = n
		case "breaker":
			s.BreakerOpen = n > 0
		case "denied":
			s.Denied = append(s.Denied, fromMillis(n))
		}
	}
	return rows.Err()
}

func aroundSQL(r policies.Reads, s *policies.Snapshot) (string, []any) {
	var args arguments
	var parts []string
	denied := func(whose string) {
		parts = append(parts, `SELECT * FROM (SELECT 'denied', created_at FROM entry WHERE state = 'denied' AND `+whose+
			` AND created_at > `+args.add(s.Now.Add(-r.DeniedWithin).UnixMilli())+` ORDER BY created_at DESC LIMIT `+args.add(int64(r.Denials))+`) AS newest`)
	}
	if r.Conversation != "" {
		here := `conversation = ` + args.add(r.Conversation)
		parts = append(parts, `SELECT 'waiting', COUNT(*) FROM entry WHERE state = 'awaiting_approval' AND `+here)
		if r.Denials > 0 {
			denied(here)
		}
	}
	if r.Contact != "" && r.Denials > 0 {
		denied(`contact <> '' AND contact = ` + args.add(r.Contact) + ` AND conversation <> ` + args.add(r.Conversation))
	}
	if r.Breaker {
		parts = append(parts, `SELECT 'breaker', COUNT(*) FROM entry WHERE kind = 'breaker' AND state = 'awaiting_approval'`)
	}
	return strings.Join(parts, ` UNION ALL `), args
}

// receiptsShown is how many receipts of one conversation are told, newest first.
const receiptsShown = 16

// receipts are the amounts of a conversation's done actions that gave money back or
// take it off invoices to come, newest first.
func receipts(ctx context.Context, q queryer, conversation string, s *policies.Snapshot) error {
	if conversation == "" {
		return nil
	}
	rows, err := q.QueryContext(ctx, `SELECT kind, currency, minor FROM hold WHERE scope = $1 AND kind IN ('refund', 'cancel', 'credit', 'discount')
		AND minor > 0 AND at < $2 ORDER BY at DESC LIMIT `+strconv.Itoa(receiptsShown), string(policies.PerConversation)+":"+conversation, int64(open))
	if err != nil {
		return fmt.Errorf("read receipts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind policies.Kind
		var m money.Money
		if err := rows.Scan(&kind, &m.Currency, &m.Minor); err != nil {
			return fmt.Errorf("read receipts: %w", err)
		}
		into := &s.Receipts
		if kind == policies.KindCredit || kind == policies.KindDiscount {
			into = &s.Credits
		}
		*into = append(*into, m)
	}
	return rows.Err()
}
