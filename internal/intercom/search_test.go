package intercom_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
)

const payers = "6c0000000000000000000001"

func (d desk) conversations(q intercom.ConversationQuery) []string {
	d.t.Helper()
	found, err := d.SearchConversations(d.t.Context(), q, "", 20)
	if err != nil {
		d.t.Fatal(err)
	}
	ids := []string{}
	for _, c := range found.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestConversationsAreFoundByWhatIsGiven(t *testing.T) {
	d := newDesk(t)
	both, none := []string{ticket, mail}, []string{}
	for name, c := range map[string]struct {
		q    intercom.ConversationQuery
		want []string
	}{
		"state":           {intercom.ConversationQuery{State: "closed"}, []string{mail}},
		"contact":         {intercom.ConversationQuery{Contact: ana}, both},
		"tag":             {intercom.ConversationQuery{Tag: "72"}, []string{ticket}},
		"admin":           {intercom.ConversationQuery{Admin: mia}, []string{mail}},
		"team":            {intercom.ConversationQuery{Team: "51"}, none},
		"after":           {intercom.ConversationQuery{UpdatedAfter: noon().Add(-70 * time.Minute)}, []string{ticket}},
		"before":          {intercom.ConversationQuery{UpdatedBefore: noon().Add(-70 * time.Minute)}, []string{mail}},
		"words":           {intercom.ConversationQuery{Words: []string{"Charged", "TWICE"}}, []string{ticket}},
		"one word is not": {intercom.ConversationQuery{Words: []string{"charged", "thrice"}}, none},
		"all must hold":   {intercom.ConversationQuery{Contact: ana, State: "open", Tag: "71"}, none},
	} {
		if got := d.conversations(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", name, got, c.want)
		}
	}
	got, err := d.SearchConversations(t.Context(), intercom.ConversationQuery{State: "open"}, "", 20)
	if err != nil || got.Items[0].Source.Body != "CANARY-body I was charged twice" || got.Total != 1 || got.Next != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A cursor counts in the body only; all pages together are everything, once.
func TestASearchGoesOnWhereItStopped(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		d.AddContact(intercomapi.Contact{ID: fmt.Sprintf("6a00000000000000000001%02d", i), Email: fmt.Sprintf("p%d@example.com", i), CustomAttributes: map[string]any{"stripe_id": "cus_many"}})
	}
	seen := map[string]bool{}
	q, after := intercom.ContactQuery{Attribute: "stripe_id", Value: "cus_many"}, ""
	for range 3 {
		p, err := d.SearchContacts(t.Context(), q, after, 2)
		if err != nil || p.Total != 5 {
			t.Fatalf("got %+v, %v", p, err)
		}
		for _, c := range p.Items {
			seen[c.ID] = true
		}
		after = p.Next
	}
	if len(seen) != 5 || after != "" {
		t.Errorf("%d were seen, and the last cursor is %q", len(seen), after)
	}
}

func TestContactsAreFoundByWhatIsGiven(t *testing.T) {
	d := newDesk(t)
	d.AddSegment(intercomapi.Segment{ID: payers, Name: "Payers", Query: `{"field":"custom_attributes.stripe_id","operator":"=","value":"cus_1"}`})
	for name, c := range map[string]struct {
		q    intercom.ContactQuery
		want int
	}{
		"e-mail in any case": {intercom.ContactQuery{Email: "ANA.canary-mail@EXAMPLE.com"}, 1},
		"external id":        {intercom.ContactQuery{ExternalID: "u-1"}, 1},
		"segment":            {intercom.ContactQuery{Segment: payers}, 1},
		"a number":           {intercom.ContactQuery{Attribute: "seats", Value: "5"}, 1},
		"another number":     {intercom.ContactQuery{Attribute: "seats", Value: "6"}, 0},
		"a merged contact":   {intercom.ContactQuery{Email: "old@example.com"}, 0},
		"nobody's tag":       {intercom.ContactQuery{Tag: "72"}, 0},
	} {
		got, err := d.SearchContacts(t.Context(), c.q, "", 20)
		if err != nil || len(got.Items) != c.want {
			t.Errorf("%s: found %+v, %v", name, got, err)
		}
	}
}

// A search changes nothing, so it is asked again like a GET.
func TestASearchIsAskedAgain(t *testing.T) {
	d := newDesk(t)
	d.inject(control.Fault{Method: "POST", Path: "/conversations/search", Kind: control.ErrorBefore, Status: http.StatusBadGateway, Times: 2})
	if got := d.conversations(intercom.ConversationQuery{State: "open"}); !slices.Equal(got, []string{ticket}) {
		t.Errorf("found %v", got)
	}
	if n := len(d.Desk.Requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
	d.inject(control.Fault{Path: "/conversations/search", Kind: control.CutBefore, Times: -1})
	_, err := d.SearchConversations(t.Context(), intercom.ConversationQuery{State: "open"}, "", 20)
	wantFault(t, err, fault.Upstream, fault.No)
}

func TestASearchForNothingOrTooMuchIsRefused(t *testing.T) {
	d := newDesk(t)
	_, err := d.SearchConversations(t.Context(), intercom.ConversationQuery{}, "", 20)
	wantFault(t, err, fault.Invalid, fault.No)
	_, err = d.SearchConversations(t.Context(), intercom.ConversationQuery{Words: make([]string, 16)}, "", 20)
	wantFault(t, err, fault.Invalid, fault.No)
	if n := len(d.Desk.Requests()); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

// What hides in entities comes out of them, and is taken away.
func TestFoundTextIsClean(t *testing.T) {
	d := newDesk(t)
	d.AddConversation(intercomapi.Conversation{
		ID: "215470000000009", Contacts: []string{ana}, Tags: []string{billing},
		Messages: []intercomapi.Message{{From: "contact:" + ana, Body: "<p>one</p><p>two &#x202e; &lt;b&gt; &amp;\u200b</p>"}},
	})
	got, err := d.SearchConversations(t.Context(), intercom.ConversationQuery{Tag: billing}, "", 20)
	if err != nil || len(got.Items) != 1 || got.Items[0].Source.Body != "one two <b> &" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSegmentsMacrosAndAdminsAreListed(t *testing.T) {
	d := newDesk(t)
	d.AddSegment(intercomapi.Segment{ID: payers, Name: "Payers", Query: `{"field":"role","operator":"=","value":"user"}`})
	for i := range 160 {
		d.AddMacro(intercomapi.Macro{ID: fmt.Sprint(i + 1), Name: "M", Body: "Hello {{user.name}}"})
	}
	segments, err := d.Segments(t.Context())
	if diff := cmp.Diff([]intercom.Segment{{ID: payers, Name: "Payers", Of: "user", Count: 1}}, segments); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	macros, err := d.Macros(t.Context())
	if err != nil || len(macros) != 160 || macros[0] != (intercom.Macro{ID: "1", Name: "M", Body: "Hello {{user.name}}"}) {
		t.Errorf("%d macros, %v", len(macros), err)
	}
	admins, err := d.Admins(t.Context())
	if diff := cmp.Diff([]intercom.Admin{{ID: mia, Name: "Mia", InboxSeat: true}, {ID: noSeat, Name: "Noa"}}, admins); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	one, err := d.Admin(t.Context(), mia)
	nobody, none := d.Admin(t.Context(), "77")
	if one.Name != "Mia" || err != nil || nobody.ID != "" || none != nil {
		t.Errorf("%+v, %v; %+v, %v", one, err, nobody, none)
	}
}
