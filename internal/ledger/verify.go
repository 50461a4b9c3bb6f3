package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Report is what Verify found.
type Report struct {
	Events   int64  // in the log
	Entries  int    // that were compared with it
	Erased   int    // of them, those whose texts were erased: their hashes compare with nothing any more
	Root     string // of the tree over all events, in base64: keep it elsewhere, and a log cut or rewritten later cannot have it
	Problems []string
}

// Sound reports whether nothing was found.
func (r Report) Sound() bool { return len(r.Problems) == 0 }

func (r *Report) add(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Verify recomputes the whole log from its stored bytes and compares it with the
// tree, with every entry and with what every entry takes from the budgets, all
// in one state of the ledger. It reads everything and holds no lock. What it
// finds is in the report; an error means that it could not look.
//
// Someone who rewrites the whole database consistently is found only by
// comparing Root with one that was kept outside of it.
func (l *Ledger) Verify(ctx context.Context) (Report, error) {
	began, err := l.reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Report{}, l.explain("verify", err)
	}
	defer func() { _ = began.Rollback() }()
	v := &verifier{ctx: ctx, sql: began, last: map[string]event{}, erased: map[string]event{}}
	checkStorage := func() error { return v.checkStorage(l.engine.checks) }
	for _, step := range []func() error{checkStorage, v.readNodes, v.checkNodes, v.checkEvents, v.checkHead, v.checkEntries, v.checkHolds} {
		if err := step(); err != nil {
			return Report{}, l.explain("verify", err)
		}
	}
	return v.report, nil
}

// verifier goes through a ledger once.
type verifier struct {
	ctx    context.Context
	sql    *sql.Tx
	report Report
	nodes  map[int64]tlog.Hash // as stored
	last   map[string]event    // of each action, with the last judgement of it
	erased map[string]event    // of each action whose texts were erased
}

// each reads rows and passes them on.
func (v *verifier) each(query string, row func(scan func(...any) error) error) error {
	rows, err := v.sql.QueryContext(v.ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (v *verifier) readNodes() error {
	v.nodes = map[int64]tlog.Hash{}
	return v.each(`SELECT idx, hash FROM event_node`, func(scan func(...any) error) error {
		var index int64
		var hash []byte
		if err := scan(&index, &hash); err != nil {
			return err
		}
		if len(hash) != tlog.HashSize {
			v.report.add("node %d of the tree has %d bytes", index, len(hash))
			return nil
		}
		v.nodes[index] = tlog.Hash(hash)
		return nil
	})
}

// checkNodes compares every inner node with the two below it.
func (v *verifier) checkNodes() error {
	for index := range int64(len(v.nodes)) {
		level, n := tlog.SplitStoredHashIndex(index)
		have, ok := v.nodes[index]
		if !ok {
			v.report.add("node %d of the tree is missing", index)
			continue
		}
		if level == 0 {
			continue
		}
		left, right := v.nodes[tlog.StoredHashIndex(level-1, 2*n)], v.nodes[tlog.StoredHashIndex(level-1, 2*n+1)]
		if tlog.NodeHash(left, right) != have {
			v.report.add("node %d of the tree is not the hash of events %d to %d", index, n<<level, (n+1)<<level-1)
		}
	}
	return nil
}

// checkHead compares how many events there should be with what is stored, and
// computes the root.
func (v *verifier) checkHead() error {
	var size int64
	if err := v.sql.QueryRowContext(v.ctx, `SELECT size FROM event_head`).Scan(&size); err != nil {
		return fmt.Errorf("read the head: %w", err)
	}
	if size != v.report.Events {
		v.report.add("the log should have %d events and has %d: its end was cut or added to", size, v.report.Events)
	}
	if want := tlog.StoredHashCount(size); want != int64(len(v.nodes)) {
		v.report.add("the tree over %d events should have %d nodes and has %d", size, want, len(v.nodes))
	}
	root, err := tlog.TreeHash(v.report.Events, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = v.nodes[index]
		}
		return out, nil
	}))
	v.report.Root = root.String()
	return err
}
