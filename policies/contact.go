package policies

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Contact sets custom attributes of a contact in Intercom.
type Contact struct {
	Asker  Asker             `json:"asker,omitzero"`
	ID     string            `json:"id,omitempty"`
	Set    map[string]string `json:"set,omitempty"`  // custom attributes; an empty value takes one away
	Make   map[string]string `json:"make,omitempty"` // of Set, those that the workspace lacks, with the type to make them with
	Traits Traits            `json:"traits"`
}

// ContactRules is the contact section of a policy.
type ContactRules struct {
	Section
	Attributes []string // that an agent may set; never what ties a contact to money
	Create     Effect
}

// Kind is KindContact.
func (Contact) Kind() Kind { return KindContact }

// Subject has no identity: what a contact's attributes are is a desired state.
func (c Contact) Subject() Subject {
	return Subject{Conversation: c.Asker.Conversation, Contact: c.ID, Exclusive: "contact:" + c.ID}
}

func (c Contact) binds() any {
	c.Traits = Traits{}
	return c
}

func (c Contact) traits() Traits { return c.Traits }
func (Contact) asks() []Query    { return nil }

func (c Contact) judge(p *Policy, _ Snapshot) []Finding {
	if p.Contact == nil {
		return []Finding{missing("contact")}
	}
	return []Finding{p.listed(c.Set)}
}

// identifying are names that no tool may set, whatever a policy lists: whoever
// could, would choose whose money is theirs. So are the attributes that the policy
// ties contacts by.
func identifying(attribute string) bool {
	return slices.ContainsFunc([]string{"email", "external_id", "id", "role", "user_id"}, func(n string) bool { return strings.EqualFold(n, attribute) })
}

func (p *Policy) listed(set map[string]string) Finding {
	return p.settable("contact.attributes", p.Contact.Attributes, slices.Sorted(maps.Keys(set)))
}

// settable wants every attribute to be among those that a section lists, and none
// to say who somebody is.
func (p *Policy) settable(rule string, allowed, names []string) Finding {
	f := Finding{Rule: rule, Effect: Allow, Limit: strings.Join(allowed, ", ")}
	unlisted := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !identifying(name) && !p.tiesBy(name) && slices.Contains(allowed, name)
	})
	if len(unlisted) > 0 {
		f.Effect, f.Actual = Deny, strconv.Itoa(len(unlisted))+" not listed"
		f.Message, f.NextStep = "the policy does not list "+strings.Join(unlisted, ", "), "use the attributes in limit"
	}
	return f
}
