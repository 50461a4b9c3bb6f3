package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

type searchInput struct {
	Query   searchQuery   `json:"query"`
	Queries []searchQuery `json:"queries,omitempty" jsonschema:"up to 5 other wordings or translations; results are merged"`
	Lang    string        `json:"lang,omitempty" jsonschema:"only documents in this language, such as de"`
	Source  string        `json:"source,omitempty" jsonschema:"only this source"`
	AsOf    day           `json:"as_of,omitempty" jsonschema:"only what was in force on it"`
	Cursor  cursor        `json:"cursor,omitempty"`
}

// maxWordings is how many other wordings a search takes.
const maxWordings = 5

type searchQuery string

// Schema wants some words.
func (searchQuery) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: "words to look for"}
}

// hits is how many results an answer gives.
const hits = 5

// Search finds knowledge documents, in the shape ChatGPT expects
// (https://developers.openai.com/apps-sdk).
func Search(d Deps) Tool {
	return Read(Spec{
		Toolset: Knowledge, Name: "search", Title: "Search the knowledge documents", Closed: true,
		Scopes:      access.Scopes{access.KnowledgeRead},
		Description: "Search the company's policies and help documents.",
	}, d.search)
}

func (d Deps) search(ctx context.Context, _ policies.Principal, in searchInput) (searchResults, error) {
	p, err := in.Cursor.place("search", digest(in.asked()))
	if err != nil {
		return searchResults{}, err
	}
	q, err := d.queryOf(in)
	if err != nil {
		return searchResults{}, err
	}
	q.K = p.From + hits + 1
	found := d.Library.Search(q)
	if !found.Covered {
		d.missed(ctx, in, p)
		return searchResults{Results: []searchHit{}, Coverage: unanswered}, nil
	}
	if p.From > len(found.Hits) || p.From > 0 && p.Digest != told(found.Hits[:p.From]) {
		return searchResults{}, outdated("search", "what is found")
	}
	p.Thread = moreHits
	return resultsOf(found.Hits, p), nil
}

// asked is all that decides what is found.
func (in searchInput) asked() string {
	if len(in.Queries) == 0 && in.Lang == "" && in.Source == "" && in.AsOf == "" {
		return string(in.Query)
	}
	return fmt.Sprintf("%q %q %q %q %q", in.Query, in.Queries, in.Lang, in.Source, in.AsOf)
}

func (d Deps) queryOf(in searchInput) (q knowledge.Query, err error) {
	if len(in.Queries) > maxWordings {
		return q, fault.Invalidf("leave some out", "queries: got %d, at most %d are allowed", len(in.Queries), maxWordings)
	}
	q = knowledge.Query{Texts: []string{string(in.Query)}, Lang: strings.ToLower(in.Lang), Source: in.Source, Now: d.Now()}
	for _, wording := range in.Queries {
		q.Texts = append(q.Texts, string(wording))
	}
	if sources := d.Library.Sources(); in.Source != "" && !slices.Contains(sources, in.Source) {
		return q, fault.Invalidf("use one of: "+strings.Join(sources, ", "), "source: there is no %q", label(in.Source, maxLabel))
	}
	q.AsOf, err = in.AsOf.begin("as_of")
	return q, err
}

// missed tells, once for every question, that nothing answers it.
func (d Deps) missed(ctx context.Context, in searchInput, p place) {
	if d.Unanswered != nil && p.From == 0 && in.Lang == "" && in.Source == "" && in.AsOf == "" {
		d.Unanswered(ctx, string(in.Query))
	}
}
