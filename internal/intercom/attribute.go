package intercom

import "context"

// Model is what an attribute belongs to.
type Model string

// The models whose attributes are read.
const (
	OfContacts  Model = "contact"
	OfCompanies Model = "company"
)

// Attribute is a field of contacts or companies as the workspace defines it.
type Attribute struct {
	Name   string
	Custom bool // made by the workspace
	// CustomersWrite says that the Messenger may set it, and so whoever sits in
	// front of it (https://developers.intercom.com/docs/references/2.11/changelog).
	CustomersWrite bool
}

// Attributes lists the attributes of a model that are in use
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-attributes/lisdataattributes).
func (c *Client) Attributes(ctx context.Context, m Model) ([]Attribute, error) {
	var w struct {
		Data []struct {
			Name     text `json:"name"`
			Custom   bool `json:"custom"`
			Archived bool `json:"archived"`
			// Left out by older versions, which had no such choice: then everybody may write.
			Writable *bool `json:"messenger_writable"`
		} `json:"data"`
	}
	if err := c.read(ctx, "read the attributes of "+string(m), "/data_attributes?model="+string(m), &w); err != nil {
		return nil, err
	}
	out := make([]Attribute, 0, len(w.Data))
	for _, a := range w.Data {
		if !a.Archived {
			out = append(out, Attribute{Name: string(a.Name), Custom: a.Custom, CustomersWrite: a.Writable == nil || *a.Writable})
		}
	}
	return out, nil
}
