package wiki_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/wiki"
)

// wikis are the sources of this package, each before a vendor that has pages.
func wikis() map[string]func(*testing.T) (*vendor, knowledge.Source) {
	return map[string]func(*testing.T) (*vendor, knowledge.Source){
		"Confluence": func(t *testing.T) (*vendor, knowledge.Source) {
			v := acmeSite(t)
			return v, confluence(t, v, "SUP")
		},
		"Notion": func(t *testing.T) (*vendor, knowledge.Source) {
			v := open(t, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer SECRET" })
			v.answers["POST /v1/search"] = `{"results":[` + notionEntry(rootPage, "Help", "2026-02-01T10:00:00.000Z", `{"type":"workspace","workspace":true}`) + `],"has_more":false}`
			v.answers["GET /v1/pages/"+rootPage+"/markdown"] = `{"markdown":"Welcome.","truncated":false,"unknown_block_ids":[]}`
			s, err := wiki.NewNotion(wiki.NotionConfig{Name: "wiki", Token: "SECRET", Pages: []string{rootPage}, URL: v.url, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			return v, s
		},
		"Google": drive,
	}
}

// What goes wrong is told without the secrets that it was asked with.
func TestAWikiThatRefusesIsSaid(t *testing.T) {
	t.Parallel()
	for name, start := range wikis() {
		v, s := start(t)
		for status, text := range map[int]string{
			401: "the token is revoked or wrong", 403: "the token may not read it", 404: "it is not there",
			429: "fewer requests", 500: "the answer is 500", 302: "the answer is 302",
		} {
			v.refuses = func(w http.ResponseWriter) bool {
				w.Header().Set("Retry-After", "120")
				w.Header().Set("Location", "https://evil.example/")
				w.WriteHeader(status)
				return true
			}
			_, err := s.Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil })
			if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s, %d: the error is %v", name, status, err)
			}
			if later, ok := errors.AsType[*knowledge.Later](err); ok != (status == 429) || ok && later.In != 2*time.Minute {
				t.Errorf("%s, %d: it shall come again in %+v", name, status, later)
			}
		}
	}
}

// An answer that breaks off, is no answer or has no end fails, and is not taken for
// an empty wiki.
func TestABrokenAnswerOfAWikiIsNoEmptyWiki(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"a page of a proxy": "<html>sign in</html>", "half an answer": `{"results":[{"id":"10`, "nothing": "",
		"50 MB": `{"results":"` + strings.Repeat("x", 50_000_000) + `"}`,
	}
	for name, start := range wikis() {
		v, s := start(t)
		for what, answer := range answers {
			v.refuses = func(w http.ResponseWriter) bool {
				fmt.Fprint(w, answer)
				return true
			}
			if state, err := s.Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil }); err == nil {
				t.Errorf("%s: %s is taken for %v", name, what, state)
			}
		}
	}
}

// A page that goes between the list and its reading is none, and the others are read.
func TestAPageThatGoesWhileAWikiIsReadIsLeftOut(t *testing.T) {
	t.Parallel()
	site := acmeSite(t)
	delete(site.answers, "GET /wiki/api/v2/pages/1001?body-format=view")
	got, state := look(t, confluence(t, site, "SUP"), knowledge.State{})
	want(t, "of Confluence", got, []string{"SUP/1002.html Tone: Friendly."})
	files, s := drive(t)
	delete(files.answers, "GET /drive/v3/files/doc1/export?mimeType=text/markdown")
	docs, held := look(t, s, knowledge.State{})
	want(t, "of Google", docs, []string{"doc2.md Tone: Friendly."})
	if len(state.Marks) != 1 || len(held.Marks) != 1 {
		t.Errorf("held are %v and %v", state.Marks, held.Marks)
	}
}

func TestARevokedKeyOfAServiceAccountIsSaid(t *testing.T) {
	t.Parallel()
	v, s := drive(t)
	v.signed = func(url.Values) error { return errors.New("revoked") }
	_, err := s.Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "the key of the service account is revoked or wrong") || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("the error is %v", err)
	}
}
