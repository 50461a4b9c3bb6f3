package tools

import (
	"context"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

type searchInput struct {
	Query  searchQuery `json:"query"`
	Cursor cursor      `json:"cursor,omitempty"`
}

type searchQuery string

// Schema wants some words.
func (searchQuery) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: "words to look for"}
}

type searchResults struct {
	Results []searchHit `json:"results"`
	Next    cursor      `json:"next_cursor,omitempty" jsonschema:"further results: give it as cursor"`
}

type searchHit struct {
	ID      string `json:"id" jsonschema:"give it to fetch"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Section string `json:"section,omitempty"`
	Snippet string `json:"snippet"`
}

// hits is how many results an answer gives.
const hits = 5

// Search finds knowledge documents, in the shape ChatGPT expects
// (https://developers.openai.com/apps-sdk).
func Search(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "search", Title: "Search the knowledge documents", Closed: true,
		Description: "Search the company's policies and help documents.",
	}, d.search)
}

func (d Deps) search(_ context.Context, _ policies.Principal, in searchInput) (searchResults, error) {
	p, err := in.Cursor.place("search", digest(string(in.Query)))
	if err != nil {
		return searchResults{}, err
	}
	found := d.Library.Search(string(in.Query), p.From+hits+1)
	if p.From > len(found) || p.From > 0 && p.Digest != told(found[:p.From]) {
		return searchResults{}, outdated("search", "what is found")
	}
	p.Thread = moreHits
	return resultsOf(found, p), nil
}

// resultsOf are the hits from a place on that fit, one of them at least.
func resultsOf(found []knowledge.Hit, p place) searchResults {
	out := searchResults{Results: []searchHit{}}
	left := answerRoom
	for _, h := range found[p.From:] {
		hit := searchHit{ID: h.URI, Title: label(h.Title, maxLabel), URL: h.URI, Section: label(h.Heading, maxPath), Snippet: h.Snippet}
		if len(out.Results) == hits || !left.take(hit) && len(out.Results) > 0 {
			p.Digest = told(found[:p.From])
			out.Next = p.cursor()
			break
		}
		out.Results = append(out.Results, hit)
		p.From++
	}
	return out
}

// told is the digest of hits that were told: with others in front, one could be
// repeated and another left out.
func told(found []knowledge.Hit) string {
	var all strings.Builder
	for _, h := range found {
		all.WriteString(h.URI + "\n")
	}
	return digest(all.String())
}
