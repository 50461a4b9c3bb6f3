package policies

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
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

// Judge judges a recorded action as a policy would have when it was asked for, with
// the usage that this history tells of that time.
func (h *History) Judge(p *Policy, e Entry) (Decision, error) {
	if !e.ErasedAt.IsZero() {
		return Decision{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "the facts of " + e.ID + " were erased",
			NextStep: "look at the decision that was recorded: supportmcp approvals show " + e.ID,
		}
	}
	a, err := DecodeAction(e.Kind, e.Facts)
	if err != nil {
		return Decision{}, fmt.Errorf("judge %s: %w", e.ID, err)
	}
	reads, judge := p.plan(a, Request{Principal: e.Principal, RepeatOf: e.RepeatOf})
	return judge(h.At(reads, e.CreatedAt, e.ID)), nil
}

// Change is a recorded action that one policy decides otherwise than another.
type Change struct {
	Entry    Entry
	Old, New Decision
}

// Changes judges everything that was asked for since a time by two policies. judged
// is how many could be; the others were erased or are of another release.
func (h *History) Changes(before, after *Policy, since time.Time) (changes []Change, judged, others int) {
	for _, e := range h.entries {
		if e.CreatedAt.Before(since) || e.Kind == KindBreaker || len(e.Decision.Findings) == 0 { // queued, and never judged
			continue
		}
		was, err := h.Judge(before, e)
		is, err2 := h.Judge(after, e)
		if err != nil || err2 != nil {
			others++
			continue
		}
		if judged++; was.Effect != is.Effect {
			changes = append(changes, Change{e, was, is})
		}
	}
	return changes, judged, others
}

// Spending is how much of one bound of a budget is used.
type Spending struct {
	Path   string // such as refund.budgets[customer].sum.eur
	Window time.Duration
	Limit  string
	Used   string
	Share  int64  // percent of the limit
	By     string // the customer, conversation or other that has used most of it; "" for a global budget
	Others int    // that have used some of it
}

// Spendings are all bounds of a policy's budgets with what is used of them at a
// time: by whoever has used most.
func (h *History) Spendings(p *Policy, at time.Time) (out []Spending) {
	for _, b := range p.bounds() {
		var most int64
		s := Spending{Path: b.path(), Window: b.window, Limit: b.amount(b.limit)}
		for scope, of := range h.scopesOf(b.scope) {
			u := h.usage(Query{Scope: scope, Kinds: b.kinds, Currency: b.currency, Window: b.window}, at, "")
			used := u.Count
			if b.currency != "" {
				used = u.Sum
			}
			if used == 0 {
				continue
			}
			if s.Others++; used > most || used == most && of < s.By {
				most, s.By = used, of
			}
		}
		s.Others = max(0, s.Others-1)
		s.Used, s.Share = b.amount(most), percent(most, b.limit)
		out = append(out, s)
	}
	return out
}

// percent rounds down, and does not overflow.
func percent(part, whole int64) int64 {
	if part > math.MaxInt64/100 {
		return part / max(1, whole/100)
	}
	return part * 100 / max(1, whole)
}

// scopesOf are all counters of a kind, with what they count.
func (h *History) scopesOf(k ScopeKind) map[Scope]string {
	out := map[Scope]string{}
	for s := range h.scoped {
		if kind, of, _ := strings.Cut(string(s), ":"); kind == string(k) {
			out[s] = of
		}
	}
	return out
}
