package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// appendEvents numbers the noted events, stores their exact bytes and hangs them
// into the Merkle tree. It is the last thing a transaction does, because from
// here on every other writer waits for it: numbers are given without gaps and in
// the order of commits.
func (t *tx) appendEvents() error {
	if len(t.events) == 0 {
		return nil
	}
	var size int64
	err := t.sql.QueryRowContext(t.ctx, `UPDATE event_head SET size = size + $1, newest = CASE WHEN newest < $2 THEN $2 ELSE newest END
		RETURNING size`, int64(len(t.events)), millis(t.now)).Scan(&size)
	if err != nil {
		return fmt.Errorf("number events: %w", err)
	}
	first := size - int64(len(t.events))
	for i, e := range t.events {
		e.Seq = first + int64(i)
		if err := t.appendEvent(e); err != nil {
			return fmt.Errorf("append event %d: %w", e.Seq, err)
		}
	}
	return nil
}

func (t *tx) appendEvent(e event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	nodes, err := tlog.StoredHashes(e.Seq, body, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return readNodes(t.ctx, t.sql, indexes)
	}))
	if err != nil {
		return err
	}
	var args arguments
	rows := make([]string, len(nodes))
	for i, n := range nodes {
		rows[i] = "(" + args.add(tlog.StoredHashIndex(0, e.Seq)+int64(i)) + ", " + args.add(n[:]) + ")"
	}
	return t.execAll(
		statement{`INSERT INTO event (seq, entry_id, body) VALUES ($1, $2, $3)`, []any{e.Seq, e.Action, string(body)}},
		statement{`INSERT INTO event_node (idx, hash) VALUES ` + strings.Join(rows, ", "), args},
	)
}

// readNodes reads stored hashes of the tree, in the order of indexes.
func readNodes(ctx context.Context, q queryer, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	if len(indexes) == 0 {
		return out, nil
	}
	var args arguments
	rows, err := q.QueryContext(ctx, `SELECT idx, hash FROM event_node WHERE idx IN (`+addAll(&args, indexes)+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var index int64
		var hash []byte
		if err := rows.Scan(&index, &hash); err != nil {
			return nil, err
		}
		if len(hash) != tlog.HashSize {
			return nil, tampered("node %d of the tree is damaged", index)
		}
		out[slices.Index(indexes, index)] = tlog.Hash(hash)
		found++
	}
	if found < len(indexes) && rows.Err() == nil {
		return nil, tampered("%d of %d nodes of the tree are missing", len(indexes)-found, len(indexes))
	}
	return out, rows.Err()
}
