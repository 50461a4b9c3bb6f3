package policies

import "slices"

// plan binds a request to one policy: what to read, and how to judge what was
// read. Both halves come from the same one, so a reload in between cannot mix
// revisions.
type plan struct {
	policy  *Policy
	action  Action
	subject Subject
	request Request
	budgets []Budget
	breaker *Budget
}

func (p *Policy) plan(a Action, r Request) (Reads, func(Snapshot) Decision) {
	pl := p.planned(a, r)
	return pl.reads(), pl.judge
}

func (p *Policy) planned(a Action, r Request) plan {
	pl := plan{policy: p, action: a, subject: a.Subject(), request: r, budgets: append(p.budgets(a.Kind()), r.own...)}
	if a.Kind().MovesMoney() {
		pl.breaker = p.Breaker
	}
	return pl
}

// reads asks for the usage of every budget, then of the breaker, then for what the
// action's own rules must know.
func (pl plan) reads() Reads {
	s := pl.subject
	reads := Reads{Conversation: s.Conversation, Contact: s.Contact, Breaker: pl.breaker != nil}
	for _, b := range pl.budgets {
		reads.Queries = append(reads.Queries, b.query(s, pl.request.Principal))
	}
	if pl.breaker != nil {
		q := pl.breaker.query(s, pl.request.Principal)
		q.SinceRelease = true
		reads.Queries = append(reads.Queries, q)
	}
	reads.Queries = append(reads.Queries, pl.action.asks()...)
	if reply, ok := pl.action.(Reply); ok {
		reads.Receipts = reply.receipts()
	}
	if pl.action.Kind().MovesMoney() {
		reads.Denials, reads.DeniedWithin = int(pl.policy.Denials.Count), pl.policy.Denials.Window
	}
	return reads
}

// answered is how many usages belong to budgets and breaker.
func (pl plan) answered() int {
	if pl.breaker == nil {
		return len(pl.budgets)
	}
	return len(pl.budgets) + 1
}

// judge applies every rule there is.
func (pl plan) judge(s Snapshot) Decision {
	cost := pl.subject.Cost
	left := room{cost: cost}
	findings, shadow := pl.rules(s)
	for i, b := range pl.budgets {
		left.narrow(b, s.Usage[i])
		findings = append(findings, b.judge(cost, s.Now, s.Usage[i]))
	}
	findings = append(findings, foreign(pl.request.own, cost)...)
	if pl.breaker != nil {
		findings = append(findings, pl.breaker.breaks(cost, s, s.Usage[len(pl.budgets)]))
	}
	if pl.action.Kind().MovesMoney() && pl.policy.Denials.Count > 0 {
		findings = append(findings, pl.policy.Denials.judge(s))
	}
	d := decide(pl.policy.Revision, findings, left)
	d.Shadow = shadow
	d.Trips = pl.breaker != nil && pl.breaker.trips(d.Effect, cost, s.Usage[len(pl.budgets)])
	if pl.action.Kind().MovesMoney() {
		d.HandTo = pl.policy.Approvals.HandTo
	}
	if d.Effect == NeedsApproval {
		d.Need = pl.policy.Approvals.need(cost)
		d.ByNote = pl.policy.Approvals.Notes.suffices(pl.action.Kind(), pl.action.Subject(), d.Need)
		d.Need.Verified = slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Rule == ruleOutside })
	}
	return d
}

// rules are those of the action's kind and the when rules of its section.
func (pl plan) rules(s Snapshot) (findings, shadow []Finding) {
	own := s
	own.Usage = s.Usage[pl.answered():]
	own.MayRepeat = pl.request.RepeatOf != "" && pl.policy.Approvals.Repeats == Allow
	findings = pl.action.judge(pl.policy, own)
	section := pl.policy.section(pl.action.Kind())
	if section == nil {
		return findings, nil
	}
	findings, shadow = section.matched(findings, pl.action.Kind().section(), pl.action.traits(), s.Now)
	return section.cited(findings), shadow
}

// cited names the section's document in every finding that stands against an
// action and names none itself.
func (s *Section) cited(findings []Finding) []Finding {
	for i, f := range findings {
		if f.Effect != Allow && f.Cite == "" {
			findings[i].Cite = s.Cite
		}
	}
	return findings
}

// budgets are those that an action of a kind counts in: its section's and the
// shared ones.
func (p *Policy) budgets(k Kind) []Budget {
	var out []Budget
	if s := p.section(k); s != nil {
		out = append(out, s.Budgets...)
	}
	if k == KindLookup && p.Lookup != nil {
		out = append(out, p.Lookup.budget())
	}
	return slices.DeleteFunc(append(out, p.Budgets...), func(b Budget) bool { return !slices.Contains(b.Kinds, k) })
}
