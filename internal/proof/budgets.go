package proof

import (
	"slices"
	"strings"
	"time"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// spent is an action that counts: until it is settled for ever, afterwards for a
// window from then on.
type spent struct {
	event
	open bool
	done time.Time
}

// checkBudgets replays the log and wants every limit of the policy kept at every
// moment. Sums only grow when an action starts to count, so those are the moments
// to look at. The order of the log is that of the commits.
func (r *Report) checkBudgets(p *policies.Policy, log []event) {
	if p.Refund == nil {
		return
	}
	counts := map[string]*spent{}
	for i, e := range log {
		switch e.To { //nolint:exhaustive // the others change no sum
		case policies.Executing:
			counts[e.Action] = &spent{event: e, open: true}
			for _, b := range p.Refund.Budgets {
				r.checkBudget(b, i, e, counts)
			}
		case policies.Done:
			if s, ok := counts[e.Action]; ok {
				s.open, s.done = false, e.At
			}
		case policies.Failed:
			delete(counts, e.Action)
		}
	}
}

func (r *Report) checkBudget(b policies.Budget, i int, e event, counts map[string]*spent) {
	if !slices.Contains(b.Kinds, e.Kind) {
		return
	}
	var n int64
	sum := map[money.Currency]int64{}
	for _, s := range counts {
		inWindow := s.open || s.done.After(e.At.Add(-b.Window))
		if inWindow && slices.Contains(b.Kinds, s.Kind) && together(b.Scope, s.event, e) {
			n++
			sum[s.Subject.Cost.Currency] += s.Subject.Cost.Minor
		}
	}
	if b.Count > 0 && n > b.Count {
		r.add("OVERRUN: event %d makes %d actions of %q in %s, where %d are allowed", i, n, scopeOf(b.Scope, e), b.Window, b.Count)
	}
	currency := e.Subject.Cost.Currency
	if limit, limited := b.Sum[currency]; limited && sum[currency] > limit {
		r.add("OVERRUN: event %d makes %s of %q in %s, where %s are allowed", i,
			money.Of(sum[currency], currency), scopeOf(b.Scope, e), b.Window, money.Of(limit, currency))
	}
}

// together reports whether two events count in one budget. A person goes by several
// names, one of which is enough.
func together(k policies.ScopeKind, a, b event) bool {
	if k != policies.PerPerson {
		return scopeOf(k, a) == scopeOf(k, b)
	}
	return slices.ContainsFunc(strings.Fields(a.Subject.Person), func(name string) bool {
		return slices.Contains(strings.Fields(b.Subject.Person), name)
	})
}

// scopeOf is the value that a budget is counted by.
func scopeOf(k policies.ScopeKind, e event) string {
	switch k {
	case policies.PerCharge:
		return e.Subject.Charge
	case policies.PerCustomer:
		return e.Subject.Customer
	case policies.PerConversation:
		return e.Subject.Conversation
	case policies.PerPrincipal:
		return string(e.Principal)
	case policies.PerPerson:
		return e.Subject.Person
	case policies.Global:
	}
	return ""
}
