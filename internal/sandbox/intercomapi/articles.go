package intercomapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Article is a page of the help centre, or an internal one that only teammates read.
type Article struct {
	ID           string // decimal
	Internal     bool
	Title, Body  string // HTML
	State        string // published (the default) or draft; an internal one has none
	Locale       string // of title and body: en (the default)
	Translations map[string]Translation
	Created      time.Time // the sandbox's present when zero
	Updated      time.Time // Created when zero
}

// Translation is an article in another language.
type Translation struct {
	Title, Body string
	State       string // published (the default) or draft
}

// AddArticle puts an article into the workspace.
func (s *Server) AddArticle(a Article) {
	s.seed(func() {
		mustBeDecimal("article", a.ID)
		a.State, a.Locale = orElse(a.State, "published"), orElse(a.Locale, "en")
		a.Translations = maps.Clone(a.Translations)
		a.Created = s.orNow(a.Created)
		if a.Updated.IsZero() {
			a.Updated = a.Created
		}
		must(s.articles.add(a.ID, &a), "article %s is added twice", a.ID)
	})
}

// EditArticle changes the text of an article, as a teammate does in Intercom.
func (s *Server) EditArticle(id, title, body string) {
	s.seed(func() {
		mustHave("article", &s.articles, id)
		a, _ := s.articles.get(id)
		a.Title, a.Body, a.Updated = title, body, s.clock.Now()
	})
}

// listArticles lists those of the help centre, newest change first, and listInternal
// the internal ones by id; both by page number
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/articles).
func (s *Server) listArticles(r *http.Request) (any, error) {
	all := slices.DeleteFunc(slices.Clone(s.articles.order), func(a *Article) bool { return a.Internal })
	slices.SortStableFunc(all, func(a, b *Article) int { return b.Updated.Compare(a.Updated) })
	return s.articlePage(r.URL.Query(), all)
}

func (s *Server) listInternal(r *http.Request) (any, error) {
	all := slices.DeleteFunc(slices.Clone(s.articles.order), func(a *Article) bool { return !a.Internal })
	slices.SortFunc(all, func(a, b *Article) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return s.articlePage(r.URL.Query(), all)
}

// articlesPerPage is how many articles a page has unless a client asks for fewer or
// more; mostPages bounds the number of a page.
const (
	articlesPerPage = 25
	mostPages       = 1 << 20
)

func (s *Server) articlePage(q url.Values, all []*Article) (any, error) {
	number, err := positive(q, "page", 1, mostPages)
	if err != nil {
		return nil, err
	}
	size, err := positive(q, "per_page", articlesPerPage, mostPerPage)
	if err != nil {
		return nil, err
	}
	start := min(len(all), (number-1)*size)
	data := []object{}
	for _, a := range all[start:min(len(all), start+size)] {
		data = append(data, s.articleView(a))
	}
	var shown any = number
	if q.Has("page") {
		shown = strconv.Itoa(number) // as Intercom tells what it was asked for
	}
	return object{
		"type": "list", "total_count": len(all), "data": data,
		"pages": object{"type": "pages", "page": shown, "per_page": size, "total_pages": (len(all) + size - 1) / size},
	}, nil
}

func positive(q url.Values, name string, otherwise, most int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 || n > most {
		return 0, invalid(name, fmt.Sprintf("%s must be between 1 and %d", name, most))
	}
	return n, nil
}

func (s *Server) getArticle(r *http.Request) (any, error)  { return s.article(r, false) }
func (s *Server) getInternal(r *http.Request) (any, error) { return s.article(r, true) }

func (s *Server) article(r *http.Request, internal bool) (any, error) {
	a, ok := s.articles.get(r.PathValue("id"))
	if !ok || a.Internal != internal {
		return nil, notFound("Resource Not Found")
	}
	return s.articleView(a), nil
}

func (s *Server) articleView(a *Article) object {
	view := object{
		"type": "article", "id": a.ID, "workspace_id": s.Settings.AppID, "title": a.Title, "body": a.Body,
		"author_id": numberOrNull(s.anyAdmin()), "created_at": unix(a.Created), "updated_at": unix(a.Updated),
	}
	if a.Internal {
		view["type"], view["locale"] = "internal_article", a.Locale
		return view
	}
	translated := object{"type": "article_translated_content"}
	for locale, t := range a.Translations {
		translated[locale] = a.content(locale, t)
	}
	translated[a.Locale] = a.content(a.Locale, Translation{a.Title, a.Body, a.State})
	view["state"], view["default_locale"], view["url"] = a.State, a.Locale, a.page(a.Locale, a.State)
	view["translated_content"], view["parent_id"], view["parent_type"] = translated, nil, nil
	return view
}

func (a *Article) content(locale string, t Translation) object {
	state := orElse(t.State, "published")
	return object{
		"type": "article_content", "title": t.Title, "body": t.Body, "state": state,
		"created_at": unix(a.Created), "updated_at": unix(a.Updated), "url": a.page(locale, state),
	}
}

// page is where customers read an article; a draft has none.
func (a *Article) page(locale, state string) any {
	if state != "published" {
		return nil
	}
	return "https://help.northwind.example/" + locale + "/articles/" + a.ID
}

func (s *Server) anyAdmin() string {
	if len(s.admins.order) == 0 {
		return ""
	}
	return s.admins.order[0].ID
}
