package policies

import (
	"slices"
	"strconv"
	"strings"
)

// TagRules is the tag section of a policy.
type TagRules struct {
	Section
	Allow []string // names; case does not matter, as in Intercom
}

// Tag adds tags to a conversation and removes others.
type Tag struct {
	Asker  Asker    `json:"asker"`
	Add    []string `json:"add"`
	Remove []string `json:"remove"`
	Traits Traits   `json:"traits"`
}

// Kind is KindTag.
func (Tag) Kind() Kind { return KindTag }

// Subject has no identity: a desired state is set again whenever it is asked for.
func (t Tag) Subject() Subject {
	return Subject{Conversation: t.Asker.Conversation, Contact: t.Asker.Contact}
}

func (t Tag) binds() any {
	t.Traits = Traits{}
	return t
}

func (t Tag) traits() Traits { return t.Traits }

func (Tag) asks() []Query { return nil }

func (t Tag) judge(p *Policy, _ Snapshot) []Finding {
	if p.Tag == nil {
		return []Finding{missing("tag")}
	}
	return []Finding{p.Tag.listed(slices.Concat(t.Add, t.Remove))}
}

func (r *TagRules) listed(names []string) Finding {
	f := Finding{Rule: "tag.allow", Effect: Allow, Limit: strings.Join(r.Allow, ", ")}
	unlisted := slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(r.Allow, func(a string) bool { return sameName(a, name) })
	})
	if len(unlisted) > 0 {
		// Actual is kept in the event log, which holds no text of agents; Message is not.
		f.Effect, f.Actual = Deny, strconv.Itoa(len(unlisted))+" not listed"
		f.Message, f.NextStep = "the policy does not list "+strings.Join(unlisted, ", "), "use the tags in limit"
	}
	return f
}

// sameName ignores case, but takes no other letter for the same one: in Unicode
// the long s folds to s and the Kelvin sign to k, and both are longer.
func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
