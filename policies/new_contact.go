package policies

import "strings"

// NewContact makes a contact in Intercom: a user, who is known by an e-mail
// address, or a lead. It sets no attribute and no external id, so that nobody is
// tied to a customer by it.
type NewContact struct {
	Role   string `json:"role"` // user or lead
	Email  string `json:"email"`
	Name   string `json:"name,omitempty"`
	Traits Traits `json:"traits"`
}

// Kind is KindNewContact.
func (NewContact) Kind() Kind { return KindNewContact }

// Subject has no identity: whether the contact is there is looked at first. Of one
// address, one is made at a time.
func (c NewContact) Subject() Subject {
	return Subject{Exclusive: "new_contact:" + digest(strings.ToLower(c.Email))}
}

func (c NewContact) binds() any {
	c.Traits = Traits{}
	return c
}

func (c NewContact) traits() Traits { return c.Traits }

func (NewContact) asks() []Query { return nil }

func (c NewContact) judge(p *Policy, _ Snapshot) []Finding {
	if p.Contact == nil {
		return []Finding{missing("contact")}
	}
	f := Finding{Rule: "structure.contact", Effect: Allow}
	if c.Role != "user" && c.Role != "lead" || c.Email == "" {
		f.Effect, f.Message, f.NextStep = Deny, "a contact is a user or a lead with an e-mail address", "give role and email"
	}
	return []Finding{f, permitted("contact.create", p.Contact.Create, "create contacts")}
}
