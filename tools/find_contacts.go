package tools

import (
	"context"
	"fmt"
	"strings"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type findContactsInput struct {
	Email      string    `json:"email,omitempty" jsonschema:"whole address"`
	ExternalID string    `json:"external_id,omitempty" jsonschema:"the company's own id of the user"`
	Tag        string    `json:"tag,omitempty" jsonschema:"tag name"`
	Segment    segmentID `json:"segment_id,omitempty"`
	Attribute  string    `json:"attribute,omitempty" jsonschema:"custom attribute; with value"`
	Value      string    `json:"value,omitempty" jsonschema:"of the attribute, exactly"`
	Cursor     cursor    `json:"cursor,omitempty"`
}

type foundContacts struct {
	Contacts []foundContact `json:"contacts"`
	Total    int            `json:"total"`
	Next     cursor         `json:"next_cursor,omitempty"`
}

type foundContact struct {
	Contact    string `json:"contact_id"`
	Role       string `json:"role"`
	Name       string `json:"name,omitempty" jsonschema:"as far as the policy shows it"`
	Email      string `json:"email,omitempty" jsonschema:"as far as the policy shows it"`
	ExternalID string `json:"external_id,omitempty"`
	Customer   string `json:"stripe_customer_id,omitempty" jsonschema:"named by the contact's attribute"`
}

// FindContacts finds people outside of a conversation.
func FindContacts(d Deps) Tool {
	return Read(Spec{
		Toolset: Contacts, Name: "find_contacts", Title: "Find contacts",
		Scopes:      access.Scopes{access.Lookup},
		Description: "Find Intercom contacts; all that is given must hold. Contacts of the last minutes can be missing.",
	}, d.findContacts)
}

func (d Deps) findContacts(ctx context.Context, _ policies.Principal, in findContactsInput) (foundContacts, error) {
	if (in.Attribute == "") != (in.Value == "") {
		return foundContacts{}, fault.Invalidf("give attribute and value, or neither", "attribute and value belong together")
	}
	asked := in
	asked.Cursor = ""
	p, err := in.Cursor.place("find_contacts", digest(fmt.Sprintf("%q", asked)))
	if err != nil {
		return foundContacts{}, err
	}
	q := intercom.ContactQuery{Email: in.Email, ExternalID: in.ExternalID, Segment: string(in.Segment), Attribute: in.Attribute, Value: in.Value}
	if q.Tag, err = d.tagID(ctx, in.Tag); err != nil {
		return foundContacts{}, err
	}
	p.Thread = moreContacts
	return d.contacts(ctx, "find_contacts", p, q)
}

// contacts tells a page of the contacts that a query finds.
func (d Deps) contacts(ctx context.Context, tool string, p place, q intercom.ContactQuery) (out foundContacts, err error) {
	after, err := p.vendorCursor(tool)
	if err != nil {
		return out, err
	}
	page, err := d.Intercom.SearchContacts(ctx, q, after, perPage)
	if err != nil {
		return out, err
	}
	level := d.personalData(ctx)
	show := func(c intercom.Contact) foundContact {
		customer := d.namedCustomer(c)
		return foundContact{
			Contact: c.ID, Role: c.Role, Name: veiled(level, c.Name), Email: veiled(level, c.Email),
			ExternalID: label(c.ExternalID, maxLabel), Customer: label(customer, maxLabel),
		}
	}
	out.Total = page.Total
	out.Contacts, out.Next, err = pageOf(tool, p, page, func(c intercom.Contact) string { return c.ID }, show)
	return out, err
}

// namedCustomer is the customer that the contact's attribute names, by the first
// way of the policy that says which attribute it is.
func (d Deps) namedCustomer(c intercom.Contact) string {
	p := d.Guard.Policy()
	if p == nil {
		return ""
	}
	for _, w := range p.Ways() {
		if w.Kind != policies.TieContactAttribute {
			continue
		}
		if customer, ok := customerIn(c.Attributes, w.Attribute); ok {
			return customer
		}
	}
	return ""
}

// tagID is the id of the tag of this name, whatever its case; "" for no name.
func (d Deps) tagID(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	tags, err := d.Intercom.Tags(ctx)
	if err != nil {
		return "", err
	}
	for _, t := range tags {
		if strings.EqualFold(t.Name, name) {
			return t.ID, nil
		}
	}
	return "", fault.Invalidf("take a name from list_desk_options", "tag: there is no tag of this name")
}
