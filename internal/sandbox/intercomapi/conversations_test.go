package intercomapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

const (
	replyTo  = "/conversations/" + ticket + "/reply"
	partsOf  = "/conversations/" + ticket + "/parts"
	hello    = `{"message_type":"comment","type":"admin","admin_id":"991","body":"Hello"}`
	fromAna  = `{"message_type":"comment","type":"user","intercom_user_id":"` + ana + `","body":"Still waiting"}`
	closeIt  = `{"message_type":"close","type":"admin","admin_id":"991"}`
	replyBen = "/conversations/" + mail + "/reply"
)

func TestConversationShowsWhatItHolds(t *testing.T) {
	d := newDesk(t)
	d.want(d.get("/conversations/"+ticket), map[string]any{
		"type": "conversation", "id": ticket, "title": "Charged twice", "state": "open", "open": true, "read": false,
		"priority": "none", "created_at": int(noon().Add(-time.Hour).Unix()), "waiting_since": int(noon().Add(-time.Hour).Unix()),
		"source.type": "conversation", "source.delivered_as": "customer_initiated", "source.subject": "",
		"source.body": "<p>I need support, please</p>", "source.author.type": "user", "source.author.id": ana,
		"source.author.email": "ana@example.com", "source.attachments.#": 0,
		"contacts.contacts.#": 1, "contacts.contacts.0.id": ana, "contacts.contacts.0.external_id": "u/1",
		"tags.tags.#": 0, "conversation_parts.total_count": 0, "conversation_parts.conversation_parts.#": 0,
		"statistics.count_conversation_parts": 0,
	})
	d.want(d.get("/conversations/"+mail), map[string]any{
		"state": "closed", "open": false, "waiting_since": nil, "admin_assignee_id": 991, "read": true,
		"source.type": "email", "source.subject": "<p>Refund</p>", "source.author.type": "lead",
		"tags.tags.0.id": billing, "tags.tags.0.name": "Billing", "tags.tags.0.applied_by": nil,
		"conversation_parts.conversation_parts.0.part_type":   "comment",
		"conversation_parts.conversation_parts.0.author.type": "admin",
		"statistics.time_to_admin_reply":                      1800, "contacts.contacts.0.external_id": nil,
	})
	d.refused(d.get("/conversations/1"), 404, "not_found")
}

func TestNothingIsARealNull(t *testing.T) {
	d := newDesk(t)
	a := d.get("/conversations/" + ticket)
	for _, key := range []string{"snoozed_until", "admin_assignee_id", "team_assignee_id", "sla_applied", "ticket", "ai_agent", "teammates"} {
		if !a.has(key) || a.at(key) != nil {
			t.Errorf("%s is %v, want null", key, a.at(key))
		}
	}
}

func TestPlaintextStripsTagsAndShowsLinks(t *testing.T) {
	d := newDesk(t)
	d.post(replyTo, `{"message_type":"comment","type":"admin","admin_id":"991","body":"<p>See <a href=\"https://x.test/a?b=1&amp;c=2\">the <b>page</b></a> &amp; reply</p><ul><li>one</li><li>two</li></ul>"}`)
	a := d.get("/conversations/" + ticket + "?display_as=plaintext")
	if got, want := a.last("body"), "See the page (https://x.test/a?b=1&c=2) & reply\n\none\ntwo"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.want(d.get("/conversations/"+mail+"?display_as=plaintext"), map[string]any{"source.subject": "Refund", "source.body": "Where is my refund?"})
}

func TestReplyIsAPartAndAnswersTheWholeConversation(t *testing.T) {
	d := newDesk(t)
	a := d.post(replyTo, hello)
	d.want(a, map[string]any{
		"id": ticket, "state": "open", "waiting_since": nil, "conversation_parts.total_count": 1,
		"updated_at": int(noon().Unix()), "statistics.count_conversation_parts": 1,
	})
	for field, want := range map[string]any{
		"type": "conversation_part", "part_type": "comment", "body": "<p>Hello</p>", "state": "open",
		"author.type": "admin", "author.id": mia, "author.name": "Mia", "created_at": float64(noon().Unix()),
		"notified_at": float64(noon().Unix()), "app_package_code": "sandbox-api", "assigned_to": nil,
	} {
		if got := a.last(field); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
}

func TestNoteLeavesTheCustomerWaiting(t *testing.T) {
	d := newDesk(t)
	a := d.post(replyTo, strings.Replace(hello, "comment", "note", 1))
	if a.last("part_type") != "note" || a.at("waiting_since") == nil {
		t.Errorf("answered %s", a.raw)
	}
}

func TestReplyAcceptsNumbersAsAdminIDs(t *testing.T) {
	d := newDesk(t)
	if a := d.post(replyTo, strings.Replace(hello, `"991"`, `991`, 1)); a.last("author.id") != mia {
		t.Errorf("answered %s", a.raw)
	}
}

func TestRepliesAreRefused(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{}`:                                  {400, "parameter_not_found"},
		``:                                    {400, "parameter_not_found"},
		`{"message_type":"comment"}`:          {400, "parameter_not_found"},
		closeIt:                               {400, "parameter_invalid"},
		strings.Replace(hello, "991", "5", 1): {404, "admin_not_found"},
		strings.Replace(hello, `"admin_id":"991",`, "", 1):              {400, "parameter_not_found"},
		strings.Replace(hello, `"admin"`, `"operator"`, 1):              {400, "parameter_invalid"},
		strings.Replace(hello, "Hello", "", 1):                          {400, "parameter_invalid"},
		strings.Replace(hello, "Hello", " \\n&nbsp;<p> </p>", 1):        {400, "parameter_invalid"},
		strings.Replace(hello, "Hello", "<script>alert(1)</script>", 1): {400, "parameter_invalid"},
		strings.Replace(fromAna, "comment", "note", 1):                  {400, "parameter_invalid"},
		strings.Replace(fromAna, ana, strings.Repeat("0", 24), 1):       {404, "not_found"},
		`{"message_type":"comment","type":"user","body":"Hi"}`:          {400, "parameter_not_found"},
		`{"message_type":"comment","type":"admin","admin_id":"991","body":"Hi","attachment_urls":[` + strings.Repeat(`"u",`, 10) + `"u"]}`: {400, "parameter_invalid"},
	} {
		d := newDesk(t)
		d.refused(d.post(replyTo, body), want.status, want.code)
		if c, _ := d.Conversation(ticket); len(c.Parts) != 0 {
			t.Errorf("%s: refused and yet applied", body)
		}
	}
	d := newDesk(t)
	d.refused(d.post("/conversations/1/reply", hello), 404, "not_found")
}

func TestAReplySentTwiceIsTwoParts(t *testing.T) {
	d := newDesk(t)
	header := []string{"Idempotency-Key", "same"}
	d.call(http.MethodPost, replyTo, hello, header...)
	d.call(http.MethodPost, replyTo, hello, header...)
	c, _ := d.Conversation(ticket)
	if len(c.Parts) != 2 || c.Parts[0].ID >= c.Parts[1].ID {
		t.Errorf("parts: %+v", c.Parts)
	}
}

func TestCustomersReplyReopensWithABody(t *testing.T) {
	d := newDesk(t)
	a := d.post(replyBen, `{"message_type":"comment","type":"user","email":"BEN@example.com","body":"Hello?"}`)
	d.want(a, map[string]any{"state": "open", "waiting_since": int(noon().Unix()), "statistics.count_reopens": 1})
	if a.last("part_type") != "open" || a.last("body") != "<p>Hello?</p>" || a.last("author.type") != "lead" {
		t.Errorf("answered %s", a.raw)
	}
	a = d.post(replyTo, `{"message_type":"comment","type":"user","user_id":"u/1","body":"Hi"}`)
	if a.last("part_type") != "comment" || a.last("author.type") != "user" {
		t.Errorf("answered %s", a.raw)
	}
}

func TestAdminCommentKeepsAClosedConversationClosedUnlessSetOtherwise(t *testing.T) {
	d := newDesk(t)
	d.want(d.post(replyBen, hello), map[string]any{"state": "closed", "open": false})
	d.Settings.AdminCommentReopens = true
	d.want(d.post(replyBen, strings.Replace(hello, "comment", "note", 1)), map[string]any{"state": "closed"})
	d.want(d.post(replyBen, hello), map[string]any{"state": "open", "open": true})
}

func TestWaitingSinceIsTheFirstUnansweredMessage(t *testing.T) {
	d := newDesk(t)
	d.post(replyTo, hello)
	d.clock.Advance(time.Minute)
	first := int(noon().Add(time.Minute).Unix())
	d.want(d.post(replyTo, fromAna), map[string]any{"waiting_since": first})
	d.clock.Advance(time.Minute)
	d.want(d.post(replyTo, fromAna), map[string]any{"waiting_since": first})
	d.want(d.post(replyTo, hello), map[string]any{"waiting_since": nil})
}

func TestLastAnswersWhateverMovedLast(t *testing.T) {
	d := newDesk(t)
	d.post(replyBen, hello)
	d.clock.Advance(time.Second)
	d.want(d.post("/conversations/last/reply", hello), map[string]any{"id": mail})
	d.want(d.post("/conversations/last/reply", fromAna), map[string]any{"id": ticket})
	d.refused(d.post("/conversations/last/parts", closeIt), 404, "not_found")
}

func TestBotsReplyToAnEmailIsStoredButNotSent(t *testing.T) {
	d := newDesk(t)
	asBot := strings.Replace(hello, mia, bot, 1)
	a := d.post(replyBen, asBot)
	if a.status != 200 || a.last("author.type") != "bot" || a.last("notified_at") != nil {
		t.Errorf("answered %s", a.raw)
	}
	if c, _ := d.Conversation(mail); c.Parts[1].Notified {
		t.Error("told as sent")
	}
	if a := d.post(replyTo, asBot); a.last("notified_at") == nil || a.at("waiting_since") == nil {
		t.Errorf("in the Messenger: %s", a.raw)
	}
}

func TestAttachmentsAreKept(t *testing.T) {
	d := newDesk(t)
	a := d.post(replyTo, `{"message_type":"comment","type":"admin","admin_id":"991","attachment_urls":["https://x.test/invoice.pdf"]}`)
	if a.last("body") != nil || a.last("attachments.0.name") != nil && a.last("attachments.0.url") != "https://x.test/invoice.pdf" {
		t.Errorf("answered %s", a.raw)
	}
	if a.last("attachments.0.name") != "invoice.pdf" {
		t.Errorf("answered %s", a.raw)
	}
}

func TestClosingTakesABody(t *testing.T) {
	d := newDesk(t)
	a := d.post(partsOf, `{"message_type":"close","type":"admin","admin_id":"991","body":"Goodbye :)"}`)
	d.want(a, map[string]any{
		"state": "closed", "open": false, "waiting_since": nil, "statistics.last_closed_by_id": mia,
		"statistics.time_to_first_close": 3600,
	})
	if a.last("part_type") != "close" || a.last("body") != "<p>Goodbye :)</p>" || a.last("state") != "closed" {
		t.Errorf("answered %s", a.raw)
	}
	if a := d.post(partsOf, closeIt); a.at("state") != "closed" || a.last("body") != nil {
		t.Errorf("closed again: %s", a.raw)
	}
}

func TestSnoozeEndsByItself(t *testing.T) {
	d := newDesk(t)
	until := noon().Add(time.Hour).Unix()
	a := d.post(partsOf, fmt.Sprintf(`{"message_type":"snoozed","admin_id":"991","snoozed_until":%d}`, until))
	d.want(a, map[string]any{"state": "snoozed", "open": true, "snoozed_until": int(until)})
	d.clock.Advance(time.Hour)
	a = d.get("/conversations/" + ticket)
	d.want(a, map[string]any{"state": "open", "snoozed_until": nil})
	if a.last("part_type") != "timer_unsnooze" || a.last("author.type") != "bot" {
		t.Errorf("answered %s", a.raw)
	}
}

func TestCustomersReplyEndsASnooze(t *testing.T) {
	d := newDesk(t)
	d.post(partsOf, fmt.Sprintf(`{"message_type":"snoozed","admin_id":"991","snoozed_until":%d}`, noon().Add(time.Hour).Unix()))
	d.want(d.post(replyTo, hello), map[string]any{"state": "snoozed"})
	d.want(d.post(replyTo, fromAna), map[string]any{"state": "open", "snoozed_until": nil})
}

func TestAssignment(t *testing.T) {
	d := newDesk(t)
	assign := func(to, id string) answer {
		return d.post(partsOf, fmt.Sprintf(`{"message_type":"assignment","type":%q,"admin_id":"991","assignee_id":%q}`, to, id))
	}
	a := assign("admin", bot)
	d.want(a, map[string]any{"admin_assignee_id": 992, "team_assignee_id": nil, "statistics.count_assignments": 1})
	if a.last("part_type") != "assignment" || a.last("assigned_to.id") != bot {
		t.Errorf("answered %s", a.raw)
	}
	d.want(assign("team", "51"), map[string]any{"admin_assignee_id": 992, "team_assignee_id": 51})
	a = assign("admin", "0")
	d.want(a, map[string]any{"admin_assignee_id": nil, "team_assignee_id": 51})
	if a.last("assigned_to") != nil {
		t.Errorf("answered %s", a.raw)
	}
	d.post(partsOf, closeIt)
	a = assign("admin", mia)
	d.want(a, map[string]any{"state": "open", "open": true})
	if a.last("part_type") != "assign_and_reopen" {
		t.Errorf("answered %s", a.raw)
	}
	d.refused(assign("admin", "5"), 404, "assignee_not_found")
	d.refused(assign("team", mia), 404, "team_not_found")
	d.refused(assign("user", mia), 400, "parameter_invalid")
	d.refused(assign("admin", ""), 400, "parameter_not_found")
}

func TestOpenReopens(t *testing.T) {
	d := newDesk(t)
	a := d.post("/conversations/"+mail+"/parts", `{"message_type":"open","admin_id":"991"}`)
	d.want(a, map[string]any{"state": "open", "open": true, "waiting_since": nil})
	if a.last("part_type") != "open" || a.last("body") != nil {
		t.Errorf("answered %s", a.raw)
	}
}

func TestManagingIsRefused(t *testing.T) {
	d := newDesk(t)
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{"message_type":"close","admin_id":"991"}`:                             {400, "parameter_not_found"},
		`{"message_type":"close","type":"user","admin_id":"991"}`:               {400, "parameter_invalid"},
		`{"message_type":"close","type":"admin"}`:                               {400, "parameter_not_found"},
		`{"message_type":"close","type":"admin","admin_id":"5"}`:                {404, "admin_not_found"},
		`{"message_type":"snoozed","admin_id":"991"}`:                           {400, "parameter_not_found"},
		`{"message_type":"snoozed","admin_id":"991","snoozed_until":1}`:         {400, "parameter_invalid"},
		`{"message_type":"snoozed","admin_id":"991","snoozed_until":"tomorow"}`: {400, "parameter_invalid"},
		`{"message_type":"comment","type":"admin","admin_id":"991","body":"x"}`: {400, "parameter_invalid"},
		`{"admin_id":"991"}`: {400, "parameter_not_found"},
	} {
		d.refused(d.post(partsOf, body), want.status, want.code)
	}
	if c, _ := d.Conversation(ticket); len(c.Parts) != 0 || c.State != "open" {
		t.Errorf("refused and yet applied: %+v", c)
	}
}

func TestOnlyTheNewest500PartsAreShown(t *testing.T) {
	d := newDesk(t)
	messages := []intercomapi.Message{{From: "contact:" + ana, Body: "source"}}
	for i := range 620 {
		messages = append(messages, intercomapi.Message{From: "admin:" + mia, Body: strconv.Itoa(i)})
	}
	d.AddConversation(intercomapi.Conversation{ID: "7", Contacts: []string{ana}, Messages: messages})
	a := d.get("/conversations/7?display_as=plaintext")
	d.want(a, map[string]any{
		"source.body": "source", "conversation_parts.total_count": 620, "conversation_parts.conversation_parts.#": 500,
		"conversation_parts.conversation_parts.0.body": "120", "conversation_parts.conversation_parts.499.body": "619",
	})
}

func TestPartIDsRiseStrictly(t *testing.T) {
	d := newDesk(t)
	for range 20 {
		d.post(replyTo, hello)
	}
	parts, _ := d.get("/conversations/" + ticket).at("conversation_parts.conversation_parts").([]any)
	var ids []int
	for _, p := range parts {
		id, err := strconv.Atoi(p.(map[string]any)["id"].(string))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if len(ids) != 20 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 20 {
		t.Errorf("ids: %v", ids)
	}
}

func TestListingWalksAllPagesOnce(t *testing.T) {
	d := newDesk(t)
	for i := range 45 {
		d.AddConversation(intercomapi.Conversation{
			ID: strconv.Itoa(100 + i), Created: noon().Add(-time.Duration(i%3) * time.Hour),
			Messages: []intercomapi.Message{{From: "contact:" + ana, Body: "Hi"}},
		})
	}
	seen := map[any]bool{}
	path := "/conversations"
	for range 10 {
		a := d.get(path)
		d.want(a, map[string]any{"type": "conversation.list", "total_count": 47, "pages.per_page": 20, "pages.total_pages": 3, "conversations.0.conversation_parts": nil})
		list, _ := a.at("conversations").([]any)
		for _, c := range list {
			seen[c.(map[string]any)["id"]] = true
		}
		next, ok := a.at("pages.next.starting_after").(string)
		if !ok {
			break
		}
		path = "/conversations?starting_after=" + next
	}
	if len(seen) != 47 {
		t.Errorf("saw %d of 47", len(seen))
	}
	for _, query := range []string{"per_page=0", "per_page=151", "per_page=x", "starting_after=x", "starting_after=e30%3D%3D"} {
		d.refused(d.get("/conversations?"+query), 400, "parameter_invalid")
	}
}

func TestHostileTextComesBackAsText(t *testing.T) {
	for _, text := range []string{
		"a < b & c > d", "</p></body>", "<!-- x", "<", "<a", "\u202e\u0000\ufffd", "<img src=x onerror=alert(1)>text",
		strings.Repeat("<", 10000), strings.Repeat("<p>", 5000) + "x", "\"quoted\" 'and' more", "😀\r\n\r\nlines",
	} {
		d := newDesk(t)
		body, err := json.Marshal(map[string]string{"message_type": "note", "type": "admin", "admin_id": mia, "body": "x " + text})
		if err != nil {
			t.Fatal(err)
		}
		a := d.post(replyTo, string(body))
		if stored, _ := a.last("body").(string); a.status != 200 || strings.Contains(stored, "onerror") || !strings.HasPrefix(stored, "<p>x") {
			t.Errorf("%.40q is stored as %.80q", text, stored)
		}
	}
}
