package tools

import (
	"context"
	"strings"
	"time"

	"supportmcp/policies"
)

type fetchInput struct {
	ID string `json:"id" jsonschema:"id of a search result"`
}

type fetched struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Text     string   `json:"text"`
	URL      string   `json:"url"`
	Metadata metadata `json:"metadata"`
}

type metadata struct {
	MIME      string    `json:"mime_type"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Truncated bool      `json:"truncated,omitempty"`
}

// maxFetched bounds the text of one answer, in bytes; the resource has it whole.
const maxFetched = 16_000

// Fetch reads one knowledge document or one section of it.
func Fetch(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "fetch", Title: "Read a knowledge document", Closed: true,
		Description: "Read a knowledge document or section by the id of a search result.",
	}, func(_ context.Context, _ policies.Principal, in fetchInput) (fetched, error) {
		text, err := d.Library.Section(in.ID)
		if err != nil {
			return fetched{}, err
		}
		doc, _ := d.Library.Document(in.ID)
		out := fetched{ID: in.ID, Title: doc.Title, Text: text, URL: in.ID, Metadata: metadata{MIME: doc.MIME, UpdatedAt: doc.UpdatedAt}}
		if len(text) > maxFetched {
			out.Text, out.Metadata.Truncated = strings.ToValidUTF8(text[:maxFetched], ""), true
		}
		return out, nil
	})
}
