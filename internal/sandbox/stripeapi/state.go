package stripeapi

import (
	"slices"
	"time"
)

// object is a Stripe object as it goes over the wire.
type object = map[string]any

// record is an object as it is kept.
type record interface {
	stamp() (id string, created time.Time)
}

// table holds the objects of one kind. The Server's lock guards it.
type table[T record] struct {
	noun   string // as in "No such charge"
	render func(T) object
	rows   []T // in the order they were added
	byID   map[string]T
}

func newTable[T record](noun string, render func(T) object) *table[T] {
	return &table[T]{noun: noun, render: render, byID: map[string]T{}}
}

// put adds a row, or replaces the one with the same id.
func (t *table[T]) put(row T) {
	id, _ := row.stamp()
	if _, known := t.byID[id]; known {
		t.rows = slices.DeleteFunc(t.rows, func(r T) bool { other, _ := r.stamp(); return other == id })
	}
	t.rows = append(t.rows, row)
	t.byID[id] = row
}

// find gives the row with this id, or Stripe's refusal naming the parameter it came from.
func (t *table[T]) find(id, param string, status int) (T, *apiError) {
	row, ok := t.byID[id]
	if !ok {
		return row, missing(status, t.noun, id, param)
	}
	return row, nil
}

// object is the rendered row, or nil when there is none.
func (t *table[T]) object(id string) object {
	row, ok := t.byID[id]
	if !ok {
		return nil
	}
	return t.render(row)
}

// newest lists the rows that keep accepts, youngest first; of rows of one
// second the one added last comes first.
func (t *table[T]) newest(keep func(T) bool) []T {
	var out []T
	for _, row := range slices.Backward(t.rows) {
		if keep(row) {
			out = append(out, row)
		}
	}
	slices.SortStableFunc(out, func(a, b T) int {
		_, x := a.stamp()
		_, y := b.stamp()
		return int(y.Unix() - x.Unix())
	})
	return out
}

// latest is the youngest row that keep accepts.
func (t *table[T]) latest(keep func(T) bool) (T, bool) {
	if rows := t.newest(keep); len(rows) > 0 {
		return rows[0], true
	}
	var none T
	return none, false
}

// all gives copies of the rows, oldest first, for those who look at the state from Go.
func all[T any](s *Server, rows func() []*T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.clock.Now())
	var out []T
	for _, row := range rows() {
		out = append(out, *row)
	}
	return out
}

// one gives a copy of a row, for those who look at the state from Go.
func one[T any](s *Server, byID map[string]*T, id string) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.clock.Now())
	if row, ok := byID[id]; ok {
		return *row, true
	}
	var none T
	return none, false
}

// seed runs a change made from Go and not through the API.
func (s *Server) seed(change func(now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.clock.Now())
}

// orNull is null on the wire for the zero value of v.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// unix is a Stripe timestamp; null for no time at all.
func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// pairs is metadata on the wire: an object even when empty.
func pairs(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
