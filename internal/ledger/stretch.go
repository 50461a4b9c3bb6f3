package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// stretchLength is how many events are read at a time, so that a log of any
// length passes through the same memory.
const stretchLength = 2048

// stretch is a piece of the log with the nodes that its events added to the tree.
type stretch struct {
	first, end int64 // numbers of events, end not included
	events     []logged
	nodes      []tlog.Hash // from the one at place offset on; zero where one is missing or damaged
	offset     int64
	rows       int64         // of nodes
	damaged    map[int64]int // how long nodes are that have not the length of one
}

// logged is an event as it is stored.
type logged struct {
	seq    int64
	action string
	body   string
}

// stretches reads the log from one event to before another, piece by piece.
func stretches(ctx context.Context, q queryer, from, to int64, each func(*stretch) error) error {
	for first := from; first < to; first += stretchLength {
		s := &stretch{first: first, end: min(first+stretchLength, to)}
		if err := s.read(ctx, q); err != nil {
			return fmt.Errorf("read the log from event %d on: %w", first, err)
		}
		if err := each(s); err != nil {
			return err
		}
	}
	return nil
}

func (s *stretch) read(ctx context.Context, q queryer) error {
	s.events = make([]logged, 0, s.end-s.first)
	err := eachRow(ctx, q, func(scan func(...any) error) error {
		var e logged
		err := scan(&e.seq, &e.action, &e.body)
		s.events = append(s.events, e)
		return err
	}, `SELECT seq, entry_id, body FROM event WHERE seq >= $1 AND seq < $2 ORDER BY seq`, s.first, s.end)
	if err != nil {
		return err
	}
	s.offset = tlog.StoredHashCount(s.first)
	beyond := tlog.StoredHashCount(s.end)
	s.nodes, s.damaged = make([]tlog.Hash, beyond-s.offset), map[int64]int{}
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var index int64
		var hash []byte
		err := scan(&index, &hash)
		s.rows++
		if err != nil {
			return err
		}
		if len(hash) != tlog.HashSize {
			s.damaged[index] = len(hash)
			return nil
		}
		s.nodes[index-s.offset] = tlog.Hash(hash)
		return nil
	}, `SELECT idx, hash FROM event_node WHERE idx >= $1 AND idx < $2 ORDER BY idx`, s.offset, beyond)
}

// node is the stored node at a place; zero when it is missing or damaged.
func (s *stretch) node(index int64) tlog.Hash { return s.nodes[index-s.offset] }

// eachRow reads rows and passes them on, one at a time.
func eachRow(ctx context.Context, q queryer, row func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
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
