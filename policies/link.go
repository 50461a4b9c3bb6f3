package policies

import "slices"

// Link says that a contact belongs to a Stripe customer, or takes back all that
// was said of the contact so far. It holds once a person has confirmed it, and
// then goes before every other tie.
type Link struct {
	Asker    Asker  `json:"asker"`
	Customer string `json:"customer,omitempty"` // "" when it was not found, or when links are taken back
	Email    string `json:"email,omitempty"`    // what the customer was looked for by
	Problem  string `json:"problem,omitempty"`  // why there is no such customer; for whoever approves, and for nobody else
	Remove   bool   `json:"remove,omitempty"`
	Why      string `json:"why"` // the agent's words
}

// Kind is KindLink.
func (Link) Kind() Kind { return KindLink }

// Subject counts a link for its contact, by whom it is found again. A link that
// is taken back names no customer.
func (l Link) Subject() Subject {
	s := Subject{Conversation: l.Asker.Conversation, Contact: l.Asker.Contact, Person: l.Asker.Contact, Customer: l.Customer}
	if l.Asker.Contact != "" {
		s.Exclusive = "link:" + l.Asker.Contact
	}
	s.Same = "to " + l.Customer + " " + digest(l.Email)
	if l.Remove {
		s.Customer, s.Same = "", "none"
	}
	return s
}

// binds leaves out the ties: a link is about what they get wrong.
func (l Link) binds() any {
	l.Asker.Ties, l.Asker.Doubt = nil, ""
	return l
}

func (Link) traits() Traits { return Traits{} }
func (Link) asks() []Query  { return nil }

// judge never allows: only a person can say whose customer somebody is. It says
// nothing of whether the customer exists, so that nobody can be looked for with it.
func (l Link) judge(p *Policy, _ Snapshot) []Finding {
	if p.Identity == nil {
		return []Finding{missing("identity")}
	}
	known := Finding{Rule: "identity", Effect: Allow, Actual: l.Asker.Identity.word()}
	if l.Asker.Identity == Unidentified {
		known.Effect, known.Message, known.NextStep = Deny, "the conversation has no contact who could be linked", toAPerson
	}
	return []Finding{known, {
		Rule: "identity.link", Effect: NeedsApproval,
		Message: "a person confirms whose customer the contact is",
	}}
}

// LinkScope is the scope by which a contact's links are found.
func LinkScope(contact string) Scope { return Scope(string(PerPerson) + ":" + contact) }

// Linked are the customers that a contact is linked to, given the customers of
// the contact's done links in the order in which they became done.
func Linked(done []string) []string {
	var out []string
	for _, c := range done {
		switch {
		case c == "":
			out = nil
		case !slices.Contains(out, c):
			out = append(out, c)
		}
	}
	return out
}
