package tools

import (
	"context"
	"fmt"
	"slices"

	"supportmcp/internal/intercom"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

// matched is a contact and the one customer that they are.
type matched struct {
	contact  intercom.Contact
	customer string
}

// matching is who of some customers is in Intercom.
type matching struct {
	found     []matched
	unmatched int             // customers whom no contact is tied to
	several   int             // customers whom several contacts, or a contact with a doubt, are tied to
	held      map[string]bool // those contacts: they are left alone
}

const (
	perSearch = 15  // conditions (intercom.SearchContactsByAny)
	mostOne   = 150 // contacts on a page (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/searchcontacts)
	fewPayers = 300 // up to so many are searched for; for more, all contacts are read
)

// match finds the contacts of customers by the ways in which the policy ties them.
// A company that pays for its people is no way here: a segment is of those who pay.
func (d Deps) match(ctx context.Context, payers []segments.Payer) (matching, error) {
	ways := slices.DeleteFunc(d.Guard.Policy().Ways(), func(w policies.Way) bool { return w.Kind == policies.TieCompanyAttribute })
	wanted := make(map[string]bool, len(payers))
	for _, p := range payers {
		wanted[p.ID] = true
	}
	m := matcher{Deps: d, ways: ways, wanted: wanted, seen: map[string]bool{}, of: map[string][]matched{}, doubtful: map[string][]string{}}
	err := m.contacts(ctx, payers)
	return m.sorted(payers), err
}

// matcher collects the contacts of customers.
type matcher struct {
	Deps
	ways     []policies.Way
	wanted   map[string]bool
	seen     map[string]bool      // contacts
	of       map[string][]matched // by customer
	doubtful map[string][]string  // contacts, by customer
}

// contacts goes through everybody who can be a contact of one of the customers.
func (m *matcher) contacts(ctx context.Context, payers []segments.Payer) error {
	if len(payers) > fewPayers {
		return m.search(ctx, []intercom.ContactQuery{{Role: "user"}, {Role: "lead"}})
	}
	var asked []intercom.ContactQuery
	for _, p := range payers {
		of, err := m.queries(ctx, p)
		if err != nil {
			return err
		}
		if len(asked)+len(of) > perSearch {
			if err := m.search(ctx, asked); err != nil {
				return err
			}
			asked = nil
		}
		asked = append(asked, of...)
	}
	return m.search(ctx, asked)
}

// queries are what the contacts of a customer can be found by.
func (m *matcher) queries(ctx context.Context, p segments.Payer) (out []intercom.ContactQuery, err error) {
	for _, w := range m.ways[:min(len(m.ways), perSearch)] {
		q := intercom.ContactQuery{}
		switch w.Kind {
		case policies.TieContactAttribute:
			q.Attribute, q.Value = w.Attribute, p.ID
		case policies.TieEmail:
			q.Email = p.Email
		case policies.TieExternalID:
			if q.ExternalID, err = m.Segments.Metadata(ctx, p.ID, w.Attribute); err != nil {
				return nil, err
			}
		case policies.TieCompanyAttribute:
		}
		if q != (intercom.ContactQuery{}) {
			out = append(out, q)
		}
	}
	return out, nil
}

func (m *matcher) search(ctx context.Context, any []intercom.ContactQuery) error {
	if len(any) == 0 {
		return nil
	}
	for after := ""; ; {
		page, err := m.Intercom.SearchContactsByAny(ctx, any, after, mostOne)
		if err != nil {
			return err
		}
		for _, c := range page.Items {
			if err := m.add(ctx, c); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// add works out whose contact one is.
func (m *matcher) add(ctx context.Context, c intercom.Contact) error {
	if m.seen[c.ID] {
		return nil
	}
	m.seen[c.ID] = true
	customers, sure, err := m.tiesOf(ctx, c)
	if err != nil {
		return fmt.Errorf("tie contact %s: %w", c.ID, err)
	}
	for _, customer := range customers {
		switch {
		case !m.wanted[customer]:
		case sure && len(customers) == 1:
			m.of[customer] = append(m.of[customer], matched{c, customer})
		default:
			m.doubtful[customer] = append(m.doubtful[customer], c.ID)
		}
	}
	return nil
}

// tiesOf are the customers that a contact is tied to, by the rules that hold for a
// conversation (tie.go): what a person has confirmed first, an equal address only
// where nothing else says anything.
func (m *matcher) tiesOf(ctx context.Context, c intercom.Contact) (customers []string, sure bool, err error) {
	customers, err = m.Guard.Ledger.Links(ctx, c.ID)
	if err != nil || len(customers) > 0 {
		return customers, true, err
	}
	sure = true
	for _, w := range m.ways {
		var found []string
		switch w.Kind {
		case policies.TieContactAttribute:
			if id, ok := customerIn(c.Attributes, w.Attribute); ok {
				found = []string{id}
			}
		case policies.TieExternalID:
			if c.Role == "user" {
				found, err = m.Segments.ByMetadata(ctx, w.Attribute, c.ExternalID)
			}
		case policies.TieEmail:
			if len(customers) == 0 {
				found, err = m.Segments.ByEmail(ctx, c.Email)
				sure = sure && (c.Role == "user" || len(found) == 0) // a visitor can type any address
			}
		case policies.TieCompanyAttribute:
		}
		if err != nil {
			return nil, false, err
		}
		customers = append(customers, found...)
	}
	slices.Sort(customers)
	return slices.Compact(customers), sure, nil
}

// sorted tells those apart who have one contact from all others.
func (m *matcher) sorted(payers []segments.Payer) matching {
	out := matching{held: map[string]bool{}}
	for _, p := range payers {
		one, unsure := m.of[p.ID], m.doubtful[p.ID]
		switch {
		case len(one) == 1 && len(unsure) == 0:
			out.found = append(out.found, one[0])
			continue
		case len(one)+len(unsure) == 0:
			out.unmatched++
		default:
			out.several++
		}
		for _, c := range one {
			out.held[c.contact.ID] = true
		}
		for _, id := range unsure {
			out.held[id] = true
		}
	}
	return out
}
