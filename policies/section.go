package policies

import (
	"strings"
	"time"

	"supportmcp/internal/money"
)

// Section is what every section of a policy may have.
type Section struct {
	When    []Matcher
	Budgets []Budget
	Cite    string // the document that explains the section
}

// section is the part of the policy that covers a kind; nil when there is none.
func (p *Policy) section(k Kind) *Section {
	switch s := k.section(); {
	case s == "refund" && p.Refund != nil:
		return &p.Refund.Section
	case s == "credit" && p.Credit != nil:
		return &p.Credit.Section
	case s == "cancel" && p.Cancel != nil:
		return &p.Cancel.Section
	case s == "discount" && p.Discount != nil:
		return &p.Discount.Section
	case s == "retry" && p.Retry != nil:
		return &p.Retry.Section
	case s == "reply" && p.Reply != nil:
		return &p.Reply.Section
	case s == "tag" && p.Tag != nil:
		return &p.Tag.Section
	case s == "segment" && p.Segment != nil:
		return &p.Segment.Section
	case s == "contact" && p.Contact != nil:
		return &p.Contact.Section
	}
	return nil
}

// Limits are gross amounts in minor units: up to Auto the agent acts alone, above
// Max nobody can through this server, and between them a person approves.
type Limits struct{ Auto, Max int64 }

// CurrencyLimits are limits by currency. A currency that is not listed is denied.
type CurrencyLimits map[money.Currency]Limits

// judge says whether an amount is within the limits. section names the rule, and
// verb what is done with the amount.
func (ls CurrencyLimits) judge(section, verb string, amount money.Money) Finding {
	l, ok := ls[amount.Currency]
	if !ok {
		return Finding{
			Rule: section + ".currency", Effect: Deny, Actual: amount.String(),
			Message: "the policy has no limits for this currency", NextStep: "hand the conversation to a person",
		}
	}
	auto, ceiling := money.Of(l.Auto, amount.Currency), money.Of(l.Max, amount.Currency)
	f := Finding{Rule: section + ".limit", Effect: Allow, Limit: auto.String(), Actual: amount.String(), MaxAllowedNow: auto}
	switch {
	case amount.Minor > l.Max:
		f.Effect, f.Limit, f.MaxAllowedNow = Deny, ceiling.String(), ceiling
		f.Message, f.NextStep = "above what may be "+verb+" here", "hand the conversation to a person"
	case amount.Minor > l.Auto:
		f.Effect, f.Message = NeedsApproval, "above what an agent may "+strings.TrimSuffix(verb, "ed")+" alone"
	}
	return f
}

// accountAge wants a customer to have been one for some time. When that cannot be
// told, it denies.
func accountAge(section string, least time.Duration, since, now time.Time) []Finding {
	if least == 0 {
		return nil
	}
	f := Finding{Rule: section + ".account_age", Effect: Allow, Limit: FormatSpan(least)}
	switch age := now.Sub(since); {
	case since.IsZero():
		f.Effect, f.Message = Deny, "it is not known how long the customer has had the account"
	case age < least:
		f.Actual = FormatSpan(max(0, age).Truncate(ageUnit(age)))
		f.Effect, f.Message, f.RetryAfter = Deny, "the account is too new", since.Add(least)
	default:
		f.Actual = FormatSpan(min(age, forever).Truncate(ageUnit(age)))
	}
	if f.Effect == Deny {
		f.NextStep = "hand the conversation to a person"
	}
	return []Finding{f}
}

// permitted is a finding for what a section allows, denies or leaves to a person as such.
func permitted(rule string, e Effect, what string) Finding {
	f := Finding{Rule: rule, Effect: e}
	switch e {
	case Deny:
		f.Message, f.NextStep = "the policy does not let an agent "+what, "hand the conversation to a person"
	case NeedsApproval:
		f.Message = "a person decides whether to " + what
	case Allow:
	}
	return f
}
