package policies

import (
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/money"
)

// Effect is what a rule, or all rules together, say of an action. The zero
// value denies, and the strictest effect wins.
type Effect int

// The effects, strictest first.
const (
	Deny Effect = iota
	NeedsApproval
	Allow
)

// String is the effect as it is written in decisions.
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case NeedsApproval:
		return "needs_approval"
	case Deny:
	}
	return "deny"
}

// MarshalText writes the effect's name.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads an effect's name; an unknown one is an error.
func (e *Effect) UnmarshalText(b []byte) error {
	for _, known := range []Effect{Deny, NeedsApproval, Allow} {
		if known.String() == string(b) {
			*e = known
			return nil
		}
	}
	return fmt.Errorf("unknown effect %q", b)
}

// Finding is what one rule says of an action.
type Finding struct {
	Rule          string      `json:"rule"`
	Effect        Effect      `json:"effect"`
	Message       string      `json:"message,omitempty"`
	Limit         string      `json:"limit,omitempty"`  // an exact amount, a count or a time span
	Actual        string      `json:"actual,omitempty"` // the same for this action
	MaxAllowedNow money.Money `json:"max_allowed_now,omitzero"`
	RetryAfter    time.Time   `json:"retry_after,omitzero"`
	NextStep      string      `json:"next_step,omitempty"`
	Cite          string      `json:"cite,omitempty"` // the URI of the document that explains the rule
}

// Decision is the verdict on an action with everything that led to it.
type Decision struct {
	Effect   Effect      `json:"effect"`
	Findings []Finding   `json:"findings"` // of every rule, not only of the first that fails
	Revision string      `json:"policy_revision"`
	Headroom money.Money `json:"headroom,omitzero"` // what the budgets leave; after this action when it is allowed
	Need     Need        `json:"need,omitzero"`     // who must approve, where a person must
	ByNote   bool        `json:"by_note,omitempty"` // an internal note of an approver suffices
	Shadow   []Finding   `json:"shadow,omitempty"`  // what rules that are only tried out would have said
	Trips    bool        `json:"trips_breaker,omitempty"`
	HandTo   string      `json:"hand_to,omitempty"` // the team that takes over if the action comes to nothing
}

// Needed is who must approve, and whether a note is enough for it.
func (d Decision) Needed() Need {
	n := d.Need
	n.Note = d.ByNote
	return n
}

// decide combines findings: the strictest wins, and no finding at all denies.
func decide(revision string, findings []Finding, left room) Decision {
	d := Decision{Effect: Deny, Findings: findings, Revision: revision}
	if len(findings) > 0 {
		d.Effect = Allow
	}
	for i := range findings {
		d.Effect = min(d.Effect, findings[i].Effect)
	}
	d.Headroom = left.after(d.Effect)
	return d
}

// restrict adds a finding, which can only make a decision stricter. It comes
// first: what was asked for on purpose explains more than what it resembles.
func (d Decision) restrict(f Finding) Decision {
	d.Findings = append([]Finding{f}, d.Findings...)
	d.Effect = min(d.Effect, f.Effect)
	return d
}

// Against lists the findings that did not allow, strictest first.
func (d Decision) Against() []Finding {
	fs := slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool { return f.Effect == Allow })
	slices.SortStableFunc(fs, func(a, b Finding) int { return int(a.Effect - b.Effect) })
	return fs
}

// Cites are the documents that explain what stands against an action, each once.
func (d Decision) Cites() []string {
	var out []string
	for _, f := range d.Against() {
		if f.Cite != "" && !slices.Contains(out, f.Cite) {
			out = append(out, f.Cite)
		}
	}
	return out
}

// denies reports whether the named rule denied.
func (d Decision) denies(rule string) bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Rule == rule && f.Effect == Deny })
}
