package github_test

import (
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/github"
	"supportmcp/internal/knowledge"
)

const token = "github_pat_test"

// hub is a GitHub with one repository, acme/help, as the REST documentation tells
// (https://docs.github.com/en/rest/git/trees and /commits/commits).
type hub struct {
	t  *testing.T
	mu sync.Mutex

	files     map[string]string
	links     map[string]bool
	commit    string
	truncated bool // the listing of the whole tree is cut off
	fails     func(w http.ResponseWriter, r *http.Request) bool
	requests  []string
	url       string
}

func newHub(t *testing.T, files map[string]string) *hub {
	t.Helper()
	h := &hub{t: t, files: files, commit: digest("first")}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func digest(text string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(text))) }

func (h *hub) push(name, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if text == "" {
		delete(h.files, name)
	} else {
		h.files[name] = text
	}
	h.commit = digest(h.commit + name + text)
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, r.URL.RequestURI())
	if h.fails != nil && h.fails(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v3/repos/acme/help/")
	switch kind, id := path.Split(rest); {
	case !ok:
		refuse(w, http.StatusNotFound, "Not Found")
	case kind == "commits/":
		h.head(w, r, id)
	case kind == "git/commits/":
		h.answer(w, map[string]any{"sha": id, "committer": map[string]any{"date": "2026-02-01T10:00:00Z"}})
	case kind == "git/trees/":
		h.tree(w, id, r.URL.Query().Get("recursive") != "")
	case kind == "git/blobs/":
		h.blob(w, id)
	default:
		refuse(w, http.StatusNotFound, "Not Found")
	}
}

func (h *hub) head(w http.ResponseWriter, r *http.Request, ref string) {
	if ref != "HEAD" && ref != "main" {
		refuse(w, http.StatusUnprocessableEntity, "No commit found for SHA: "+ref)
		return
	}
	w.Header().Set("ETag", `"`+h.commit+`"`)
	if r.Header.Get("If-None-Match") == `"`+h.commit+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !strings.Contains(r.Header.Get("Accept"), "sha") {
		h.t.Errorf("the commit is asked for as %s", r.Header.Get("Accept"))
	}
	fmt.Fprint(w, h.commit)
}

// folders are the trees of the commit by their id; the root has the commit's.
func (h *hub) folders() map[string]string {
	out := map[string]string{h.commit: ""}
	for name := range h.files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			out[digest("tree "+dir)] = dir
		}
	}
	return out
}

func (h *hub) tree(w http.ResponseWriter, id string, recursive bool) {
	dir, ok := h.folders()[id]
	if !ok {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	entries, seen := []map[string]any{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(h.files)) {
		below := name
		if dir != "" {
			if below, ok = strings.CutPrefix(name, dir+"/"); !ok {
				continue
			}
		}
		if sub, _, nested := strings.Cut(below, "/"); nested && !seen[sub] {
			seen[sub] = true
			entries = append(entries, map[string]any{"path": sub, "type": "tree", "mode": "040000", "sha": digest("tree " + path.Join(dir, sub))})
		}
		if strings.Contains(below, "/") && !recursive {
			continue
		}
		mode := "100644"
		if h.links[name] {
			mode = "120000"
		}
		entries = append(entries, map[string]any{"path": below, "type": "blob", "mode": mode, "sha": blobID(h.files[name]), "size": len(h.files[name])})
	}
	cut := h.truncated && recursive && dir == ""
	if cut {
		entries = entries[:1]
	}
	h.answer(w, map[string]any{"sha": id, "truncated": cut, "tree": entries})
}

func blobID(text string) string { return digest(fmt.Sprintf("blob %d\x00%s", len(text), text)) }

func (h *hub) blob(w http.ResponseWriter, id string) {
	for _, text := range h.files {
		if blobID(text) == id {
			fmt.Fprint(w, text)
			return
		}
	}
	refuse(w, http.StatusNotFound, "Not Found")
}

func (h *hub) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.t.Error(err)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q,"documentation_url":"https://docs.github.com/rest"}`, message)
}

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func (h *hub) source(change func(*github.Config)) *github.Source {
	h.t.Helper()
	c := github.Config{Name: "help", Repository: "acme/help", Token: token, URL: h.url, Now: now}
	if change != nil {
		change(&c)
	}
	s, err := github.New(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// pulled is what one sync hands out: texts, or reasons, by path.
func pulled(t *testing.T, s *github.Source, last knowledge.State) (map[string]string, knowledge.State, []knowledge.File) {
	t.Helper()
	got, files := map[string]string{}, []knowledge.File{}
	now, err := s.Sync(t.Context(), last, func(f knowledge.File) error {
		got[f.Path] = string(f.Content) + f.Refused
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, now, files
}

func TestARepositoryIsReadOnceAndThenWhatHasChanged(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"README.md": "about", "docs/refunds.md": "30 days", "docs/deep/a b.txt": "deep", "main.go": "package main", ".github/x.md": "hidden", "docs/.draft.md": "hidden"})
	s := h.source(nil)
	got, state, files := pulled(t, s, knowledge.State{})
	if diff := cmp.Diff(map[string]string{"README.md": "about", "docs/refunds.md": "30 days", "docs/deep/a b.txt": "deep"}, got); diff != "" {
		t.Error(diff)
	}
	for _, f := range files {
		if f.Version != h.commit || f.Mark != blobID(string(f.Content)) || !f.UpdatedAt.Equal(time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)) || !strings.HasPrefix(f.URL, h.url+"/acme/help/blob/HEAD/") {
			t.Errorf("%+v", f)
		}
	}

	h.requests = nil
	got, state, _ = pulled(t, s, state)
	if len(got) != 0 || len(h.requests) != 1 || len(state.Marks) != 3 {
		t.Errorf("unchanged, %d requests hand out %v, and %d documents are there", len(h.requests), got, len(state.Marks))
	}

	h.push("docs/refunds.md", "14 days")
	h.push("README.md", "")
	h.requests = nil
	got, state, _ = pulled(t, s, state)
	if diff := cmp.Diff(map[string]string{"docs/refunds.md": "14 days"}, got); diff != "" || len(h.requests) != 4 || len(state.Marks) != 2 {
		t.Errorf("after a change, %d requests, %d documents:\n%s", len(h.requests), len(state.Marks), diff)
	}
}

func TestAFolderOfABranchIsRead(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"README.md": "about", "docs/refunds.md": "30 days", "docs/deep/a.md": "deep", "docs2/b.md": "other"})
	all, state, _ := pulled(t, h.source(nil), knowledge.State{})
	got, _, files := pulled(t, h.source(func(c *github.Config) { c.Folder, c.Ref = "/docs/", "main" }), state)
	if len(all) != 4 || len(got) != 2 || got["refunds.md"] != "30 days" || got["deep/a.md"] != "deep" {
		t.Errorf("with another configuration are read %v", got)
	}
	if want := h.url + "/acme/help/blob/main/docs/deep/a.md"; files[0].URL != want {
		t.Errorf("the page is %s, want %s", files[0].URL, want)
	}
}

// GitHub lists at most 100,000 files at once and says when it leaves some out.
func TestATruncatedTreeIsReadWhole(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"README.md": "about", "docs/refunds.md": "30 days", "docs/deep/a.md": "deep", "z/z.md": "last"})
	h.truncated = true
	if got, _, _ := pulled(t, h.source(nil), knowledge.State{}); len(got) != 4 {
		t.Errorf("read are %v", got)
	}
	h.requests = nil
	if got, _, _ := pulled(t, h.source(func(c *github.Config) { c.Folder = "docs/deep" }), knowledge.State{}); len(got) != 1 || got["a.md"] != "deep" {
		t.Errorf("of one folder are read %v", got)
	}
}

func TestWhatCannotBeADocumentIsRefusedUnread(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"big.md": strings.Repeat("x", knowledge.MaxSize+1), "link.md": "../../etc/passwd", "good.md": "text"})
	h.links = map[string]bool{"link.md": true}
	got, _, _ := pulled(t, h.source(nil), knowledge.State{})
	want := map[string]string{"big.md": "it is larger than 1048576 bytes", "link.md": "links are not followed", "good.md": "text"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(h.requests) != 4 {
		t.Errorf("asked for %v", h.requests)
	}
}

func TestWhatGoesWrongIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config func(*github.Config)
		fails  func(w http.ResponseWriter, r *http.Request) bool
		want   string
		later  time.Duration
	}{
		"revoked token":   {config: func(c *github.Config) { c.Token = "github_pat_SECRET" }, want: "the token is revoked or wrong"},
		"repository gone": {config: func(c *github.Config) { c.Repository = "acme/gone" }, want: "it is not there, or the token may not read it"},
		"branch gone":     {config: func(c *github.Config) { c.Ref = "release" }, want: "it is not there"},
		"empty":           {fails: answers(http.StatusConflict, "Git Repository is empty.", nil), want: "the repository is empty"},
		"may not":         {fails: answers(http.StatusForbidden, "Resource not accessible by personal access token", nil), want: "give it contents:read"},
		"hour used up": {
			fails: answers(http.StatusForbidden, "API rate limit exceeded", map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(now().Add(40 * time.Minute).Unix())}),
			want:  "the hour's requests are used up", later: 40 * time.Minute,
		},
		"secondary limit": {fails: secondary, want: "GitHub wants fewer requests", later: 90 * time.Second},
		"out of order":    {fails: answers(http.StatusBadGateway, "unicorn", nil), want: "502"},
		"no GitHub at all": {fails: func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprint(w, "<html>sign in</html>")
			return true
		}, want: "the answer is no commit"},
		"a redirect to a stranger": {fails: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://localhost.example/steal", http.StatusFound)
			return true
		}, want: "302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t, map[string]string{"a.md": "text"})
			h.fails = c.fails
			_, err := h.source(c.config).Sync(t.Context(), knowledge.State{}, func(knowledge.File) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
			if later, ok := errors.AsType[*knowledge.Later](err); ok != (c.later > 0) || ok && later.In != c.later {
				t.Errorf("it shall come again in %v, want %v", later, c.later)
			}
		})
	}
}

func answers(status int, message string, headers map[string]string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		refuse(w, status, message)
		return true
	}
}

func secondary(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Retry-After", "90")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprint(w, `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`)
	return true
}

func TestABadConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]github.Config{
		"no name":       {Repository: "acme/help"},
		"no owner":      {Name: "help", Repository: "help"},
		"a way out":     {Name: "help", Repository: "acme/../x"},
		"bad address":   {Name: "help", Repository: "acme/help", URL: "github"},
		"with password": {Name: "help", Repository: "acme/help", URL: "https://a:b@github.example.com"},
	} {
		if _, err := github.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
