package wiki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/wiki"
)

// vendor answers with what was recorded, by method and address, and refuses who
// does not say who they are.
type vendor struct {
	t        *testing.T
	url      string
	answers  map[string]string
	allowed  func(*http.Request) bool
	requests []string
	refuses  func(w http.ResponseWriter) bool
	signed   func(form url.Values) error // checks who signs in
}

func open(t *testing.T, allowed func(*http.Request) bool) *vendor {
	t.Helper()
	v := &vendor{t: t, answers: map[string]string{}, allowed: allowed}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	v.url = s.URL
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	asked := r.Method + " " + r.URL.RequestURI()
	if r.Method == http.MethodPost && strings.Contains(string(body), "start_cursor") {
		asked += " more"
	}
	v.requests = append(v.requests, asked)
	answer, ok := v.answers[asked]
	if form, err := url.ParseQuery(string(body)); r.URL.Path == "/token" && v.signed != nil && errors.Join(err, v.signed(form)) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case v.refuses != nil && v.refuses(w):
	case !v.allowed(r):
		w.WriteHeader(http.StatusUnauthorized)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, answer)
	}
}

// look is one sync: what was handed out, as "path title: text".
func look(t *testing.T, s knowledge.Source, last knowledge.State) ([]string, knowledge.State) {
	t.Helper()
	var got []string
	now, err := s.Sync(t.Context(), last, func(f knowledge.File) error {
		doc, err := knowledge.Parse("wiki", f)
		if err != nil {
			got = append(got, f.Path+" "+err.Error())
			return nil
		}
		if doc.URL == "" || doc.UpdatedAt.IsZero() || doc.Audience != knowledge.ForAgents {
			t.Errorf("%s has the page %q, was changed %v and is for %s", doc.Path, doc.URL, doc.UpdatedAt, doc.Audience)
		}
		got = append(got, fmt.Sprintf("%s %s: %s", doc.Path, doc.Title, doc.Body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, now
}

func want(t *testing.T, what string, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func confluence(t *testing.T, v *vendor, spaces ...string) knowledge.Source {
	t.Helper()
	s, err := wiki.NewConfluence(wiki.ConfluenceConfig{Name: "wiki", Site: v.url, User: "bot@acme.test", Token: "SECRET", Spaces: spaces})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func acmeSite(t *testing.T) *vendor {
	v := open(t, func(r *http.Request) bool {
		user, token, ok := r.BasicAuth()
		return ok && user == "bot@acme.test" && token == "SECRET"
	})
	v.answers["GET /wiki/api/v2/spaces?keys=SUP"] = `{"results":[{"id":"65538","key":"SUP","name":"Support","type":"global"}],"_links":{}}`
	v.answers["GET /wiki/api/v2/pages?status=current&limit=250&space-id=65538"] = `{"results":[
		{"id":"1001","status":"current","title":"Refunds","spaceId":"65538","version":{"number":3,"createdAt":"2026-01-05T10:00:00.000Z"},"_links":{"webui":"/spaces/SUP/pages/1001/Refunds"}}],
		"_links":{"next":"/wiki/api/v2/pages?status=current&limit=250&space-id=65538&cursor=abc","base":"https://acme.atlassian.net/wiki"}}`
	v.answers["GET /wiki/api/v2/pages?status=current&limit=250&space-id=65538&cursor=abc"] = `{"results":[
		{"id":"1002","status":"current","title":"Tone","spaceId":"65538","version":{"number":1,"createdAt":"2026-01-06T10:00:00.000Z"},"_links":{"webui":"/spaces/SUP/pages/1002/Tone"}}],"_links":{}}`
	v.answers["GET /wiki/api/v2/pages/1001?body-format=view"] = `{"id":"1001","title":"Refunds","body":{"view":{"representation":"view","value":"<h2>Window</h2><p>30 days.</p><script>alert(1)</script>"}}}`
	v.answers["GET /wiki/api/v2/pages/1002?body-format=view"] = `{"id":"1002","title":"Tone","body":{"view":{"representation":"view","value":"<p>Friendly.</p>"}}}`
	return v
}

func TestConfluencePagesAreReadWhenTheirVersionIsAnother(t *testing.T) {
	t.Parallel()
	v := acmeSite(t)
	s := confluence(t, v, "SUP")
	got, state := look(t, s, knowledge.State{})
	want(t, "at first", got, []string{"SUP/1001.html Refunds: ## Window\n\n30 days.", "SUP/1002.html Tone: Friendly."})
	v.requests = nil
	got, state = look(t, s, state)
	if len(got) != 0 || len(v.requests) != 3 || len(state.Marks) != 2 {
		t.Errorf("unchanged, %q of %d in %v", got, len(state.Marks), v.requests)
	}
	list := "GET /wiki/api/v2/pages?status=current&limit=250&space-id=65538"
	v.answers[list] = strings.Replace(v.answers[list], `"number":3`, `"number":4`, 1)
	v.answers["GET /wiki/api/v2/pages/1001?body-format=view"] = `{"id":"1001","body":{"view":{"value":"<p>14 days.</p>"}}}`
	v.answers[list+"&cursor=abc"] = `{"results":[],"_links":{}}`
	got, state = look(t, s, state)
	want(t, "changed", got, []string{"SUP/1001.html Refunds: 14 days."})
	if len(state.Marks) != 1 {
		t.Errorf("a page that is gone is among %v", state.Marks)
	}
}

const (
	rootPage  = "11111111-1111-1111-1111-111111111111"
	childPage = "22222222-2222-2222-2222-222222222222"
	otherPage = "33333333-3333-3333-3333-333333333333"
	block     = "44444444-4444-4444-4444-444444444444"
)

func notionEntry(id, title, edited, parent string) string {
	return fmt.Sprintf(`{"object":"page","id":%q,"url":"https://www.notion.so/%s","last_edited_time":%q,"in_trash":false,"archived":false,"parent":%s,
		"properties":{"title":{"id":"title","type":"title","title":[{"type":"text","plain_text":%q}]}}}`, id, strings.ReplaceAll(id, "-", ""), edited, parent, title)
}

func TestNotionPagesAreReadBelowThoseThatAreListed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	v := open(t, func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer SECRET" && r.Header.Get("Notion-Version") == "2026-03-11"
	})
	child := notionEntry(childPage, "Refunds", "2026-02-01T10:00:00.000Z", `{"type":"page_id","page_id":"`+rootPage+`"}`)
	v.answers["POST /v1/search"] = `{"object":"list","results":[` + child + `,` + notionEntry(otherPage, "Salaries", "2026-02-01T10:00:00.000Z", `{"type":"workspace","workspace":true}`) + `],"has_more":true,"next_cursor":"c2"}`
	v.answers["POST /v1/search more"] = `{"object":"list","results":[` + notionEntry(rootPage, "Help", "2026-02-01T10:00:00.000Z", `{"type":"workspace","workspace":true}`) + `],"has_more":false,"next_cursor":null}`
	v.answers["GET /v1/pages/"+childPage+"/markdown"] = `{"object":"page_markdown","id":"` + childPage + `","markdown":"## Window\n30 days.","truncated":true,"unknown_block_ids":["` + block + `","` + otherPage + `"]}`
	v.answers["GET /v1/pages/"+block+"/markdown"] = `{"object":"page_markdown","id":"` + block + `","markdown":"The rest.","truncated":false,"unknown_block_ids":[]}`
	v.answers["GET /v1/pages/"+rootPage+"/markdown"] = `{"object":"page_markdown","id":"` + rootPage + `","markdown":"Welcome.","truncated":false,"unknown_block_ids":[]}`
	s, err := wiki.NewNotion(wiki.NotionConfig{Name: "wiki", Token: "SECRET", Pages: []string{strings.ReplaceAll(rootPage, "-", "")}, URL: v.url, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	first, state := look(t, s, knowledge.State{})
	if len(first) != 2 || len(state.Marks) != 2 {
		t.Fatalf("read are %q", first)
	}
	for _, line := range first {
		if line != "22222222222222222222222222222222.md Refunds: ## Window\n30 days.\n\nThe rest." && line != "11111111111111111111111111111111.md Help: Welcome." {
			t.Errorf("read is %q", line)
		}
	}
	v.requests = nil
	if got, _ := look(t, s, state); len(got) != 0 || len(v.requests) != 2 {
		t.Errorf("unchanged, %q in %v", got, v.requests)
	}
	// An edit in the same minute shows no other time, so a fresh page is read twice.
	v.answers["POST /v1/search"] = `{"results":[` + strings.Replace(child, "2026-02-01T10:00", "2026-03-01T11:59", 1) + `],"has_more":false}`
	got, state := look(t, s, state)
	if len(got) != 1 {
		t.Errorf("an edit is read as %q", got)
	}
	now = now.Add(5 * time.Minute)
	if got, state = look(t, s, state); len(got) != 1 {
		t.Errorf("a few minutes later is read %q", got)
	}
	if got, _ = look(t, s, state); len(got) != 0 {
		t.Errorf("after that is read %q", got)
	}
}

// drive is Google with a folder, a folder in it, and a service account's key.
func drive(t *testing.T) (*vendor, knowledge.Source) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	v := open(t, func(r *http.Request) bool {
		return r.URL.Path == "/token" || r.Header.Get("Authorization") == "Bearer ya29.token"
	})
	v.signed = func(form url.Values) error { return signedBy(&key.PublicKey, v.url+"/token", form) }
	v.answers["POST /token"] = `{"access_token":"ya29.token","expires_in":3599,"token_type":"Bearer"}`
	list := func(id string) string {
		return "GET /drive/v3/files?fields=nextPageToken%2Cfiles%28id%2Cname%2CmimeType%2CmodifiedTime%2CwebViewLink%29&includeItemsFromAllDrives=true&pageSize=1000&q=%27" + id + "%27+in+parents+and+trashed+%3D+false&supportsAllDrives=true"
	}
	v.answers[list("folder0000000")] = `{"files":[
		{"id":"doc1","name":"Refunds","mimeType":"application/vnd.google-apps.document","modifiedTime":"2026-02-01T10:00:00.000Z","webViewLink":"https://docs.google.com/document/d/doc1/edit"},
		{"id":"pic1","name":"Logo","mimeType":"image/png","modifiedTime":"2026-02-01T10:00:00.000Z"},
		{"id":"folder1111111","name":"More","mimeType":"application/vnd.google-apps.folder","modifiedTime":"2026-02-01T10:00:00.000Z"}]}`
	v.answers[list("folder1111111")] = `{"files":[{"id":"doc2","name":"Tone","mimeType":"application/vnd.google-apps.document","modifiedTime":"2026-02-01T10:00:00.000Z","webViewLink":"https://docs.google.com/document/d/doc2/edit"}]}`
	v.answers["GET /drive/v3/files/doc1/export?mimeType=text/markdown"] = "# Refunds\n\n30 days."
	v.answers["GET /drive/v3/files/doc2/export?mimeType=text/markdown"] = "Friendly."
	credentials, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "bot@acme.iam.gserviceaccount.com", "private_key_id": "k1", "token_uri": v.url + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := wiki.NewGoogle(wiki.GoogleConfig{Name: "wiki", Credentials: credentials, Folders: []string{"folder0000000"}, URL: v.url, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v, s
}

// signedBy checks a JSON web token as Google does.
func signedBy(key *rsa.PublicKey, audience string, form url.Values) error {
	parts := strings.Split(form.Get("assertion"), ".")
	if len(parts) != 3 || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return errors.New("no assertion")
	}
	var claims struct{ Iss, Scope, Aud string }
	text, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	signature, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if err := errors.Join(err1, err2, json.Unmarshal(text, &claims)); err != nil {
		return err
	}
	if claims.Aud != audience || claims.Iss != "bot@acme.iam.gserviceaccount.com" || !strings.HasSuffix(claims.Scope, "drive.readonly") {
		return fmt.Errorf("the claims are %+v", claims)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

func TestGoogleDocsAreExportedWhenTheyWereChanged(t *testing.T) {
	t.Parallel()
	v, s := drive(t)
	got, state := look(t, s, knowledge.State{})
	want(t, "at first", got, []string{"doc1.md Refunds: # Refunds\n\n30 days.", "doc2.md Tone: Friendly."})
	v.requests = nil
	if got, _ = look(t, s, state); len(got) != 0 || len(v.requests) != 2 {
		t.Errorf("unchanged, %q in %v", got, v.requests)
	}
}

func TestConfluenceStaysWithItsSiteAndItsSpaces(t *testing.T) {
	t.Parallel()
	v := acmeSite(t)
	v.answers["GET /wiki/api/v2/pages?status=current&limit=250&space-id=65538"] = `{"results":[],"_links":{"next":"https://evil.example/steal"}}`
	if _, err := confluence(t, v, "SUP").Sync(t.Context(), knowledge.State{}, nil); err == nil || !strings.Contains(err.Error(), "sends to another host") {
		t.Errorf("sent elsewhere, the error is %v", err)
	}
	if _, err := confluence(t, v, "GONE").Sync(t.Context(), knowledge.State{}, nil); err == nil || !strings.Contains(err.Error(), "find the space GONE") {
		t.Errorf("without the space, the error is %v", err)
	}
}

func TestAWikiNeedsAListOfWhatMayBeRead(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() error{
		"no spaces": func() error {
			_, err := wiki.NewConfluence(wiki.ConfluenceConfig{Name: "w", Site: "https://a.atlassian.net", User: "u", Token: "t"})
			return err
		},
		"plain http": func() error {
			_, err := wiki.NewConfluence(wiki.ConfluenceConfig{Name: "w", Site: "http://a.atlassian.net", User: "u", Token: "t", Spaces: []string{"A"}})
			return err
		},
		"a strange space": func() error {
			_, err := wiki.NewConfluence(wiki.ConfluenceConfig{Name: "w", Site: "https://a.atlassian.net", User: "u", Token: "t", Spaces: []string{"A&keys=B"}})
			return err
		},
		"no pages": func() error { _, err := wiki.NewNotion(wiki.NotionConfig{Name: "w", Token: "t"}); return err },
		"a strange page": func() error {
			_, err := wiki.NewNotion(wiki.NotionConfig{Name: "w", Token: "t", Pages: []string{"help"}})
			return err
		},
		"no folders": func() error { _, err := wiki.NewGoogle(wiki.GoogleConfig{Name: "w"}); return err },
		"a way out": func() error {
			_, err := wiki.NewGoogle(wiki.GoogleConfig{Name: "w", Folders: []string{"x' or 'y' in parents"}})
			return err
		},
		"no key": func() error {
			_, err := wiki.NewGoogle(wiki.GoogleConfig{Name: "w", Folders: []string{"folder0000000"}, Credentials: []byte(`{"client_email":"a"}`)})
			return err
		},
	} {
		if make() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
