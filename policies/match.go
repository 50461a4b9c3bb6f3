package policies

import (
	"slices"
	"strings"
	"time"
)

// Traits are the facts that a when rule can look at. They come from Stripe and
// Intercom, and say nothing that an agent or a customer can write, but for tags.
type Traits struct {
	Known     bool              `json:"known"` // everything below was looked up; otherwise every when rule applies
	Channel   string            `json:"channel,omitempty"`
	Tags      []string          `json:"tags,omitempty"` // of the conversation
	Country   string            `json:"country,omitempty"`
	Plans     []string          `json:"plans,omitempty"` // ids and names of prices
	Intervals []string          `json:"intervals,omitempty"`
	Products  []string          `json:"products,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"` // of customer and subscription, as the company's back end wrote it
	Mixed     []string          `json:"mixed,omitempty"`    // keys of Metadata with several values; every condition on them holds
	PaidAt    time.Time         `json:"paid_at,omitzero"`
}

// Matcher is a when rule: it restricts what it matches. All of its conditions
// must hold, and of each list one value.
type Matcher struct {
	ID        string
	Channels  []string
	Tags      []string
	Countries []string
	Plans     []string
	Intervals []string
	Products  []string
	Metadata  map[string]string
	OlderThan time.Duration // since the payment

	Then    Effect // Deny or NeedsApproval
	Message string
	Cite    string
	Shadow  bool // only recorded
}

// matches reports whether the rule applies. What is not known makes it apply: a
// rule can only restrict.
func (m *Matcher) matches(t *Traits, now time.Time) bool {
	if !t.Known {
		return true
	}
	return oneOrUnknown(m.Channels, t.Channel) && oneOrUnknown(m.Countries, t.Country) &&
		anyOf(m.Tags, t.Tags) && anyOf(m.Plans, t.Plans) && anyOf(m.Intervals, t.Intervals) && anyOf(m.Products, t.Products) &&
		m.has(t) && m.older(t.PaidAt, now)
}

// oneOrUnknown takes an empty fact for any value: nobody may slip past a rule on
// countries by having none.
func oneOrUnknown(wanted []string, is string) bool {
	return len(wanted) == 0 || is == "" || listed(wanted, is)
}

func anyOf(wanted, are []string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(are, func(is string) bool { return listed(wanted, is) })
}

func listed(wanted []string, is string) bool {
	for _, w := range wanted {
		if sameName(w, is) {
			return true
		}
	}
	return false
}

func (m *Matcher) has(t *Traits) bool {
	for k, v := range m.Metadata {
		if is, ok := t.Metadata[k]; (!ok || !strings.EqualFold(is, v)) && !slices.Contains(t.Mixed, k) {
			return false
		}
	}
	return true
}

func (m *Matcher) older(paid, now time.Time) bool {
	return m.OlderThan == 0 || paid.IsZero() || now.Sub(paid) > m.OlderThan
}

func (m *Matcher) finding(rule string, matched bool) Finding {
	f := Finding{Rule: rule, Effect: Allow}
	if matched {
		f.Effect, f.Message, f.Cite = m.Then, m.Message, m.Cite
		f.NextStep = "hand the conversation to a person"
		if m.Then == NeedsApproval {
			f.NextStep = ""
		}
	}
	return f
}

// matched adds what the when rules of a section say. shadow are the findings that
// only tell what a rule would have said.
func (s *Section) matched(findings []Finding, name string, t Traits, now time.Time) (_, shadow []Finding) {
	names := s.names(name)
	for i := range s.When {
		m := &s.When[i]
		length := len(name) + len(between) + len(m.ID)
		f := m.finding(names[:length], m.matches(&t, now))
		names = names[length:]
		if m.Shadow {
			shadow = append(shadow, f)
		} else {
			findings = append(findings, f)
		}
	}
	return findings, shadow
}

// between stands between a section and the id of one of its rules.
const between = ".when."

// names are the names of the section's rules, one after the other: together they
// are allocated once and not for every action rule by rule.
func (s *Section) names(section string) string {
	size := 0
	for i := range s.When {
		size += len(section) + len(between) + len(s.When[i].ID)
	}
	var out strings.Builder
	out.Grow(size)
	for i := range s.When {
		out.WriteString(section)
		out.WriteString(between)
		out.WriteString(s.When[i].ID)
	}
	return out.String()
}
