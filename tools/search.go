package tools

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/policies"
)

type searchInput struct {
	Query searchQuery `json:"query"`
}

type searchQuery string

// Schema wants some words.
func (searchQuery) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: "words to look for"}
}

type searchResults struct {
	Results []searchHit `json:"results"`
}

type searchHit struct {
	ID      string `json:"id" jsonschema:"give it to fetch"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Section string `json:"section,omitempty"`
	Snippet string `json:"snippet"`
}

// hits is how many results a search gives.
const hits = 5

// Search finds knowledge documents, in the shape ChatGPT expects
// (https://developers.openai.com/apps-sdk).
func Search(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "search", Title: "Search the knowledge documents", Closed: true,
		Description: "Search the company's policies and help documents.",
	}, func(_ context.Context, _ policies.Principal, in searchInput) (searchResults, error) {
		out := searchResults{Results: []searchHit{}}
		for _, h := range d.Library.Search(string(in.Query), hits) {
			out.Results = append(out.Results, searchHit{ID: h.URI, Title: h.Title, URL: h.URI, Section: h.Heading, Snippet: h.Snippet})
		}
		return out, nil
	})
}
