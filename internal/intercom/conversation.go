package intercom

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Conversation is one conversation as Intercom holds it. All its text is
// untrusted. Times are UTC and zero when there is none.
type Conversation struct {
	ID            string
	Title         string
	Subject       string // of an e-mail
	State         string // open, closed or snoozed
	SnoozedUntil  time.Time
	WaitingSince  time.Time // when the customer began to wait; zero when answered
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Channel       string // how it came in: conversation (the Messenger), email, …
	Source        Part   // the first message; its Type is "source"
	Parts         []Part // what followed, oldest first; Intercom gives only the newest 500
	TotalParts    int    // more than len(Parts) when older ones were cut off
	Contacts      []string
	Tags          []Tag
	AdminAssignee string
	TeamAssignee  string
}

// Part is one thing that happened on a conversation: a comment, a note, a change of state.
type Part struct {
	ID          string
	Type        string // Intercom's part_type
	Author      Author
	Body        string // plain text; empty when there is none
	CreatedAt   time.Time
	Mailed      bool // it came by e-mail, whatever the conversation began as
	Attachments []Attachment
	NotifiedAt  time.Time // when Intercom told whom it is for; zero when it did not
	App         string    // whose token made it through the API; empty when somebody typed it
}

// Author is who did something; Type is admin, user, lead, bot or team.
type Author struct{ Type, ID, Name string }

// Attachment is a file that came with a message. Its address is left out: it
// opens the file to everybody.
type Attachment struct{ Name, Type string }

// LastPart is the id of the newest part, or of the source when nothing followed.
func (c Conversation) LastPart() string {
	if n := len(c.Parts); n > 0 {
		return c.Parts[n-1].ID
	}
	return c.Source.ID
}

// Conversation reads a conversation with its bodies as plain text
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/retrieveconversation).
// Addresses that may open a customer's pages at Stripe are masked, whoever wrote them:
// our replies have them, and answers quote our replies.
func (c *Client) Conversation(ctx context.Context, id string) (Conversation, error) {
	read, err := c.conversation(ctx, id, "?display_as=plaintext")
	return read.masked(), err
}

func (c Conversation) masked() Conversation {
	c.Title, c.Subject, c.Source.Body = policies.Masked(c.Title), policies.Masked(c.Subject), policies.Masked(c.Source.Body)
	for i := range c.Parts {
		c.Parts[i].Body = policies.Masked(c.Parts[i].Body)
	}
	return c
}

func (c *Client) conversation(ctx context.Context, id, query string) (Conversation, error) {
	if err := checkConversation(id); err != nil {
		return Conversation{}, err
	}
	what := "read conversation " + id
	var w wireConversation
	if err := c.read(ctx, what, "/conversations/"+id+query, &w); err != nil {
		return Conversation{}, err
	}
	if string(w.ID) != id {
		return Conversation{}, &fault.Error{
			Code: fault.Upstream, Took: fault.No,
			Message: what + ": Intercom answered with another conversation", NextStep: askOperator,
		}
	}
	return w.conversation(), nil
}

type wireConversation struct {
	ID            ident  `json:"id"`
	Title         text   `json:"title"`
	State         text   `json:"state"`
	SnoozedUntil  moment `json:"snoozed_until"`
	WaitingSince  moment `json:"waiting_since"`
	CreatedAt     moment `json:"created_at"`
	UpdatedAt     moment `json:"updated_at"`
	AdminAssignee ident  `json:"admin_assignee_id"`
	TeamAssignee  ident  `json:"team_assignee_id"`
	Source        struct {
		wirePart
		Channel text `json:"type"`
		Subject text `json:"subject"`
	} `json:"source"`
	Contacts struct {
		Contacts []struct {
			ID ident `json:"id"`
		} `json:"contacts"`
	} `json:"contacts"`
	Tags struct {
		Tags []wireTag `json:"tags"`
	} `json:"tags"`
	Parts struct {
		Parts []wirePart `json:"conversation_parts"`
		Total int        `json:"total_count"`
	} `json:"conversation_parts"`
}

type wirePart struct {
	ID     ident `json:"id"`
	Type   text  `json:"part_type"`
	Body   text  `json:"body"`
	Author struct {
		Type text  `json:"type"`
		ID   ident `json:"id"`
		Name text  `json:"name"`
	} `json:"author"`
	CreatedAt   moment          `json:"created_at"`
	Mail        json.RawMessage `json:"email_message_metadata"` // null or left out: no e-mail
	Attachments []struct {
		Name text `json:"name"`
		Type text `json:"content_type"`
	} `json:"attachments"`
	NotifiedAt moment `json:"notified_at"`
	App        text   `json:"app_package_code"`
}

func (w wireConversation) conversation() Conversation {
	c := Conversation{
		ID: string(w.ID), Title: string(w.Title), Subject: string(w.Source.Subject), State: string(w.State),
		SnoozedUntil: w.SnoozedUntil.Time, WaitingSince: w.WaitingSince.Time,
		CreatedAt: w.CreatedAt.Time, UpdatedAt: w.UpdatedAt.Time,
		Channel: string(w.Source.Channel), Source: w.Source.part(), TotalParts: w.Parts.Total,
		AdminAssignee: assignee(w.AdminAssignee), TeamAssignee: assignee(w.TeamAssignee),
	}
	c.Source.Type, c.Source.CreatedAt = "source", c.CreatedAt
	for _, p := range w.Parts.Parts {
		c.Parts = append(c.Parts, p.part())
	}
	for _, contact := range w.Contacts.Contacts {
		c.Contacts = append(c.Contacts, string(contact.ID))
	}
	for _, t := range w.Tags.Tags {
		c.Tags = append(c.Tags, t.tag())
	}
	return c
}

func (w wirePart) part() Part {
	p := Part{
		ID: string(w.ID), Type: string(w.Type), Body: string(w.Body), CreatedAt: w.CreatedAt.Time,
		Mailed: len(w.Mail) > 0 && !bytes.Equal(w.Mail, []byte("null")),
		Author: Author{Type: string(w.Author.Type), ID: string(w.Author.ID), Name: string(w.Author.Name)},
	}
	p.NotifiedAt, p.App = w.NotifiedAt.Time, string(w.App)
	for _, a := range w.Attachments {
		p.Attachments = append(p.Attachments, Attachment{Name: string(a.Name), Type: string(a.Type)})
	}
	return p
}

// assignee is an assignee's id; Intercom also writes nobody as 0.
func assignee(id ident) string {
	if id == "0" {
		return ""
	}
	return string(id)
}
