package wiki

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

// notionVersion is the newest version of the API that this was written for.
const notionVersion = "2026-03-11"

// NotionConfig names the pages of a Notion workspace that are read.
type NotionConfig struct {
	Name  string   // of the source
	Token string   // of an internal connection that the pages are shared with
	Pages []string // ids of pages and databases, each with all below it
	URL   string   // another address than Notion's, for tests
	Now   func() time.Time
}

// Notion is some pages with those below them. A look lists what is shared with the
// token, and reads those that were edited since
// (https://developers.notion.com/reference/retrieve-page-markdown).
type Notion struct {
	NotionConfig
	api *api
}

var _ knowledge.Source = (*Notion)(nil)

// NewNotion makes a source without asking Notion.
func NewNotion(c NotionConfig) (*Notion, error) {
	if err := knowledge.CheckSource(c.Name); err != nil {
		return nil, err
	}
	if c.Token == "" || len(c.Pages) == 0 {
		return nil, errors.New("Notion needs a token and the ids of pages")
	}
	for i, id := range c.Pages {
		c.Pages[i] = plainID(id)
		if len(c.Pages[i]) != 32 {
			return nil, fmt.Errorf("%q is no id of a page; it has 32 digits and letters, the last ones in its address", id)
		}
	}
	a, err := newAPI("Notion", cmp.Or(c.URL, "https://api.notion.com"), func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+c.Token)
		r.Header.Set("Notion-Version", notionVersion)
	})
	return &Notion{c, a}, err
}

// plainID is an id without the dashes that it may be written with.
func plainID(id string) string { return strings.ReplaceAll(strings.ToLower(id), "-", "") }

// Name implements [knowledge.Source].
func (n *Notion) Name() string { return n.NotionConfig.Name }

// Sync implements [knowledge.Source].
func (n *Notion) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	all, err := n.list(ctx)
	if err != nil {
		return knowledge.State{}, err
	}
	r := newReading(last, put)
	for _, p := range all {
		if p.InTrash || p.Archived || !n.allowed(all, p) {
			continue
		}
		f := knowledge.File{
			Path: plainID(p.ID) + ".md", Mark: n.mark(p), URL: p.URL,
			UpdatedAt: p.Edited, Title: p.title(),
		}
		if err := r.take(f, func() ([]byte, error) { return n.markdown(ctx, p.ID) }); err != nil {
			return knowledge.State{}, err
		}
	}
	return r.now, nil
}

// notionPage is a page or a database as the search lists it.
type notionPage struct {
	Object, ID, URL string
	Edited          time.Time `json:"last_edited_time"`
	InTrash         bool      `json:"in_trash"`
	Archived        bool      `json:"archived"`
	Parent          struct {
		Page     string `json:"page_id"`
		Database string `json:"database_id"`
		Source   string `json:"data_source_id"`
		Block    string `json:"block_id"`
	}
	Properties map[string]struct {
		Type  string
		Title []struct {
			Text string `json:"plain_text"`
		}
	}
}

func (p notionPage) title() string {
	var out strings.Builder
	for _, property := range p.Properties {
		if property.Type == "title" {
			for _, piece := range property.Title {
				out.WriteString(piece.Text)
			}
		}
	}
	return out.String()
}

// mark is of when a page was edited. Notion tells that in whole minutes, so a page
// that was edited just now is read again later.
func (n *Notion) mark(p notionPage) string {
	settled := "settled"
	if n.Now().Sub(p.Edited) < 2*time.Minute {
		settled = "fresh"
	}
	return digest(p.Edited.String(), p.title(), settled)
}

// list gives every page that is shared with the token, by its id.
func (n *Notion) list(ctx context.Context) (map[string]notionPage, error) {
	all, cursor := map[string]notionPage{}, ""
	for range mostPages {
		question := map[string]any{"page_size": 100, "filter": map[string]string{"property": "object", "value": "page"}}
		if cursor != "" {
			question["start_cursor"] = cursor
		}
		var got struct {
			Results []notionPage
			Next    string `json:"next_cursor"`
			More    bool   `json:"has_more"`
		}
		if err := n.api.post(ctx, "list pages", "/v1/search", question, &got); err != nil {
			return nil, err
		}
		for _, p := range got.Results {
			all[plainID(p.ID)] = p
		}
		if !got.More {
			return all, nil
		}
		cursor = got.Next
	}
	return nil, errors.New("more pages are shared with the token than are read")
}

// allowed reports a page that is listed in the configuration, or is below one.
func (n *Notion) allowed(all map[string]notionPage, p notionPage) bool {
	for range 100 {
		parent := p.Parent
		for _, id := range []string{p.ID, parent.Database, parent.Source} {
			if slices.Contains(n.Pages, plainID(id)) {
				return true
			}
		}
		above, ok := all[plainID(parent.Page)]
		if !ok {
			return slices.Contains(n.Pages, plainID(parent.Page))
		}
		p = above
	}
	return false
}

// markdown reads a page. Of a large one Notion leaves parts out and names them.
func (n *Notion) markdown(ctx context.Context, id string) ([]byte, error) {
	var out strings.Builder
	wanted := []string{id}
	for read := 0; len(wanted) > 0; read++ {
		if read == mostPages || out.Len() > knowledge.MaxSize {
			break // it is refused for its size
		}
		var got struct {
			Markdown string
			Unknown  []string `json:"unknown_block_ids"`
		}
		err := n.api.get(ctx, "read page "+id, "/v1/pages/"+url.PathEscape(wanted[0])+"/markdown", &got)
		if read > 0 && isStatus(err, http.StatusNotFound) {
			err = nil // a part that the token may not see
		}
		if err != nil {
			return nil, err
		}
		out.WriteString(got.Markdown + "\n\n")
		wanted = append(got.Unknown, wanted[1:]...)
	}
	return []byte(strings.TrimSpace(out.String())), nil
}
