package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"supportmcp/internal/fault"
)

// memory is the smallest ledger that keeps the promises of Ledger: one lock
// around everything, nothing on disk.
type memory struct {
	now  func() time.Time
	deny error // what Settle answers instead of settling; nil settles

	mu        sync.Mutex
	entries   map[string]*Entry
	approvals map[string][]Approval
	leases    map[string]time.Time
	done      []string // exclusive values, in the order of becoming done
}

func newLedger() *memory {
	return &memory{now: noon, entries: map[string]*Entry{}, approvals: map[string][]Approval{}, leases: map[string]time.Time{}}
}

// all are the entries in the order of their making.
func (m *memory) all() []*Entry {
	return slices.SortedFunc(maps.Values(m.entries), func(a, b *Entry) int { return cmp.Compare(a.ID, b.ID) })
}

func (m *memory) Mark(context.Context) (Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Mark(len(m.done) + 1), nil
}

// old reports whether facts were read before the last change of their target.
func (m *memory) old(d Draft) bool {
	return d.Mark > 0 && d.Subject.Exclusive != "" && slices.Contains(m.done[d.Mark-1:], d.Subject.Exclusive)
}

func (m *memory) Read(_ context.Context, r Reads) (Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(r), nil
}

func (m *memory) Links(_ context.Context, contact string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var done []string
	for _, e := range m.all() {
		if e.Kind == KindLink && e.State == Done && e.Subject.Contact == contact {
			done = append(done, e.Subject.Customer)
		}
	}
	return Linked(done), nil
}

func (m *memory) read(r Reads) Snapshot {
	s := Snapshot{Now: m.now()}
	for _, e := range m.entries {
		if e.State == Awaiting && e.Subject.Conversation == r.Conversation {
			s.Waiting++
		}
		if e.Kind == KindBreaker && e.State == Awaiting {
			s.BreakerOpen = true
		}
		subject := e.Subject
		ours := r.Conversation != "" && subject.Conversation == r.Conversation || r.Contact != "" && subject.Contact == r.Contact
		if e.State == Denied && ours && e.CreatedAt.After(s.Now.Add(-r.DeniedWithin)) && len(s.Denied) < r.Denials {
			s.Denied = append(s.Denied, e.CreatedAt)
		}
		if e.State == Done && e.Kind == KindRefund && r.Receipts != "" && e.Subject.Conversation == r.Receipts {
			s.Receipts = append(s.Receipts, e.Subject.Cost)
		}
	}
	for _, q := range r.Queries {
		s.Usage = append(s.Usage, m.usage(q, s.Now))
	}
	return s
}

func (m *memory) usage(q Query, now time.Time) (u Usage) {
	for _, e := range m.all() {
		counted := e.State.InFlight() || e.State == Done && e.CreatedAt.After(now.Add(-q.Window))
		if !counted || !slices.Contains(q.Kinds, e.Kind) || !m.inScope(e, q) {
			continue
		}
		if q.SinceRelease && e.State == Done && e.CreatedAt.Before(m.released()) {
			continue
		}
		var minor int64
		if e.Subject.Cost.Currency == q.Currency {
			minor = e.Subject.Cost.Minor
		}
		u.Count++
		u.Sum += minor
		if e.State == Done && len(u.Settled) < 16 {
			u.Settled = append(u.Settled, Settled{e.CreatedAt, minor})
		}
	}
	return u
}

func (m *memory) inScope(e *Entry, q Query) bool {
	return slices.ContainsFunc(Scopes(e.Subject, e.Principal), func(s Scope) bool { return s == q.Scope || slices.Contains(q.Also, s) })
}

// released is when the breaker was released last.
func (m *memory) released() (at time.Time) {
	for _, e := range m.entries {
		if e.Kind == KindBreaker && e.State == Done && e.UpdatedAt.After(at) {
			at = e.UpdatedAt
		}
	}
	return at
}

func (m *memory) Begin(_ context.Context, d Draft, judge func(Snapshot) Decision) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, err := m.same(d); e != nil || err != nil {
		return *cmp.Or(e, &Entry{}), e != nil, err
	}
	if m.old(d) {
		return Entry{}, false, &fault.Error{Code: fault.Busy, Message: "the target has changed", Took: fault.NotYet}
	}
	if m.busy(d.Subject.Exclusive, "") {
		took := fault.No
		if m.executes(d.Subject.Exclusive) {
			took = fault.NotYet
		}
		return Entry{}, false, &fault.Error{Code: fault.Busy, Message: "another action is under way", Took: took}
	}
	e := &Entry{Draft: d, ID: fmt.Sprintf("act_%03d", len(m.entries)+1), CreatedAt: m.now(), Decision: judge(m.read(d.Reads))}
	e.ExpiresAt = e.CreatedAt.Add(d.Expires)
	if d.DryRun {
		e.State = Next(e.Decision, false)
		return *e, false, nil
	}
	m.entries[e.ID] = e
	m.become(e, Next(e.Decision, false))
	return *e, false, nil
}

// same finds the live or done entry that was asked for already. The identity
// holds the conversation, so that nobody replays another's receipt.
func (m *memory) same(d Draft) (*Entry, error) {
	if named, ok := m.entries[d.RepeatOf]; d.RepeatOf != "" && (!ok || named.Kind != d.Kind || named.Subject.Same != d.Subject.Same) {
		return nil, fault.Invalidf("name an action of the same kind and target", "repeat_of %s", d.RepeatOf)
	}
	for _, e := range m.all() {
		if d.Subject.Same != "" && e.Kind == d.Kind && e.Subject.Same == d.Subject.Same && e.RepeatOf == d.RepeatOf &&
			e.Subject.Conversation == d.Subject.Conversation &&
			(e.State.Live() || e.State == Done && m.now().Sub(e.CreatedAt) < d.Kind.ReplayFor()) {
			return e, nil
		}
	}
	return nil, nil
}

func (m *memory) busy(exclusive, but string) bool {
	return exclusive != "" && slices.ContainsFunc(m.all(), func(e *Entry) bool {
		return e.ID != but && e.State.InFlight() && e.Subject.Exclusive == exclusive
	})
}

func (m *memory) executes(exclusive string) bool {
	return slices.ContainsFunc(m.all(), func(e *Entry) bool {
		return e.State == Executing && e.Subject.Exclusive == exclusive
	})
}

func (m *memory) become(e *Entry, s State) {
	e.State, e.UpdatedAt = s, m.now()
	if s == Done {
		m.done = append(m.done, e.Subject.Exclusive)
	}
	if s == Executing {
		e.FirstSent, m.leases[e.ID] = m.now(), m.now().Add(e.Lease)
	}
}

func (m *memory) Resume(_ context.Context, id string, d Draft, judge func(Snapshot) Decision) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[id]
	switch {
	case e.State != Approved:
		return *e, false, nil
	case e.Digest != d.Digest:
		m.become(e, Stale)
	case m.busy(d.Subject.Exclusive, id):
		return Entry{}, false, &fault.Error{Code: fault.Busy, Message: "another action is under way", Took: fault.No}
	default:
		e.Draft, e.Decision = d, judge(m.read(d.Reads))
		m.become(e, Next(e.Decision, !d.Unapproved))
	}
	return *e, true, nil
}

func (m *memory) Claim(_ context.Context, id string, lease time.Duration) (Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[id]
	if e.State != Executing && e.State != InDoubt || m.leases[id].After(m.now()) {
		return Entry{}, false, nil
	}
	e.State, e.UpdatedAt, m.leases[id] = InDoubt, m.now(), m.now().Add(lease)
	return *e, true, nil
}

func (m *memory) Settle(_ context.Context, id string, s Settlement) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[id]
	if m.deny != nil {
		return Entry{}, m.deny
	}
	if e.State != Executing && e.State != InDoubt && (e.State != Review || s.By == "") {
		return *e, nil
	}
	if s.By != "" {
		e.Approver, e.Note = s.By, s.Note
	}
	e.Receipt, e.Failure = s.Receipt, s.Failure
	if s.Looked {
		e.Looks++
	}
	m.become(e, s.State)
	for _, d := range s.Follow {
		f := &Entry{Draft: d, ID: fmt.Sprintf("act_%03d", len(m.entries)+1), State: Approved, CreatedAt: m.now()}
		m.entries[f.ID] = f
	}
	return *e, nil
}

// approve is what a person does over a channel of their own.
// approve lets an entry go on, as robin does.
func (m *memory) approve(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[id].Approver = "robin"
	m.approvals[id] = append(m.approvals[id], Approval{By: "robin", Verdict: Approved, At: m.now()})
	m.become(m.entries[id], Approved)
}

func (m *memory) Approvals(_ context.Context, id string) ([]Approval, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.approvals[id], nil
}

func (m *memory) Entry(_ context.Context, id string) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.entries[id]; ok {
		return *e, nil
	}
	return Entry{}, &fault.Error{Code: fault.NotFound, Message: "no such action", Took: fault.No}
}

func (m *memory) Due(context.Context, Due, int) ([]Entry, error) {
	return nil, errors.New("nothing here asks what is due")
}

func (m *memory) Adopt(context.Context, Adoption) (Entry, bool, error) {
	return Entry{}, false, errors.New("nothing here is lost")
}
