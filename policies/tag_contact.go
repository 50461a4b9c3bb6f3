package policies

import "slices"

// TagContact adds tags to a contact and removes others. The policy's tag section
// covers it, and its budgets count both kinds of tagging together.
type TagContact struct {
	Contact string   `json:"contact"`
	Add     []string `json:"add"`
	Remove  []string `json:"remove"`
	Traits  Traits   `json:"traits"`
}

// Kind is KindTagContact.
func (TagContact) Kind() Kind { return KindTagContact }

// Subject has no identity: a desired state is set again whenever it is asked for.
func (t TagContact) Subject() Subject { return Subject{Contact: t.Contact} }

func (t TagContact) binds() any {
	t.Traits = Traits{}
	return t
}

func (t TagContact) traits() Traits { return t.Traits }

func (TagContact) asks() []Query { return nil }

func (t TagContact) judge(p *Policy, _ Snapshot) []Finding {
	if p.Tag == nil {
		return []Finding{missing("tag")}
	}
	return []Finding{p.Tag.listed(slices.Concat(t.Add, t.Remove))}
}
