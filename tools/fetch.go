package tools

import (
	"context"
	"time"

	"supportmcp/policies"
)

type fetchInput struct {
	ID     string `json:"id" jsonschema:"id of a search result"`
	Cursor cursor `json:"cursor,omitempty"`
}

type fetched struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Text     string   `json:"text"`
	URL      string   `json:"url"`
	Metadata metadata `json:"metadata"`
	Next     cursor   `json:"next_cursor,omitempty" jsonschema:"more text: give it as cursor"`
}

type metadata struct {
	MIME      string    `json:"mime_type"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Truncated bool      `json:"truncated,omitempty"`
}

// Fetch reads one knowledge document or one section of it, a long one in pieces.
func Fetch(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "fetch", Title: "Read a knowledge document", Closed: true,
		Description: "Read a knowledge document or section by the id of a search result.",
	}, d.fetch)
}

func (d Deps) fetch(_ context.Context, _ policies.Principal, in fetchInput) (fetched, error) {
	text, err := d.Library.Section(in.ID)
	if err != nil {
		return fetched{}, err
	}
	p, err := in.Cursor.place("fetch", digest(in.ID))
	if err == nil && in.Cursor != "" {
		err = p.in(text, "fetch")
	}
	if err != nil {
		return fetched{}, err
	}
	p.Thread = restOfDocument
	doc, _ := d.Library.Document(in.ID)
	out := fetched{ID: in.ID, Title: doc.Title, URL: in.ID, Metadata: metadata{MIME: doc.MIME, UpdatedAt: doc.UpdatedAt}}
	out.Text, out.Next = pieceRoom.piece(text, p)
	out.Metadata.Truncated = p.From+len(out.Text) < len(text)
	return out, nil
}
