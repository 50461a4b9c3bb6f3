package intercom

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/knowledge"
)

// Articles are the articles of the help centre and the internal ones as a source
// of documents. Every language of an article is a document of its own, the
// published ones for customers, internal ones for agents only. Drafts are none.
type Articles struct {
	client   *Client
	name     string
	internal bool
}

var _ knowledge.Source = (*Articles)(nil)

// Articles makes a source of the workspace's articles, with the internal ones or
// without. It asks Intercom nothing.
func (c *Client) Articles(name string, internal bool) (*Articles, error) {
	if err := knowledge.CheckSource(name); err != nil {
		return nil, err
	}
	return &Articles{client: c, name: name, internal: internal}, nil
}

// Name implements [knowledge.Source].
func (a *Articles) Name() string { return a.name }

const (
	wholeEvery  = 24 * time.Hour // an article that is deleted is in no list of changes
	perPage     = 50
	mostPages   = 2000
	publicArea  = "articles/"
	privateArea = "internal/"
)

// Sync implements [knowledge.Source]. Intercom lists articles newest change first,
// so a look reads on only until it meets what it knows; once a day it reads all.
func (a *Articles) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	now := a.client.now()
	before := parseMilestone(last.Cursor)
	r := reading{last: last, put: put, marks: map[string]string{}, whole: now.Sub(before.whole) >= wholeEvery || a.internal != before.internal}
	next := before
	if r.whole {
		next.whole = now
	} else {
		maps.Copy(r.marks, last.Marks)
		r.until = before.newest
	}
	next.internal = a.internal
	if err := a.list(ctx, &r, "/articles", r.public); err != nil {
		return knowledge.State{}, err
	}
	next.newest = max(before.newest, r.newest)
	if a.internal {
		// In no order that is told, and few.
		r.drop(privateArea)
		r.until = 0
		if err := a.list(ctx, &r, "/internal_articles", r.private); err != nil {
			return knowledge.State{}, err
		}
	}
	return knowledge.State{Cursor: next.String(), Marks: r.marks}, nil
}

// milestone is where a look goes on: the newest change that was seen, in unix
// seconds, and when all articles were read.
type milestone struct {
	newest   int64
	whole    time.Time
	internal bool
}

func (m milestone) String() string {
	return fmt.Sprintf("%d %d %t", m.newest, m.whole.Unix(), m.internal)
}

func parseMilestone(text string) (m milestone) {
	var whole int64
	if n, err := fmt.Sscanf(text, "%d %d %t", &m.newest, &whole, &m.internal); err != nil || n != 3 {
		return milestone{}
	}
	m.whole = time.Unix(whole, 0)
	return m
}

// article is one as Intercom lists it
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/articles).
type article struct {
	content
	ID            ident                      `json:"id"`
	DefaultLocale string                     `json:"default_locale"`
	Translated    map[string]json.RawMessage `json:"translated_content"` // by locale, beside a type
}

// content is an article in one language.
type content struct {
	Title     string `json:"title"`
	Body      string `json:"body"` // HTML
	State     string `json:"state"`
	UpdatedAt int64  `json:"updated_at"`
	URL       string `json:"url"`
}

// reading is one look at a list.
type reading struct {
	last   knowledge.State
	put    func(knowledge.File) error
	marks  map[string]string // of what is there
	whole  bool              // everything is read
	until  int64             // older changes are known
	newest int64
}

// list reads a list page by page. One whose length changed meanwhile may have
// hidden an article between two pages, so it is read again another time.
func (a *Articles) list(ctx context.Context, r *reading, path string, take func(article) error) error {
	seen, total := map[string]bool{}, 0
	for page := 1; page <= mostPages; page++ {
		var got struct {
			Total int       `json:"total_count"`
			Data  []article `json:"data"`
		}
		what := fmt.Sprintf("list Intercom %s, page %d", strings.TrimPrefix(path, "/"), page)
		if err := a.client.read(ctx, what, fmt.Sprintf("%s?page=%d&per_page=%d", path, page, perPage), &got); err != nil {
			return pausing(err)
		}
		if page == 1 {
			total = got.Total
		}
		if got.Total != total {
			return fmt.Errorf("%s: the list changed while it was read", what)
		}
		for _, one := range got.Data {
			id := string(one.ID)
			if one.UpdatedAt < r.until {
				return nil
			}
			if seen[id] {
				continue // it moved to a later page when another one changed
			}
			seen[id] = true
			if err := take(one); err != nil {
				return err
			}
		}
		switch {
		case len(seen) >= total:
			return nil
		case len(got.Data) == 0:
			return fmt.Errorf("%s: it has fewer than it says", what)
		}
	}
	return fmt.Errorf("list Intercom %s: it has more than %d pages", path, mostPages)
}

// pausing leaves a workspace alone that asks to slow down.
func pausing(err error) error {
	if fault.CodeOf(err) == fault.RateLimited {
		return &knowledge.Later{In: time.Minute, Err: err}
	}
	return err
}

// public takes every published language of an article.
func (r *reading) public(one article) error {
	r.newest = max(r.newest, one.UpdatedAt)
	stem := publicArea + string(one.ID) + "."
	r.drop(stem)
	for locale, c := range one.languages() {
		if c.State != "published" {
			continue
		}
		f := c.file(stem+locale+".html", cmp.Or(c.UpdatedAt, one.UpdatedAt))
		f.Lang, f.Audience, f.URL = shortLang(locale), knowledge.ForCustomers, c.URL
		if err := r.take(f); err != nil {
			return err
		}
	}
	return nil
}

// private takes an internal article, which has one language and no page.
func (r *reading) private(one article) error {
	f := one.file(privateArea+string(one.ID)+".html", one.UpdatedAt)
	f.Audience = knowledge.ForAgents
	return r.take(f)
}

// languages are the contents of an article by locale.
func (one article) languages() map[string]content {
	out := map[string]content{}
	for locale, raw := range one.Translated {
		var c content
		if json.Unmarshal(raw, &c) == nil && c.State != "" { // the type, and languages without content, are none
			out[locale] = c
		}
	}
	if locale := cmp.Or(one.DefaultLocale, "en"); out[locale].State == "" {
		out[locale] = one.content
	}
	return out
}

// shortLang is the language of a locale such as pt-BR.
func shortLang(locale string) string {
	lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
	return lang
}

func (c content) file(path string, updated int64) knowledge.File {
	sum := sha256.Sum256([]byte(c.Title + "\x00" + c.URL + "\x00" + c.Body))
	mark := hex.EncodeToString(sum[:8])
	return knowledge.File{
		Path: path, Content: []byte(c.Body), Title: c.Title, UpdatedAt: time.Unix(updated, 0).UTC(),
		Mark: mark, Version: strconv.FormatInt(updated, 10) + "." + mark,
	}
}

// drop forgets what was there below a path; what still is will be taken again.
func (r *reading) drop(prefix string) {
	maps.DeleteFunc(r.marks, func(path, _ string) bool { return strings.HasPrefix(path, prefix) })
}

func (r *reading) take(f knowledge.File) error {
	r.marks[f.Path] = f.Mark
	if r.last.Marks[f.Path] == f.Mark {
		return nil
	}
	return r.put(f)
}
