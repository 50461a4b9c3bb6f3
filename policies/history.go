package policies

import (
	"cmp"
	"slices"
	"time"
)

// History is what a ledger has recorded. It tells what a judgement would have read
// of the ledger at any time, so that what was decided can be judged by another
// policy. It is safe for concurrent use.
type History struct {
	entries []Entry
	scoped  map[Scope][]int // those that count in a budget
}

// NewHistory is the history of entries in any order.
func NewHistory(entries []Entry) *History {
	h := &History{entries: slices.Clone(entries), scoped: map[Scope][]int{}}
	slices.SortStableFunc(h.entries, func(a, b Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for i, e := range h.entries {
		if !e.State.Counts() {
			continue
		}
		for _, s := range Scopes(e.Subject, e.Principal) {
			h.scoped[s] = append(h.scoped[s], i)
		}
	}
	return h
}

// Entries are all entries, oldest first.
func (h *History) Entries() []Entry { return h.entries }

// At is what a judgement would have read at a time, as if the named entry had not
// been. An action that failed or was given up since counts as if it had never been.
func (h *History) At(r Reads, at time.Time, but string) Snapshot {
	s := Snapshot{Now: at}
	for _, q := range r.Queries {
		s.Usage = append(s.Usage, h.usage(q, at, but))
	}
	for _, e := range h.entries {
		if e.ID == but || e.CreatedAt.After(at) {
			continue
		}
		switch {
		case e.Kind == KindBreaker && r.Breaker:
			s.BreakerOpen = s.BreakerOpen || e.State == Awaiting || e.UpdatedAt.After(at)
		case e.State == Denied && r.Denials > 0 && e.CreatedAt.After(at.Add(-r.DeniedWithin)) && r.around(e):
			s.Denied = append(s.Denied, e.CreatedAt)
		}
	}
	return s
}

// around reports whether an entry belongs to the conversation or the contact.
func (r Reads) around(e Entry) bool {
	return r.Conversation != "" && e.Subject.Conversation == r.Conversation || r.Contact != "" && e.Subject.Contact == r.Contact
}

func (h *History) usage(q Query, at time.Time, but string) (u Usage) {
	for _, i := range h.in(append([]Scope{q.Scope}, q.Also...)) {
		e := &h.entries[i]
		if e.ID == but || !slices.Contains(q.Kinds, e.Kind) || !e.heldAt(at, q.Window) {
			continue
		}
		var minor int64
		if e.Subject.Cost.Currency == q.Currency {
			minor = e.Subject.Cost.Minor
		}
		u.Count++
		u.Sum = add(u.Sum, minor)
		if e.State == Done && !e.UpdatedAt.After(at) {
			u.Settled = append(u.Settled, Settled{e.UpdatedAt, minor})
		}
	}
	slices.SortStableFunc(u.Settled, func(a, b Settled) int { return a.At.Compare(b.At) })
	u.Settled = u.Settled[:min(len(u.Settled), mostSettled)]
	return u
}

// mostSettled is how many settled actions a Usage lists.
const mostSettled = 16

// in are the entries in any of the scopes, each once.
func (h *History) in(scopes []Scope) []int {
	if len(scopes) == 1 {
		return h.scoped[scopes[0]]
	}
	var out []int
	for _, s := range scopes {
		out = append(out, h.scoped[s]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// heldAt reports whether an entry counted in a window that ended at a time.
func (e Entry) heldAt(at time.Time, window time.Duration) bool {
	since := e.CreatedAt
	if !e.FirstSent.IsZero() {
		since = e.FirstSent
	}
	return !since.After(at) && (e.State != Done || e.UpdatedAt.After(at.Add(-window)))
}
