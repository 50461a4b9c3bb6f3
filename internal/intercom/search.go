package intercom

import (
	"context"
	"html"
	"net/http"
	"strings"
	"time"

	"supportmcp/internal/fault"
)

// Page is a part of a list. Next is Intercom's cursor to what follows, "" at the
// end; Total counts the whole list.
type Page[T any] struct {
	Items []T
	Total int
	Next  string
}

// ConversationQuery says which conversations are looked for. All that is given must
// hold. Search lags behind by seconds, and Words are looked for in the first
// message of each conversation only.
type ConversationQuery struct {
	State                       string // open, closed or snoozed
	Contact, Tag, Admin, Team   string // ids
	UpdatedAfter, UpdatedBefore time.Time
	Words                       []string
}

// ContactQuery says which contacts are looked for. All that is given must hold.
// Search lags behind by seconds, and by minutes for new contacts.
type ContactQuery struct {
	Email, ExternalID string
	Tag, Segment      string // ids
	Role              string // user or lead
	Attribute, Value  string // a custom attribute by its name, and what it is
}

// filter is one condition; a group of nothing but filters is what both searches take.
type filter struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// mostFilters is how many conditions Intercom takes in a group
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/searchconversations).
const mostFilters = 15

func (q ConversationQuery) filters() []filter {
	var all filters
	all.equal("state", q.State)
	all.equal("contact_ids", q.Contact)
	all.equal("tag_ids", q.Tag)
	all.equal("admin_assignee_id", q.Admin)
	all.equal("team_assignee_id", q.Team)
	if !q.UpdatedAfter.IsZero() {
		all = append(all, filter{"updated_at", ">", q.UpdatedAfter.Unix()})
	}
	if !q.UpdatedBefore.IsZero() {
		all = append(all, filter{"updated_at", "<", q.UpdatedBefore.Unix()})
	}
	for _, w := range q.Words {
		all = append(all, filter{"source.body", "~", strings.ToLower(w)})
	}
	return all
}

func (q ContactQuery) filters() []filter {
	var all filters
	all.equal("email", strings.ToLower(q.Email))
	all.equal("external_id", q.ExternalID)
	all.equal("tag_id", q.Tag)
	all.equal("segment_id", q.Segment)
	all.equal("role", q.Role)
	if q.Attribute != "" {
		all = append(all, filter{"custom_attributes." + q.Attribute, "=", q.Value})
	}
	return all
}

type filters []filter

func (f *filters) equal(field, value string) {
	if value != "" {
		*f = append(*f, filter{field, "=", value})
	}
}

// SearchConversations finds conversations, last changed first, from a cursor on
// ("" begins). They come without parts
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/searchconversations).
func (c *Client) SearchConversations(ctx context.Context, q ConversationQuery, after string, size int) (Page[Conversation], error) {
	var w struct {
		Found []wireConversation `json:"conversations"`
		wirePages
	}
	if err := c.search(ctx, "search conversations", "/conversations/search", "AND", q.filters(), after, size, &w); err != nil {
		return Page[Conversation]{}, err
	}
	p := Page[Conversation]{Total: w.Total, Next: w.Pages.Next.After}
	for _, one := range w.Found {
		found := one.conversation()
		found.Source.Body = plain(found.Source.Body)
		p.Items = append(p.Items, found.masked())
	}
	return p, nil
}

// SearchContacts finds contacts from a cursor on ("" begins)
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/searchcontacts).
func (c *Client) SearchContacts(ctx context.Context, q ContactQuery, after string, size int) (Page[Contact], error) {
	return c.searchContacts(ctx, "AND", q.filters(), after, size)
}

// SearchContactsByAny finds the contacts for which something of one of the queries
// holds. All queries together may say 15 things.
func (c *Client) SearchContactsByAny(ctx context.Context, any []ContactQuery, after string, size int) (Page[Contact], error) {
	var all filters
	for _, q := range any {
		all = append(all, q.filters()...)
	}
	return c.searchContacts(ctx, "OR", all, after, size)
}

func (c *Client) searchContacts(ctx context.Context, join string, all []filter, after string, size int) (Page[Contact], error) {
	var w struct {
		Found []wireContact `json:"data"`
		wirePages
	}
	if err := c.search(ctx, "search contacts", "/contacts/search", join, all, after, size, &w); err != nil {
		return Page[Contact]{}, err
	}
	p := Page[Contact]{Total: w.Total, Next: w.Pages.Next.After}
	for _, one := range w.Found {
		p.Items = append(p.Items, one.contact())
	}
	return p, nil
}

type wirePages struct {
	Total int `json:"total_count"`
	Pages struct {
		Next struct {
			After string `json:"starting_after"`
		} `json:"next"`
	} `json:"pages"`
}

// searching is the body of a search. A cursor counts only here: in the query
// string, page one would be answered again and again.
type searching struct {
	Query struct {
		Operator string   `json:"operator"`
		Value    []filter `json:"value"`
	} `json:"query"`
	Pagination struct {
		PerPage int    `json:"per_page"`
		After   string `json:"starting_after,omitempty"`
	} `json:"pagination"`
}

func (c *Client) search(ctx context.Context, what, path, join string, all []filter, after string, size int, into any) error {
	if len(all) == 0 || len(all) > mostFilters {
		return fault.Invalidf("say what to look for, in fewer words", "%s: %d conditions, want 1 to %d", what, len(all), mostFilters)
	}
	var body searching
	body.Query.Operator, body.Query.Value = join, all
	body.Pagination.PerPage, body.Pagination.After = size, after
	q := call{what: what, method: http.MethodPost, path: path, body: body, search: true}
	a, err := c.fetch(ctx, q)
	if err != nil {
		return err
	}
	return q.decode(a, into)
}

// plain is the text of a body, in one line. It is cleaned once more, since a
// character that is written as an entity shows only now.
func plain(body string) string {
	text := html.UnescapeString(stripTags(strings.ReplaceAll(body, "<", " <")))
	return strings.Join(strings.Fields(clean(text)), " ")
}
