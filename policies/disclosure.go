package policies

import (
	"fmt"
	"time"

	"supportmcp/internal/money"
)

// Disclosure is how much of a decision an agent is told. The ledger always holds all.
type Disclosure int

// The levels, from most to least.
const (
	Full Disclosure = iota // every finding
	Hint                   // which rules stand against it and what to do, without limits and amounts
	Code                   // only whether it is allowed
)

// String is the level as a policy file writes it.
func (d Disclosure) String() string {
	switch d {
	case Full:
		return "full"
	case Hint:
		return "hint"
	case Code:
	}
	return "code"
}

// UnmarshalText reads a level's name; an unknown one is an error.
func (d *Disclosure) UnmarshalText(b []byte) error {
	for _, known := range []Disclosure{Full, Hint, Code} {
		if known.String() == string(b) {
			*d = known
			return nil
		}
	}
	return fmt.Errorf("unknown level %q", b)
}

// DisclosureRules give every principal a level.
type DisclosureRules struct {
	Default    Disclosure
	Principals map[Principal]Disclosure
}

// Disclosed is a decision as a principal is told it.
func (g *Guard) Disclosed(d Decision, by Principal) Decision { return d.at(g.disclosure(by)) }

// disclosure is the level of a principal; without a policy, as little as there is.
func (g *Guard) disclosure(by Principal) Disclosure {
	if p := g.Policy(); p != nil {
		return p.Disclosure.of(by)
	}
	return Code
}

func (r DisclosureRules) of(by Principal) Disclosure {
	if level, ok := r.Principals[by]; ok {
		return level
	}
	return r.Default
}

func (d Decision) at(level Disclosure) Decision {
	d.Shadow, d.Trips, d.HandTo = nil, false, ""
	if level == Full {
		return d
	}
	d.Headroom = money.Money{}
	if level == Code {
		d.Findings = nil
		return d
	}
	against := d.Against()
	for i, f := range against {
		f.Limit, f.Actual, f.MaxAllowedNow, f.RetryAfter = "", "", money.Money{}, time.Time{}
		f.Message = ""
		against[i] = f
	}
	d.Findings = against
	return d
}
