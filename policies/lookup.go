package policies

import "time"

// LookupRules is the lookup section of a policy: looking for customers outside a
// conversation.
type LookupRules struct {
	Customers    int64 // different ones that one principal may look at in Window
	Window       time.Duration
	PersonalData PersonalData
}

// PersonalData is how much of a customer's name, address and e-mail is shown.
type PersonalData string

// The levels.
const (
	NoPersonalData     PersonalData = "none"
	MaskedPersonalData PersonalData = "masked" // m…@example.com
	FullPersonalData   PersonalData = "full"
)

// Lookup shows a principal a customer outside a conversation. It changes nothing:
// that the entry is done is all there is, so that lookups are counted and on record.
type Lookup struct {
	By       Principal `json:"by"`
	Customer string    `json:"customer"`
}

// Kind is KindLookup.
func (Lookup) Kind() Kind { return KindLookup }

// Subject names principal and customer together as a person, so that it can be
// asked whether the one has seen the other.
func (l Lookup) Subject() Subject {
	return Subject{Customer: l.Customer, Person: "lookup_" + digest(string(l.By), l.Customer)[:32]}
}

func (l Lookup) binds() any   { return l }
func (Lookup) traits() Traits { return Traits{} }
func (Lookup) asks() []Query  { return nil }

// judge leaves it to the section's budget how many there may be.
func (l Lookup) judge(p *Policy, _ Snapshot) []Finding {
	if p.Lookup == nil {
		return []Finding{missing("lookup")}
	}
	f := Finding{Rule: "structure.customer", Effect: Allow}
	if l.Customer == "" {
		f.Effect, f.Message, f.NextStep = Deny, "no customer is named", "name one"
	}
	return []Finding{f}
}

// Seen asks the ledger whether a principal has looked at a customer within the
// window: who was seen is shown again without counting again.
func (r *LookupRules) Seen(by Principal, customer string) Query {
	s := Lookup{By: by, Customer: customer}.Subject()
	return Query{Scope: scopeOf(PerPerson, s, by), Kinds: []Kind{KindLookup}, Window: r.Window}
}

func (r *LookupRules) budget() Budget {
	return Budget{Scope: PerPrincipal, Window: r.Window, Count: r.Customers, Kinds: []Kind{KindLookup}, Exceed: Deny}
}
