package intercom

import (
	"context"
	"net/url"

	"supportmcp/internal/fault"
)

// Admin is a teammate of the workspace.
type Admin struct {
	ID, Name  string
	InboxSeat bool // may answer conversations
}

// Segment is a stored filter over contacts. Nobody can make one through the API.
type Segment struct {
	ID, Name string
	Of       string // user, or contact for leads
	Count    int    // of its members
}

// Macro is a reply that the workspace keeps; Body is plain text with placeholders.
type Macro struct{ ID, Name, Body string }

// Admins lists the teammates
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/admins/listadmins).
func (c *Client) Admins(ctx context.Context) ([]Admin, error) {
	var w struct {
		Admins []wireAdmin `json:"admins"`
	}
	if err := c.read(ctx, "list Intercom admins", "/admins", &w); err != nil {
		return nil, err
	}
	out := make([]Admin, len(w.Admins))
	for i, a := range w.Admins {
		out[i] = Admin{ID: string(a.ID), Name: string(a.Name), InboxSeat: a.InboxSeat}
	}
	return out, nil
}

// Admin is the teammate with this id; one who does not exist has no id.
func (c *Client) Admin(ctx context.Context, id string) (Admin, error) {
	if !isNumber(id) {
		return Admin{}, wrongID("admin", "digits")
	}
	var w wireAdmin
	err := c.read(ctx, "read Intercom admin "+id, "/admins/"+id, &w)
	if fault.CodeOf(err) == fault.NotFound {
		return Admin{}, nil
	}
	return Admin{ID: string(w.ID), Name: string(w.Name), InboxSeat: w.InboxSeat}, err
}

// Segments lists the segments of contacts with how many are in each
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/segments/listsegments).
func (c *Client) Segments(ctx context.Context) ([]Segment, error) {
	var w struct {
		Segments []struct {
			ID    ident `json:"id"`
			Name  text  `json:"name"`
			Of    text  `json:"person_type"`
			Count int   `json:"count"`
		} `json:"segments"`
	}
	if err := c.read(ctx, "list Intercom segments", "/segments?include_count=true", &w); err != nil {
		return nil, err
	}
	out := make([]Segment, len(w.Segments))
	for i, s := range w.Segments {
		out[i] = Segment{ID: string(s.ID), Name: string(s.Name), Of: string(s.Of), Count: s.Count}
	}
	return out, nil
}

// mostMacros bounds how many macros are read, in pages of as many as Intercom gives.
const mostMacros = 1000

// Macros lists the macros, last changed first, 1,000 at most
// (https://developers.intercom.com/docs/references/preview/rest-api/api.intercom.io/macros/listmacros).
func (c *Client) Macros(ctx context.Context) ([]Macro, error) {
	var out []Macro
	for after := ""; ; {
		var w struct {
			Data []struct {
				ID   ident `json:"id"`
				Name text  `json:"name"`
				Body text  `json:"body_text"`
			} `json:"data"`
			wirePages
		}
		if err := c.read(ctx, "list Intercom macros", "/macros?per_page=150&starting_after="+url.QueryEscape(after), &w); err != nil {
			return nil, err
		}
		for _, m := range w.Data {
			out = append(out, Macro{ID: string(m.ID), Name: string(m.Name), Body: string(m.Body)})
		}
		if after = w.Pages.Next.After; after == "" || len(w.Data) == 0 || len(out) >= mostMacros {
			return out, nil
		}
	}
}
