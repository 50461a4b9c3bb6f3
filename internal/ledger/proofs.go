package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/ledger/checkpoint"
)

// Prove puts together the proof that all events of an action are in the log: for
// someone who has the public key and nothing else of this ledger. It signs a
// checkpoint when none covers the newest of them. What the proof would not prove,
// because the ledger was changed, is an error.
func (l *Ledger) Prove(ctx context.Context, id string, by checkpoint.Signer) ([]byte, error) {
	if _, err := l.Entry(ctx, id); err != nil {
		return nil, err
	}
	under, err := l.Checkpoint(ctx, by)
	if err != nil {
		return nil, err
	}
	proof, err := l.prove(ctx, id, under)
	if err != nil {
		return nil, l.explain("prove "+id, err)
	}
	if _, _, err := by.Check(proof); err != nil {
		return nil, l.explain("prove "+id, tampered("%v", err))
	}
	return proof, nil
}

func (l *Ledger) prove(ctx context.Context, id string, under checkpoint.Checkpoint) ([]byte, error) {
	view, err := l.view(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Rollback() }()
	var events []checkpoint.Event
	err = eachRow(ctx, view, func(scan func(...any) error) error {
		var e checkpoint.Event
		err := scan(&e.Seq, &e.Body)
		events = append(events, e)
		return err
	}, `SELECT seq, body FROM event WHERE entry_id = $1 AND seq < $2 ORDER BY seq`, id, under.Size)
	if err != nil {
		return nil, fmt.Errorf("read the events of %s: %w", id, err)
	}
	nodes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return readNodes(ctx, view, indexes) })
	for i, e := range events {
		if events[i].Path, err = tlog.ProveRecord(under.Size, e.Seq, nodes); err != nil {
			return nil, errors.Join(err, tampered("event %d cannot be proved", e.Seq))
		}
	}
	return checkpoint.Prove(id, under, events)
}
