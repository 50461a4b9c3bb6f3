package intercomapi_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
)

// The people and things of every test's workspace.
const (
	ana     = "6a0000000000000000000001" // a user, writes the conversation
	ben     = "6a0000000000000000000002" // a lead
	old     = "6a0000000000000000000003" // merged into ana
	acme    = "6b0000000000000000000001"
	ticket  = "215470000000001" // open, in the Messenger, by ana
	mail    = "215470000000002" // closed, by e-mail, by ben
	mia     = "991"             // an admin
	bot     = "992"             // the Operator bot
	billing = "71"              // a tag
)

// noon is when every test's clock stands still.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// desk is a workspace behind a real HTTP server.
type desk struct {
	*intercomapi.Server
	clock *control.Clock
	url   string
	speak string // version of Intercom's API; 2.16 when ""
	t     *testing.T
}

func newDesk(t *testing.T) desk {
	t.Helper()
	clock := control.NewClock(noon)
	s := intercomapi.New(clock)
	s.AddAdmin(intercomapi.Admin{ID: mia, Name: "Mia", Email: "mia@acme.test", HasInboxSeat: true})
	s.AddAdmin(intercomapi.Admin{ID: bot, Name: "Operator", Email: "operator@acme.test", Bot: true})
	s.AddTeam(intercomapi.Team{ID: "51", Name: "Billing", Admins: []string{mia}})
	s.AddTag(intercomapi.Tag{ID: billing, Name: "Billing"})
	s.AddCompany(intercomapi.Company{ID: acme, CompanyID: "acme", Name: "Acme"})
	s.AddContact(intercomapi.Contact{
		ID: ana, Name: "Ana", Email: "Ana@Example.com", ExternalID: "u/1", Companies: []string{acme},
		CustomAttributes: map[string]any{"stripe_id": "cus_1", "seats": 5, "vip": true},
		Created:          noon().Add(-48 * time.Hour), Tags: []string{billing},
	})
	s.AddContact(intercomapi.Contact{ID: ben, Role: "lead", Name: "Ben", Email: "ben@example.com", Created: noon().Add(-time.Hour)})
	s.AddContact(intercomapi.Contact{ID: old, Email: "ana@old.example", MergedInto: ana})
	s.AddConversation(intercomapi.Conversation{
		ID: ticket, Title: "Charged twice", Contacts: []string{ana}, Created: noon().Add(-time.Hour),
		Messages: []intercomapi.Message{{From: "contact:" + ana, Body: "I need support, please"}},
	})
	s.AddConversation(intercomapi.Conversation{
		ID: mail, Subject: "Refund", Channel: "email", State: "closed", Contacts: []string{ben}, Created: noon().Add(-2 * time.Hour),
		Tags: []string{billing}, AdminAssignee: mia,
		Messages: []intercomapi.Message{
			{From: "contact:" + ben, Body: "Where is my refund?"},
			{From: "admin:" + mia, Body: "On its way.", At: noon().Add(-time.Minute * 90)},
		},
	})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return desk{Server: s, clock: clock, url: web.URL, t: t}
}

// answer is what came back. Its at method walks through the JSON.
type answer struct {
	status int
	header http.Header
	body   any
	raw    string
}

// at follows a path such as "tags.tags.0.name"; nil for null and for nothing
// there. A "#" at the end counts the elements.
func (a answer) at(path string) any {
	v := a.body
	for key := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[key]
		case []any:
			if key == "#" {
				return len(in)
			}
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) has(key string) bool {
	in, _ := a.body.(map[string]any)
	_, ok := in[key]
	return ok
}

// last is a field of the newest part.
func (a answer) last(field string) any {
	n, _ := a.at("conversation_parts.conversation_parts.#").(int)
	return a.at("conversation_parts.conversation_parts." + strconv.Itoa(n-1) + "." + field)
}

func (d desk) call(method, path, body string, header ...string) answer {
	d.t.Helper()
	a, err := d.try(method, path, body, header...)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d desk) try(method, path, body string, header ...string) (answer, error) {
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Intercom-Version", cmp.Or(d.speak, "2.16"))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	// A fresh connection each time, so that the client never repeats a cut request by itself.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	return a, json.Unmarshal(raw, &a.body)
}

func (d desk) get(path string) answer { d.t.Helper(); return d.call(http.MethodGet, path, "") }
func (d desk) post(path, body string) answer {
	d.t.Helper()
	return d.call(http.MethodPost, path, body)
}

// want compares some fields of an answer.
func (d desk) want(a answer, fields map[string]any) {
	d.t.Helper()
	if a.status != http.StatusOK {
		d.t.Fatalf("answered %d: %s", a.status, a.raw)
	}
	for path, v := range fields {
		if n, ok := v.(int); ok && !strings.HasSuffix(path, "#") {
			v = float64(n)
		}
		if got := a.at(path); got != v {
			d.t.Errorf("%s is %#v, want %#v", path, got, v)
		}
	}
}

// refused wants an error.list with a status and a code.
func (d desk) refused(a answer, status int, code string) {
	d.t.Helper()
	if a.status != status || a.at("type") != "error.list" || a.at("errors.0.code") != code || a.at("errors.0.message") == "" {
		d.t.Errorf("answered %d %s, want %d %s", a.status, a.raw, status, code)
	}
	if id, _ := a.at("request_id").(string); id == "" || id != a.header.Get("X-Request-Id") {
		d.t.Errorf("request id %q in the body, %q in the header", id, a.header.Get("X-Request-Id"))
	}
}

func TestAccessNeedsACredentialThatIsNotBad(t *testing.T) {
	d := newDesk(t)
	for header, ok := range map[string]bool{
		"": false, "Bearer ": false, "Bearer bad-token": false, "token": false, "Digest x": false,
		"Bearer x": true, "bearer x": true,
		"Basic dG9rZW46": true, "Basic OnRva2Vu": true, "Basic YmFkOg==": false, "Basic Og==": false, "Basic %%": false,
	} {
		a := d.call(http.MethodGet, "/me", "", "Authorization", header)
		if ok {
			d.want(a, map[string]any{"id": mia})
		} else {
			d.refused(a, 401, "unauthorized")
		}
	}
}

func TestVersionIsKnownOrTheDefault(t *testing.T) {
	d := newDesk(t)
	for sent, answered := range map[string]string{"2.16": "2.16", "2.7": "2.7", "": "2.16"} {
		a := d.call(http.MethodGet, "/me", "", "Intercom-Version", sent)
		if got := a.header.Get("Intercom-Version"); a.status != 200 || got != answered {
			t.Errorf("version %q: answered %d in version %q", sent, a.status, got)
		}
	}
	for _, sent := range []string{"2.99", "2", "latest", "2.16.1"} {
		d.refused(d.call(http.MethodGet, "/me", "", "Intercom-Version", sent), 400, "intercom_version_invalid")
	}
}

func TestMeTellsAdminAndRegion(t *testing.T) {
	d := newDesk(t)
	d.Settings.Region, d.Settings.IdentityVerification = "EU", true
	d.want(d.get("/me"), map[string]any{
		"type": "admin", "id": mia, "name": "Mia", "email": "mia@acme.test", "has_inbox_seat": true,
		"app.id_code": "sandbox1", "app.region": "EU", "app.timezone": "UTC", "app.identity_verification": true,
	})
	d.Settings.Me = bot
	d.want(d.get("/me"), map[string]any{"id": bot, "has_inbox_seat": false})
}

func TestAdminsAndTeamsAreListed(t *testing.T) {
	d := newDesk(t)
	d.want(d.get("/admins"), map[string]any{"type": "admin.list", "admins.#": 2, "admins.0.id": mia, "admins.0.team_ids.0": 51})
	d.want(d.get("/admins/"+mia), map[string]any{"id": mia, "type": "admin"})
	d.refused(d.get("/admins/5"), 404, "admin_not_found")
	d.want(d.get("/teams"), map[string]any{"teams.0.id": "51", "teams.0.admin_ids.0": 991})
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/", "/nope", "/conversations/" + ticket + "/nope", "/contacts/" + ana + "/nope", "/me/"} {
		d.refused(d.get(path), 404, "not_found")
	}
	d.refused(d.call(http.MethodDelete, "/conversations/"+ticket, ""), 404, "not_found")
	for _, id := range []string{"last", "0", "'; drop table", "%00", "..%2Fadmins", strings.Repeat("9", 4000)} {
		d.refused(d.get("/conversations/"+strings.ReplaceAll(id, " ", "%20")), 404, "not_found")
	}
}

func TestRateLimitCountsInWindowsOfTenSeconds(t *testing.T) {
	d := newDesk(t)
	d.Settings.RateLimit = 2
	for _, remaining := range []string{"1", "0"} {
		a := d.get("/me")
		if a.status != 200 || a.header.Get("X-RateLimit-Limit") != "2" || a.header.Get("X-RateLimit-Remaining") != remaining {
			t.Errorf("%d %v", a.status, a.header)
		}
	}
	a := d.post("/conversations/"+ticket+"/reply", `{"message_type":"comment","type":"admin","admin_id":"991","body":"Hi"}`)
	d.refused(a, 429, "rate_limit_exceeded")
	if got, want := a.header.Get("X-RateLimit-Reset"), strconv.FormatInt(noon().Add(10*time.Second).Unix(), 10); got != want {
		t.Errorf("resets at %s, want %s", got, want)
	}
	if c, _ := d.Conversation(ticket); len(c.Parts) != 0 {
		t.Errorf("applied although refused: %+v", c.Parts)
	}
	d.clock.Advance(10 * time.Second)
	if a := d.get("/me"); a.status != 200 || a.header.Get("X-RateLimit-Remaining") != "1" {
		t.Errorf("a new window: %d %v", a.status, a.header)
	}
}

func TestRequestIDsAreTheSameInEveryRun(t *testing.T) {
	one, two := newDesk(t), newDesk(t)
	for range 3 {
		a, b := one.get("/nope"), two.get("/nope")
		if a.at("request_id") != b.at("request_id") {
			t.Errorf("%v and %v", a.at("request_id"), b.at("request_id"))
		}
	}
	if a, b := one.get("/nope"), one.get("/nope"); a.at("request_id") == b.at("request_id") {
		t.Error("two answers share a request id")
	}
}

func TestMalformedBodiesAreRefused(t *testing.T) {
	d := newDesk(t)
	for _, body := range []string{`{`, `[]`, `"x"`, `{"body":5}`, `{"admin_id":{}}`, `{"admin_id":true}`, "\x00\xff"} {
		d.refused(d.post("/conversations/"+ticket+"/reply", body), 400, "parameter_invalid")
	}
}

func TestSandboxControlsAreServedBesideTheAPI(t *testing.T) {
	d := newDesk(t)
	d.want(d.post("/_sandbox/clock", `{"advance":"1h"}`), map[string]any{"now": "2026-11-23T13:00:00Z"})
	d.want(d.post("/_sandbox/faults", `{"kind":"rate_limit","path":"/me"}`), nil)
	a := d.get("/me")
	d.refused(a, 429, "rate_limit_exceeded")
	if a.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("headers: %v", a.header)
	}
	d.want(d.get("/_sandbox/requests"), map[string]any{"#": 1, "0.path": "/me", "0.fault": "rate_limit"})
}

func TestAStoryThatContradictsItselfPanics(t *testing.T) {
	for name, add := range map[string]func(*intercomapi.Server){
		"admin twice":    func(s *intercomapi.Server) { s.AddAdmin(intercomapi.Admin{ID: mia}) },
		"admin id":       func(s *intercomapi.Server) { s.AddAdmin(intercomapi.Admin{ID: "mia"}) },
		"contact id":     func(s *intercomapi.Server) { s.AddContact(intercomapi.Contact{ID: "ana"}) },
		"tag name twice": func(s *intercomapi.Server) { s.AddTag(intercomapi.Tag{ID: "5", Name: "BILLING"}) },
		"unknown tag": func(s *intercomapi.Server) {
			s.AddContact(intercomapi.Contact{ID: strings.Repeat("a", 24), Tags: []string{"5"}})
		},
		"no message":   func(s *intercomapi.Server) { s.AddConversation(intercomapi.Conversation{ID: "5"}) },
		"unknown type": func(s *intercomapi.Server) { s.AddAttribute("x", "text") },
		"attribute two types": func(s *intercomapi.Server) {
			s.AddContact(intercomapi.Contact{ID: strings.Repeat("a", 24), CustomAttributes: map[string]any{"seats": "x"}})
		},
		"unknown author": func(s *intercomapi.Server) {
			s.AddConversation(intercomapi.Conversation{ID: "5", Messages: []intercomapi.Message{{From: "contact:x", Body: "Hi"}}})
		},
		"author of no kind": func(s *intercomapi.Server) {
			s.AddConversation(intercomapi.Conversation{ID: "5", Messages: []intercomapi.Message{{From: "ana", Body: "Hi"}}})
		},
		"unknown assignee": func(s *intercomapi.Server) {
			s.AddConversation(intercomapi.Conversation{ID: "5", AdminAssignee: "x", Messages: []intercomapi.Message{{From: "bot", Body: "Hi"}}})
		},
		"snoozed without end": func(s *intercomapi.Server) {
			s.AddConversation(intercomapi.Conversation{ID: "5", State: "snoozed", Messages: []intercomapi.Message{{From: "bot", Body: "Hi"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			add(d.Server)
		})
	}
}
