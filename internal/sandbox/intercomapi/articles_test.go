package intercomapi_test

import (
	"fmt"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

func TestArticlesAreListedByPageNewestChangeFirst(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		d.AddArticle(intercomapi.Article{ID: fmt.Sprint(10 + i), Title: fmt.Sprint("Article ", i), Body: "<p>x</p>", Created: noon().Add(time.Duration(i-9) * time.Hour)})
	}
	d.AddArticle(intercomapi.Article{ID: "99", Internal: true, Title: "For us", Body: "<p>y</p>"})
	d.want(d.get("/articles?page=1&per_page=2"), map[string]any{
		"total_count": 5, "data.#": 2, "data.0.id": "14", "data.1.id": "13", "pages.page": "1", "pages.total_pages": 3,
		"data.0.state": "published", "data.0.url": "https://help.northwind.example/en/articles/14",
	})
	d.want(d.get("/articles?page=3&per_page=2"), map[string]any{"data.#": 1, "data.0.id": "10"})
	d.want(d.get("/articles?page=4&per_page=2"), map[string]any{"data.#": 0, "total_count": 5})
	d.want(d.get("/articles"), map[string]any{"data.#": 5, "pages.page": 1})
	d.EditArticle("10", "Changed", "<p>new</p>")
	d.want(d.get("/articles?per_page=1"), map[string]any{"data.0.id": "10", "data.0.title": "Changed"})
	d.want(d.get("/internal_articles?page=1"), map[string]any{"total_count": 1, "data.0.id": "99", "data.0.type": "internal_article"})
	d.want(d.get("/articles/10"), map[string]any{"id": "10", "body": "<p>new</p>"})
	d.refused(d.get("/articles/99"), 404, "not_found")
	d.refused(d.get("/internal_articles/10"), 404, "not_found")
	d.refused(d.get("/articles?page=0"), 400, "parameter_invalid")
	d.refused(d.get("/articles?per_page=151"), 400, "parameter_invalid")
}

func TestADraftHasNoPageAndATranslationItsOwn(t *testing.T) {
	d := newDesk(t)
	d.AddArticle(intercomapi.Article{
		ID: "10", Title: "Refunds", Body: "<p>x</p>", State: "draft",
		Translations: map[string]intercomapi.Translation{"de": {Title: "Erstattungen", Body: "<p>y</p>"}, "fr": {Title: "Remboursements", Body: "<p>z</p>", State: "draft"}},
	})
	d.want(d.get("/articles/10"), map[string]any{
		"state": "draft", "url": nil, "default_locale": "en",
		"translated_content.en.state": "draft", "translated_content.de.state": "published", "translated_content.de.title": "Erstattungen",
		"translated_content.de.url": "https://help.northwind.example/de/articles/10", "translated_content.fr.url": nil,
	})
}
