package tools

import (
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/knowledge"
)

type searchResults struct {
	Results  []searchHit `json:"results"`
	Coverage coverage    `json:"coverage"`
	Next     cursor      `json:"next_cursor,omitempty" jsonschema:"further results: give it as cursor"`
}

// coverage says whether the results answer what was asked.
type coverage string

const (
	answered   coverage = "some"
	unanswered coverage = "none"
)

// Schema names the values there are.
func (coverage) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Enum: []any{string(answered), string(unanswered)}, Description: "none: no document answers this"}
}

type searchHit struct {
	ID      string `json:"id" jsonschema:"give it to fetch"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Section string `json:"section,omitempty"`
	Snippet string `json:"snippet"`
	Version string `json:"version"`
	Stale   bool   `json:"stale,omitempty" jsonschema:"no longer in force"`
	Private bool   `json:"internal,omitempty" jsonschema:"not for customers"`
}

// resultsOf are the hits from a place on that fit, one of them at least.
func resultsOf(found []knowledge.Hit, p place) searchResults {
	out := searchResults{Results: []searchHit{}, Coverage: answered}
	left := answerRoom
	for _, h := range found[p.From:] {
		hit := searchHitOf(h)
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

func searchHitOf(h knowledge.Hit) searchHit {
	return searchHit{
		ID: h.At, Title: label(h.Title, maxLabel), URL: linkTo(h.Document, h.At), Section: label(h.Heading, maxPath), Snippet: h.Snippet,
		Version: h.Version, Stale: h.Stale, Private: h.Audience != knowledge.ForCustomers,
	}
}

// linkTo is where people read a document, or else its address here.
func linkTo(doc knowledge.Document, uri string) string {
	if doc.URL != "" {
		return doc.URL
	}
	return uri
}

// told is the digest of hits that were told: with others in front, one could be
// repeated and another left out.
func told(found []knowledge.Hit) string {
	var all strings.Builder
	for _, h := range found {
		all.WriteString(h.At + "\n")
	}
	return digest(all.String())
}
