package policies

import "slices"

// TieKind is a way in which a contact can belong to a Stripe customer.
type TieKind string

// The ways.
const (
	TieExternalID       TieKind = "external_id"       // the contact's external id stands in the metadata of a customer
	TieContactAttribute TieKind = "contact_attribute" // an attribute of the contact names the customer
	TieCompanyAttribute TieKind = "company_attribute" // an attribute of the contact's company names who pays
	TieEmail            TieKind = "email"             // contact and customer have one address
)

// Way is a way to find the customers of a contact.
type Way struct {
	Kind      TieKind
	Attribute string // of TieExternalID the metadata key; "" of TieEmail
}

// String is the way as facts and answers tell it.
func (w Way) String() string {
	switch w.Kind {
	case TieExternalID:
		return "external id"
	case TieContactAttribute:
		return "contact attribute"
	case TieCompanyAttribute:
		return "company attribute"
	case TieEmail:
	}
	return "e-mail"
}

// ByLink is how a tie reads that a person has confirmed.
const ByLink = "confirmed link"

// customerAttribute is the attribute that names the Stripe customer where the
// policy file does not name another. The company's own back end writes it.
const customerAttribute = "stripe_customer_id"

// DefaultWays are the ways of a policy that names none: what the company wrote
// down in Intercom, then an equal address.
func DefaultWays() []Way {
	return []Way{{TieContactAttribute, customerAttribute}, {TieCompanyAttribute, customerAttribute}, {TieEmail, ""}}
}

// Ways are the ways in which contacts belong to customers, in their order.
func (p *Policy) Ways() []Way { return slices.Clone(p.ways()) }

func (p *Policy) ways() []Way {
	if p == nil || len(p.Ties) == 0 {
		return DefaultWays()
	}
	return p.Ties
}

// tiesBy reports whether an attribute of contacts or companies ties a contact to
// money.
func (p *Policy) tiesBy(attribute string) bool {
	return slices.ContainsFunc(p.ways(), func(w Way) bool {
		return (w.Kind == TieContactAttribute || w.Kind == TieCompanyAttribute) && sameName(w.Attribute, attribute)
	})
}
