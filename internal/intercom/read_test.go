package intercom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/intercomapi"
)

func TestConversation(t *testing.T) {
	d := newDesk(t)
	got, err := d.Client.Conversation(t.Context(), mail)
	if err != nil {
		t.Fatal(err)
	}
	at := func(minutes int) time.Time { return noon().Add(time.Duration(minutes) * time.Minute) }
	parts := d.state(mail).Parts
	contact, admin := intercom.Author{Type: "user", ID: ana, Name: "Ana CANARY-name"}, intercom.Author{Type: "admin", ID: mia, Name: "Mia"}
	want := intercom.Conversation{
		ID: mail, Subject: "Refund", State: "closed", Channel: "email", CreatedAt: at(-120), UpdatedAt: got.UpdatedAt,
		Source: intercom.Part{ID: got.Source.ID, Type: "source", Author: contact, Body: "Where is my refund?", CreatedAt: at(-120)},
		Parts: []intercom.Part{
			{ID: parts[0].ID, Type: "comment", Author: admin, Body: "On its way.", CreatedAt: at(-90), NotifiedAt: at(-90)},
			{ID: parts[1].ID, Type: "note", Author: admin, Body: "She is patient.", CreatedAt: at(-80), NotifiedAt: at(-80)},
		},
		TotalParts: 2, Contacts: []string{ana}, AdminAssignee: mia,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.LastPart() != parts[1].ID {
		t.Errorf("last part %s", got.LastPart())
	}
}

func TestConversationWithoutPartsEndsWithItsSource(t *testing.T) {
	d := newDesk(t)
	got, err := d.Client.Conversation(t.Context(), ticket)
	if err != nil || got.LastPart() == "" || got.LastPart() != got.Source.ID {
		t.Fatalf("last part %q of %+v, %v", got.LastPart(), got, err)
	}
	if got.Title != "Charged twice" || got.Channel != "conversation" || !got.WaitingSince.Equal(noon().Add(-time.Hour)) {
		t.Errorf("got %+v", got)
	}
	if got.Source.Body != "CANARY-body I was charged twice" {
		t.Errorf("body %q is not plain text", got.Source.Body)
	}
	if diff := cmp.Diff([]intercom.Attachment{{Name: "bank.png", Type: "image/png"}}, got.Source.Attachments); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]intercom.Tag{{ID: "72", Name: "VIP"}}, got.Tags); diff != "" {
		t.Error(diff)
	}
}

func TestLongConversationSaysThatItIsCutOff(t *testing.T) {
	d := newDesk(t)
	messages := make([]intercomapi.Message, 601)
	for i := range messages {
		messages[i] = intercomapi.Message{From: "contact:" + ana, Body: fmt.Sprint("message ", i)}
	}
	d.AddConversation(intercomapi.Conversation{ID: "5", Contacts: []string{ana}, Messages: messages})
	got, err := d.Client.Conversation(t.Context(), "5")
	if err != nil || len(got.Parts) != 500 || got.TotalParts != 600 || last(got.Parts).Body != "message 600" {
		t.Errorf("%d of %d parts, %v", len(got.Parts), got.TotalParts, err)
	}
}

func TestContactFollowsOneMerge(t *testing.T) {
	d := newDesk(t)
	want := intercom.Contact{
		ID: ana, Role: "user", Name: "Ana CANARY-name", Email: "ana.canary-mail@example.com", ExternalID: "u-1",
		Attributes: map[string]string{"stripe_id": "cus_1"}, Companies: []string{acme},
	}
	got, err := d.Client.Contact(t.Context(), ana)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	want.MergedFrom = old
	got, err = d.Client.Contact(t.Context(), old)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestContactDoesNotFollowInCircles(t *testing.T) {
	asked := 0
	c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Link", "</contacts/"+old+`>; rel="canonical"`)
		w.WriteHeader(http.StatusGone)
	})
	_, err := c.Contact(t.Context(), ana)
	wantFault(t, err, fault.NotFound, fault.No)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestContactFollowsOnlyToAContact(t *testing.T) {
	for _, link := range []string{"", "nonsense", `</contacts/last>; rel="canonical"`, `</contacts/` + old + `>; rel="next"`} {
		asked := 0
		c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Link", link)
			w.WriteHeader(http.StatusGone)
		})
		_, err := c.Contact(t.Context(), ana)
		wantFault(t, err, fault.NotFound, fault.No)
		if asked != 1 {
			t.Errorf("%q was followed", link)
		}
	}
}

func TestCompanyAndTags(t *testing.T) {
	d := newDesk(t)
	company, err := d.Company(t.Context(), acme)
	want := intercom.Company{ID: acme, CompanyID: "acme-1", Name: "Acme", Attributes: map[string]string{"stripe_id": "cus_9"}}
	if diff := cmp.Diff(want, company); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	tags, err := d.Tags(t.Context())
	if diff := cmp.Diff([]intercom.Tag{{ID: billing, Name: "Billing"}, {ID: "72", Name: "VIP"}}, tags); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestUnknownIDsAreNotFound(t *testing.T) {
	d := newDesk(t)
	_, err := d.Client.Conversation(t.Context(), "999")
	wantFault(t, err, fault.NotFound, fault.No)
	_, err = d.Client.Contact(t.Context(), strings.Repeat("f", 24))
	wantFault(t, err, fault.NotFound, fault.No)
	_, err = d.Company(t.Context(), strings.Repeat("f", 24))
	wantFault(t, err, fault.NotFound, fault.No)
}

func TestWrongIDsNeverReachIntercom(t *testing.T) {
	d := newDesk(t)
	hostile := []string{"", "last", "LAST", "1/reply", "1?x=", "..", "%2e", "１２", "-1", "1 ", "1\n", strings.Repeat("1", 21), "ch_1"}
	for _, id := range hostile {
		_, err := d.Client.Conversation(t.Context(), id)
		wantFault(t, err, fault.Invalid, fault.No)
		_, err = d.Client.Contact(t.Context(), id)
		wantFault(t, err, fault.Invalid, fault.No)
	}
	for _, id := range []string{"", "last", "a/b", "..", "A1", strings.Repeat("a", 41)} {
		_, err := d.Company(t.Context(), id)
		wantFault(t, err, fault.Invalid, fault.No)
	}
	_, err := d.Client.Contact(t.Context(), strings.ToUpper(ana))
	wantFault(t, err, fault.Invalid, fault.No)
	if r := d.Desk.Requests(); len(r) != 0 {
		t.Errorf("asked Intercom: %+v", r)
	}
}

// odd is a client of a server that answers as Intercom hardly ever does.
func odd(t *testing.T, answer http.HandlerFunc) *intercom.Client {
	t.Helper()
	d := desk{t: t, clock: newClock(), logs: new(logs)}
	return d.client(intercom.Config{BaseURL: serve(t, answer)})
}

func serve(t *testing.T, answer http.HandlerFunc) (url string) {
	t.Helper()
	web := httptest.NewServer(answer)
	t.Cleanup(web.Close)
	return web.URL
}

func TestAnswersOfAnotherShapeAreRead(t *testing.T) {
	c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":7,"title":null,"state":"open","snoozed_until":null,"admin_assignee_id":0,"team_assignee_id":31,
			"source":null,"contacts":null,"tags":{"tags":null},"conversation_parts":{"conversation_parts":[
			{"id":8,"part_type":"comment","body":null,"author":{"type":"bot","id":9,"name":null},"attachments":null,"created_at":0}],"total_count":1}}`))
	})
	got, err := c.Conversation(t.Context(), "7")
	want := intercom.Conversation{
		ID: "7", State: "open", TeamAssignee: "31", TotalParts: 1, Source: intercom.Part{Type: "source"},
		Parts: []intercom.Part{{ID: "8", Type: "comment", Author: intercom.Author{Type: "bot", ID: "9"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAnotherConversationThanAskedForIsNotTaken(t *testing.T) {
	c := odd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"id":"8"}`)) })
	_, err := c.Conversation(t.Context(), "7")
	wantFault(t, err, fault.Upstream, fault.No)
}

func TestHostileTextArrivesAsPlainText(t *testing.T) {
	d := newDesk(t)
	hostile := "pay\u202etxt.exe\u2066 \u200bnow\x00\x1b[31m\U000E0041\U000E0042\ttab\u2028end"
	d.AddConversation(intercomapi.Conversation{
		ID: "5", Title: hostile, Contacts: []string{ana},
		Messages: []intercomapi.Message{{From: "contact:" + ana, Body: hostile}},
	})
	got, err := d.Client.Conversation(t.Context(), "5")
	if err != nil {
		t.Fatal(err)
	}
	if want := "paytxt.exe now[31m tab\nend"; got.Title != want {
		t.Errorf("title %q, want %q", got.Title, want)
	}
	if strings.ContainsAny(got.Source.Body, "\u202e\u2066\u200b\x00\x1b\U000E0041") {
		t.Errorf("body %q", got.Source.Body)
	}
}
