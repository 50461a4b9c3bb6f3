package tools

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

type fetchInput struct {
	ID       string   `json:"id" jsonschema:"id of a search result or a citation; with #section only that section"`
	MaxBytes maxBytes `json:"max_bytes,omitempty"`
	Cursor   cursor   `json:"cursor,omitempty"`
}

// maxBytes bounds the text of an answer below what an answer has room for.
type maxBytes int

const leastBytes = 200

// Schema describes the bound.
func (maxBytes) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: jsonschema.Ptr(float64(leastBytes)), Description: "shorten the text to this"}
}

func (m maxBytes) room() room {
	if m == 0 {
		return pieceRoom
	}
	return min(room(m), pieceRoom)
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
	Citation  string    `json:"citation" jsonschema:"names this very text for ever"`
	Section   string    `json:"section,omitempty"`
	Lang      string    `json:"lang,omitempty"`
	Private   bool      `json:"internal,omitempty" jsonschema:"not for customers"`
	From      string    `json:"effective_from,omitempty"`
	To        string    `json:"effective_to,omitempty"`
	Stale     bool      `json:"stale,omitempty" jsonschema:"changed since, or no longer in force"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Truncated bool      `json:"truncated,omitempty"`
}

// Fetch reads one knowledge document or one section of it, a long one in pieces.
func Fetch(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "fetch", Title: "Read a knowledge document", Closed: true,
		Scopes:      access.Scopes{access.KnowledgeRead},
		Description: "Read a knowledge document or section by the id of a search result.",
	}, d.fetch)
}

func (d Deps) fetch(ctx context.Context, _ policies.Principal, in fetchInput) (fetched, error) {
	x, err := d.Library.Find(ctx, in.ID)
	if err != nil {
		return fetched{}, err
	}
	p, err := in.Cursor.place("fetch", digest(in.ID))
	if err == nil && in.Cursor != "" {
		err = p.in(x.Text, "fetch")
	}
	if err != nil {
		return fetched{}, err
	}
	p.Thread = restOfDocument
	out := fetched{ID: in.ID, Title: x.Document.Title, URL: linkTo(x.Document, in.ID), Metadata: d.metadataOf(x)}
	left := min(in.MaxBytes.room(), answerRoom-weigh(out)) // addresses can be long
	out.Text, out.Next = max(left, leastBytes).piece(x.Text, p)
	out.Metadata.Truncated = p.From+len(out.Text) < len(x.Text)
	return out, nil
}

func (d Deps) metadataOf(x knowledge.Excerpt) metadata {
	doc := x.Document
	return metadata{
		MIME: doc.MIME, Citation: x.Citation, Section: label(x.Section.Heading, maxPath), Lang: doc.Lang, Private: doc.Audience != knowledge.ForCustomers,
		From: dayOf(doc.EffectiveFrom), To: dayOf(doc.EffectiveTo), Stale: x.Former || doc.Expired(d.Now()), UpdatedAt: doc.UpdatedAt,
	}
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
