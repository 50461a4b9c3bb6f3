package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/ledger/checkpoint"
)

// treeCheck recomputes the tree over a log of a certain size.
type treeCheck struct {
	*verifier
	query  func(row func(scan func(...any) error) error, query string, args ...any) error
	size   int64 // how many events there should be
	peaks  peaks
	kept   []checkpoint.Checkpoint           // elsewhere, the smallest first, and not yet compared
	due    map[int64][]checkpoint.Checkpoint // in the ledger or elsewhere, of the stretch at hand
	events int64                             // that were found
	nodes  int64
}

// checkLog recomputes the leaf of every event and every node of the tree, and
// compares the roots on the way with the checkpoints.
func (v *verifier) checkLog(ctx context.Context, q queryer, size int64) error {
	if size < 0 {
		v.add("the log has no head, which says how many events there are")
	}
	t := &treeCheck{verifier: v, size: max(size, 0)}
	t.query = func(row func(scan func(...any) error) error, query string, args ...any) error {
		return eachRow(ctx, q, row, query, args...)
	}
	t.kept = slices.SortedFunc(slices.Values(v.evidence.Kept), func(a, b checkpoint.Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	if err := stretches(ctx, q, 0, t.size, t.check); err != nil {
		return err
	}
	if err := errors.Join(t.checkBeyond(), t.count()); err != nil {
		return err
	}
	root, err := t.peaks.root()
	v.report.Events, v.report.Root = t.size, root.String()
	return err
}

// check goes through a stretch.
func (t *treeCheck) check(s *stretch) error {
	if err := t.readCheckpoints(s); err != nil {
		return err
	}
	t.events += int64(len(s.events))
	t.nodes += s.rows
	next := s.events
	for seq := s.first; seq < s.end; seq++ {
		var e *logged
		if len(next) > 0 && next[0].seq == seq {
			e, next = &next[0], next[1:]
		}
		t.hang(s, seq, t.leaf(s, seq, e))
		t.compare(seq + 1)
	}
	return nil
}

// leaf compares an event with its leaf and gives the leaf as it was recorded, as
// far as anything still tells, so that one change is told once and not for every
// node above it.
func (t *treeCheck) leaf(s *stretch, seq int64, e *logged) tlog.Hash {
	stored := s.node(tlog.StoredHashIndex(0, seq))
	if e == nil {
		t.add("event %d is missing", seq)
		return stored
	}
	leaf := tlog.RecordHash([]byte(e.body))
	if stored == leaf || stored == (tlog.Hash{}) {
		return leaf
	}
	t.add("event %d (%s) is not what was recorded", seq, e.action)
	return stored
}

// hang adds an event to the tree and compares the nodes that this adds.
func (t *treeCheck) hang(s *stretch, seq int64, leaf tlog.Hash) {
	for level, want := range t.peaks.grow(seq, leaf) {
		at := tlog.StoredHashIndex(0, seq) + int64(level)
		switch stored := s.node(at); {
		case stored == want:
		case stored != (tlog.Hash{}):
			t.add("node %d of the tree is not the hash of events %d to %d", at, seq+1-1<<level, seq)
		default:
			t.missing(s, at)
		}
	}
}

func (t *treeCheck) missing(s *stretch, at int64) {
	if length, is := s.damaged[at]; is {
		t.add("node %d of the tree has %d bytes", at, length)
		return
	}
	t.add("node %d of the tree is missing", at)
}

// count looks for events and nodes that the log should not have.
func (t *treeCheck) count() error {
	return t.query(func(scan func(...any) error) error {
		var events, nodes int64
		if err := scan(&events, &nodes); err != nil {
			return err
		}
		if events != t.size || events != t.events {
			t.add("the log should have %d events and has %d: its end was cut or added to", t.size, events)
		}
		if want := tlog.StoredHashCount(t.size); nodes != want || nodes != t.nodes {
			t.add("the tree over %d events should have %d nodes and has %d", t.size, want, nodes)
		}
		return nil
	}, `SELECT (SELECT COUNT(*) FROM event), (SELECT COUNT(*) FROM event_node)`)
}
