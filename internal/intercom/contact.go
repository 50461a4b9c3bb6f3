package intercom

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// Contact is a person who writes to the company. All its text is untrusted.
type Contact struct {
	ID         string
	MergedFrom string // the id that was asked for, when Intercom has merged it into this contact
	Role       string // user or lead
	Name       string
	Email      string
	ExternalID string
	Attributes map[string]string // custom attributes that are strings
	Companies  []string          // ids
	// MoreCompanies says that Companies is cut off: Intercom embeds only the first ones.
	MoreCompanies bool
}

// Company is an organisation that contacts belong to.
type Company struct {
	ID         string
	CompanyID  string // the workspace's own id of it
	Name       string
	Attributes map[string]string // custom attributes that are strings
}

// Contact reads a contact. A merged contact's id leads once to the contact that
// took its place, which MergedFrom then tells
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/showcontact).
func (c *Client) Contact(ctx context.Context, id string) (Contact, error) {
	var w wireContact
	if err := c.readContact(ctx, id, &w); err != nil {
		return Contact{}, err
	}
	got := w.contact()
	if got.ID != id {
		got.MergedFrom = id
	}
	return got, nil
}

// readContact decodes a contact, or the one that it was merged into.
func (c *Client) readContact(ctx context.Context, id string, into any) error {
	if err := checkContact(id); err != nil {
		return err
	}
	q := contactCall(id)
	a, err := c.fetch(ctx, q)
	if to := canonical(a); a.status == http.StatusGone && to != "" {
		q = contactCall(to)
		a, err = c.fetch(ctx, q)
	}
	if err != nil {
		return err
	}
	return q.decode(a, into)
}

func contactCall(id string) call {
	return call{what: "read contact " + id, method: http.MethodGet, path: "/contacts/" + id}
}

// canonical is the contact id in a header such as
// Link: </contacts/6a5b00000000000000000001>; rel="canonical".
func canonical(a answer) string {
	target, rest, ok := strings.Cut(a.header.Get("Link"), ">")
	id := target[strings.LastIndex(target, "/")+1:]
	if !ok || !strings.Contains(rest, "canonical") || checkContact(id) != nil {
		return ""
	}
	return id
}

// Company reads a company
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/companies/retrieveacompanybyid).
func (c *Client) Company(ctx context.Context, id string) (Company, error) {
	if err := checkCompany(id); err != nil {
		return Company{}, err
	}
	var w struct {
		ID         ident      `json:"id"`
		CompanyID  ident      `json:"company_id"`
		Name       text       `json:"name"`
		Attributes attributes `json:"custom_attributes"`
	}
	if err := c.read(ctx, "read company "+id, "/companies/"+id, &w); err != nil {
		return Company{}, err
	}
	return Company{ID: string(w.ID), CompanyID: string(w.CompanyID), Name: string(w.Name), Attributes: w.Attributes}, nil
}

type wireContact struct {
	ID         ident      `json:"id"`
	Role       text       `json:"role"`
	Name       text       `json:"name"`
	Email      text       `json:"email"`
	ExternalID ident      `json:"external_id"`
	Attributes attributes `json:"custom_attributes"`
	Companies  struct {
		Data []struct {
			ID ident `json:"id"`
		} `json:"data"`
		HasMore bool `json:"has_more"`
	} `json:"companies"`
}

func (w wireContact) contact() Contact {
	c := Contact{
		ID: string(w.ID), Role: string(w.Role), Name: string(w.Name), Email: string(w.Email),
		ExternalID: string(w.ExternalID), Attributes: w.Attributes, MoreCompanies: w.Companies.HasMore,
	}
	for _, company := range w.Companies.Data {
		c.Companies = append(c.Companies, string(company.ID))
	}
	return c
}

// attributes are the custom attributes that are strings. The others are numbers,
// dates and lists, and no id is one of those.
type attributes map[string]string

// UnmarshalJSON keeps the strings of an object.
func (a *attributes) UnmarshalJSON(b []byte) error {
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*a = attributes{}
	for name, v := range all {
		if s, ok := v.(string); ok {
			(*a)[clean(name)] = clean(s)
		}
	}
	return nil
}
