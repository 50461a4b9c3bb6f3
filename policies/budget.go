package policies

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// ScopeKind is what a budget is counted by.
type ScopeKind string

// The scopes of budgets.
const (
	PerCharge       ScopeKind = "charge"
	PerCustomer     ScopeKind = "customer"
	PerPerson       ScopeKind = "person" // all customers that are tied to one asker, or share a card
	PerConversation ScopeKind = "conversation"
	PerPrincipal    ScopeKind = "principal"
	Global          ScopeKind = "global"
)

// scopeKinds are all scopes in the order of their names, which is the order of locks.
func scopeKinds() []ScopeKind {
	return []ScopeKind{PerCharge, PerConversation, PerCustomer, Global, PerPerson, PerPrincipal}
}

// Scope is one counter's name, such as "customer:cus_1".
type Scope string

func scopeOf(k ScopeKind, s Subject, by Principal) Scope {
	value := ""
	switch k {
	case PerCharge:
		value = s.Charge
	case PerCustomer:
		value = s.Customer
	case PerConversation:
		value = s.Conversation
	case PerPrincipal:
		value = string(by)
	case PerPerson:
		value, _, _ = strings.Cut(s.Person, " ")
	case Global:
	}
	return Scope(string(k) + ":" + value)
}

// personScopes are all names that a person goes by.
func personScopes(s Subject) []Scope {
	keys := strings.Fields(s.Person)
	out := make([]Scope, len(keys))
	for i, k := range keys {
		out[i] = Scope(string(PerPerson) + ":" + k)
	}
	return out
}

// Scopes are all scopes an action counts in, sorted. They are recorded whatever
// the policy reads today, so that tomorrow's budget sees yesterday's actions.
func Scopes(s Subject, by Principal) []Scope {
	out := make([]Scope, 0, 8)
	for _, k := range scopeKinds() {
		if k == PerPerson {
			out = append(out, personScopes(s)...)
			continue
		}
		if sc := scopeOf(k, s, by); k == Global || !strings.HasSuffix(string(sc), ":") {
			out = append(out, sc)
		}
	}
	return out
}

// Budget is a limit over a rolling window: (now − Window, now], never calendar days.
type Budget struct {
	Scope  ScopeKind
	Window time.Duration
	Count  int64                    // actions; 0 is no limit
	Sum    map[money.Currency]int64 // minor units; a currency that is not listed has no limit here
	Kinds  []Kind                   // counted together
	Exceed Effect                   // Deny or NeedsApproval
	Shared bool                     // by several sections
	Own    bool                     // of one principal, and not of the policy
}

// Query asks the ledger for what a budget has used.
type Query struct {
	Scope    Scope
	Also     []Scope // other names of the same; an action in several of them counts once
	Kinds    []Kind
	Currency money.Currency // of Sum, which is 0 without one; Count spans all currencies
	Window   time.Duration
	// SinceRelease leaves out what was settled before the breaker was last released.
	SinceRelease bool
}

// Usage answers a Query. Actions in flight or in doubt count, whatever their age.
type Usage struct {
	Count   int64
	Sum     int64     // minor units
	Settled []Settled // up to 16 of the settled actions in the window, oldest first: when room comes back
}

// Settled is one done action in a window.
type Settled struct {
	At    time.Time
	Minor int64 // 0 when in another currency
}

func (b Budget) query(s Subject, by Principal) Query {
	q := Query{Scope: scopeOf(b.Scope, s, by), Kinds: b.Kinds, Window: b.Window}
	if b.Scope == PerPerson {
		if names := personScopes(s); len(names) > 1 {
			q.Also = names[1:]
		}
	}
	if _, limited := b.Sum[s.Cost.Currency]; limited {
		q.Currency = s.Cost.Currency
	}
	return q
}

func (b Budget) name() string {
	var room [64]byte // so that only the name itself is allocated
	name := append(room[:0], "budget."...)
	switch {
	case b.Own:
		name = append(name, "own."...)
	case b.Shared:
		name = append(name, "shared."...)
	}
	name = append(append(name, b.Scope...), '.')
	return string(appendSpan(name, b.Window))
}

func (b Budget) judge(cost money.Money, now time.Time, u Usage) Finding {
	f := Finding{Rule: b.name(), Effect: Allow}
	limit, summed := b.Sum[cost.Currency]
	if b.Count > 0 && !summed {
		f.Limit, f.Actual = strconv.FormatInt(b.Count, 10), strconv.FormatInt(u.Count+1, 10)
	}
	if summed {
		f.Limit, f.Actual = money.Of(limit, cost.Currency).String(), money.Of(add(u.Sum, cost.Minor), cost.Currency).String()
		f.MaxAllowedNow = money.Of(max(0, limit-u.Sum), cost.Currency)
		if add(u.Sum, cost.Minor) > limit {
			f.exceed(b.Exceed, fmt.Sprintf("%s of %s in %s are left", f.MaxAllowedNow, f.Limit, FormatSpan(b.Window)))
		}
	}
	if b.Count > 0 && u.Count >= b.Count {
		f.Limit, f.Actual = strconv.FormatInt(b.Count, 10), strconv.FormatInt(u.Count+1, 10)
		f.exceed(b.Exceed, fmt.Sprintf("%d of %d in %s are used", u.Count, b.Count, FormatSpan(b.Window)))
		if !cost.IsZero() {
			f.MaxAllowedNow = money.Of(0, cost.Currency)
		}
	}
	if f.Effect != Allow {
		f.RetryAfter = b.frees(cost, now, u)
	}
	return f
}

func (f *Finding) exceed(e Effect, message string) {
	if f.Effect, f.Message = e, message; e != Deny {
		return
	}
	f.NextStep = "ask for no more than max_allowed_now, wait until retry_after, or hand the conversation to a person"
}

// frees is when enough settled actions will have left the window for both count
// and sum; zero when actions in flight block, too, or nothing but a smaller amount helps.
func (b Budget) frees(cost money.Money, now time.Time, u Usage) time.Time {
	for _, s := range u.Settled {
		u.Count--
		u.Sum -= s.Minor
		if at := s.At.Add(b.Window); b.fits(cost, u) && at.After(now) {
			return at
		}
	}
	return time.Time{}
}

func (b Budget) fits(cost money.Money, u Usage) bool {
	limit, summed := b.Sum[cost.Currency]
	return (!summed || add(u.Sum, cost.Minor) <= limit) && (b.Count == 0 || u.Count < b.Count)
}

// add sums amounts and stops at the largest, so that no total wraps around to a small one.
func add(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// room is what all budgets together leave of a currency.
type room struct {
	cost  money.Money
	left  int64
	known bool
}

func (r *room) narrow(b Budget, u Usage) {
	if limit, ok := b.Sum[r.cost.Currency]; ok && (!r.known || limit-u.Sum < r.left) {
		r.left, r.known = limit-u.Sum, true
	}
	if b.Count > 0 && u.Count >= b.Count {
		r.left, r.known = 0, true
	}
}

func (r *room) after(e Effect) money.Money {
	if !r.known {
		return money.Money{}
	}
	left := r.left
	if e == Allow { // what waits for a person holds nothing
		left -= r.cost.Minor
	}
	return money.Of(max(0, left), r.cost.Currency)
}
