package intercom_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
)

// helpCentre serves articles as Intercom does: newest change first, by page
// numbers, internal ones in the order of their ids.
type helpCentre struct {
	t        *testing.T
	public   map[int]map[string]any
	internal map[int]map[string]any
	now      time.Time
	requests []string
	fails    func(w http.ResponseWriter, r *http.Request) bool
	source   *intercom.Articles
}

func openHelpCentre(t *testing.T, internal bool) *helpCentre {
	t.Helper()
	h := &helpCentre{t: t, public: map[int]map[string]any{}, internal: map[int]map[string]any{}, now: time.Unix(1_780_000_000, 0)}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := intercom.New(intercom.Config{Token: "token", BaseURL: s.URL, Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	if h.source, err = c.Articles("help", internal); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *helpCentre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests = append(h.requests, r.URL.RequestURI())
	if h.fails != nil && h.fails(w, r) {
		return
	}
	articles, order := h.public, func(a, b int) int { return updated(h.public[b]) - updated(h.public[a]) }
	if r.URL.Path == "/internal_articles" {
		articles, order = h.internal, func(a, b int) int { return a - b }
	}
	if r.Header.Get("Authorization") != "Bearer token" || r.URL.Path != "/articles" && r.URL.Path != "/internal_articles" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"type":"error.list","errors":[{"code":"unauthorized","message":"Access Token Invalid"}]}`)
		return
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	ids := slices.SortedFunc(maps.Keys(articles), order)
	data := []any{}
	for i := (page - 1) * size; i < min(page*size, len(ids)); i++ {
		data = append(data, articles[ids[i]])
	}
	// The page is a string when it was asked for.
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "list", "total_count": len(ids), "data": data, "pages": map[string]any{"page": fmt.Sprint(page), "total_pages": (len(ids) + size - 1) / max(size, 1)}})
}

func updated(article map[string]any) int { return article["updated_at"].(int) }

// write puts an article in one language, with the others translated.
func (h *helpCentre) write(id, at int, state, body string, translated map[string]any) {
	all := map[string]any{"type": "article_translated_content", "fr": nil}
	maps.Copy(all, translated)
	h.public[id] = map[string]any{
		"type": "article", "id": fmt.Sprint(id), "title": fmt.Sprint("Article ", id), "body": "<p>" + body + "</p>", "state": state, "updated_at": at,
		"url": fmt.Sprintf("https://help.example.com/en/articles/%d", id), "default_locale": "en", "translated_content": all,
	}
}

// articles are what one look hands out, as "path audience lang: text".
func (h *helpCentre) articles(last knowledge.State) (got []string, now knowledge.State) {
	h.t.Helper()
	now, err := h.source.Sync(h.t.Context(), last, func(f knowledge.File) error {
		doc, err := knowledge.Parse("help", f)
		if err != nil {
			got = append(got, f.Path+" "+err.Error())
			return nil
		}
		if (doc.URL != "") != (doc.Audience == knowledge.ForCustomers) {
			h.t.Errorf("%s is for %s and has the page %q", f.Path, doc.Audience, doc.URL)
		}
		got = append(got, fmt.Sprintf("%s %s %s: %s", f.Path, doc.Audience, doc.Lang, doc.Body))
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(got)
	return got, now
}

func TestArticlesBecomeDocumentsForThoseTheyAreFor(t *testing.T) {
	t.Parallel()
	h := openHelpCentre(t, true)
	h.write(1, 100, "published", "Refunds take <b>5 days</b>.<script>alert(1)</script>", map[string]any{
		"de": map[string]any{"type": "article_content", "title": "Erstattung", "body": "<p>Fünf Tage.</p>", "state": "published", "updated_at": 90, "url": "https://help.example.com/de/articles/1"},
		"es": map[string]any{"type": "article_content", "title": "Borrador", "body": "<p>Secreto.</p>", "state": "draft", "updated_at": 90},
	})
	h.write(2, 110, "draft", "A secret plan.", nil)
	h.write(3, 120, "published", "", nil)
	h.internal[7] = map[string]any{"type": "internal_article", "id": 7, "title": "Goodwill", "body": "<h2>Limits</h2><p>Up to 20 EUR.</p>", "updated_at": 50, "locale": "en"}
	got, state := h.articles(knowledge.State{})
	want := []string{
		"articles/1.de.html customer de: Fünf Tage.",
		"articles/1.en.html customer en: Refunds take **5 days**.",
		"articles/3.en.html there is no text in it",
		"internal/7.html agent en: ## Limits\n\nUp to 20 EUR.",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(state.Marks) != 4 {
		t.Errorf("%d documents:\n%s", len(state.Marks), diff)
	}
}

func TestOnlyWhatHasChangedIsReadOn(t *testing.T) {
	t.Parallel()
	h := openHelpCentre(t, false)
	for id := range 120 {
		h.write(id+1, 1000+id, "published", fmt.Sprint("text ", id), nil)
	}
	got, state := h.articles(knowledge.State{})
	if len(got) != 120 || len(h.requests) != 3 {
		t.Fatalf("%d documents in %d requests", len(got), len(h.requests))
	}
	h.requests = nil
	if got, state = h.articles(state); len(got) != 0 || len(h.requests) != 1 || len(state.Marks) != 120 {
		t.Errorf("unchanged, %d documents of %d in %d requests", len(got), len(state.Marks), len(h.requests))
	}
	h.now = h.now.Add(time.Hour)
	h.write(5, 5000, "published", "new text", nil)
	h.write(6, 5001, "draft", "withdrawn", nil)
	delete(h.public, 7)
	h.requests = nil
	if got, state = h.articles(state); len(got) != 1 || got[0] != "articles/5.en.html customer en: new text" || len(h.requests) != 1 || len(state.Marks) != 119 {
		t.Errorf("after changes, %q of %d in %d requests", got, len(state.Marks), len(h.requests))
	}
	h.now = h.now.Add(24 * time.Hour)
	if got, state = h.articles(state); len(got) != 0 || len(state.Marks) != 118 {
		t.Errorf("a day later, %q of %d: what was deleted is gone", got, len(state.Marks))
	}
}

// An article can leave the list between two pages; that must not look as if
// another one had been deleted.
func TestAListThatChangesWhileItIsReadDeletesNothing(t *testing.T) {
	t.Parallel()
	h := openHelpCentre(t, false)
	for id := range 70 {
		h.write(id+1, 1000+id, "published", "text", nil)
	}
	h.fails = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.RawQuery, "page=2") {
			delete(h.public, 70)
		}
		return false
	}
	_, err := h.source.Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("the error is %v", err)
	}
}

func TestAWorkspaceThatRefusesIsSaid(t *testing.T) {
	t.Parallel()
	for status, later := range map[int]bool{http.StatusUnauthorized: false, http.StatusTooManyRequests: true} {
		h := openHelpCentre(t, false)
		h.fails = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"type":"error.list","errors":[{"code":"refused"}]}`)
			return true
		}
		_, err := h.source.Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil })
		if _, is := errors.AsType[*knowledge.Later](err); err == nil || is != later {
			t.Errorf("%d: the error is %v", status, err)
		}
	}
}
