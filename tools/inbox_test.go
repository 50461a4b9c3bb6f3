package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/server/servertest"
)

// told are the ids that a search tells, page after page until there is no cursor.
func told(t *testing.T, d *servertest.Desk, tool, list, id string, call args) (ids []string, pages int) {
	t.Helper()
	for {
		var out map[string]any
		a := d.Call(tool, call)
		if a.IsError {
			t.Fatalf("%s %v is answered %s", tool, call, a.Text)
		}
		if len(a.Text) > maxAnswer {
			t.Errorf("the answer is %d bytes long", len(a.Text))
		}
		a.Into(t, &out)
		listed, _ := out[list].([]any)
		for _, one := range listed {
			ids = append(ids, fmt.Sprint(one.(map[string]any)[id]))
		}
		pages++
		next, ok := out["next_cursor"]
		if !ok {
			return ids, pages
		}
		call = with(call, "cursor", next)
	}
}

func TestConversationsAreSearchedByNames(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	d.Call("tag_conversation", args{"conversation_id": maria, "add": []string{"duplicate-charge"}})
	d.Clock.Advance(time.Minute) // search lags
	for name, c := range map[string]struct {
		call args
		want []string
	}{
		"tag in any case": {args{"tag": "Duplicate-CHARGE"}, []string{maria}},
		"tag and words":   {args{"tag": "duplicate-charge", "words": "nothing like it"}, nil},
		"team":            {args{"team": "billing"}, nil},
		"nothing before":  {args{"updated_before": "2020-01-01T00:00:00Z"}, nil},
	} {
		if got, _ := told(t, d, "search_conversations", "conversations", "conversation_id", c.call); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		call    args
		message string
	}{
		"unknown tag":  {args{"tag": "nope"}, "there is no tag of this name"},
		"unknown team": {args{"team": "nope"}, "there is no team of this name"},
		"nothing":      {args{}, "0 conditions"},
		"many words":   {args{"words": strings.Repeat("word ", 16)}, "16 conditions"},
		"bad time":     {args{"updated_after": "yesterday"}, "updated_after"},
		"bad cursor":   {args{"state": "open", "cursor": "AAAA"}, "cursor"},
	} {
		if a := d.Call("search_conversations", c.call); a.Code != "invalid" || !strings.Contains(a.Message, c.message) {
			t.Errorf("%s is answered %s", name, a.Text)
		}
	}
}

// However long the words of customers are, pages stay bounded, and together they
// tell everything once.
func TestASearchTellsEverythingOnce(t *testing.T) {
	t.Parallel()
	d := desk(t)
	const contact = "65bb00000000000000000009"
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: "Many"})
	var want []string
	for i := range 45 {
		id := fmt.Sprintf("2199000000001%02d", i)
		d.Intercom.AddConversation(intercomapi.Conversation{
			ID: id, Contacts: []string{contact}, Title: strings.Repeat("ж", 200), Tags: []string{"9001", "9002", "9003"},
			Messages: []intercomapi.Message{{From: "contact:" + contact, Body: strings.Repeat("語", 900), At: d.Clock.Now().Add(-time.Duration(i) * time.Minute)}},
		})
		want = append(want, id)
	}
	got, pages := told(t, d, "search_conversations", "conversations", "conversation_id", args{"contact_id": contact})
	if !slices.Equal(got, want) || pages < 4 {
		t.Errorf("%d pages tell %v", pages, got)
	}
}

func TestASearchThatChangedStartsAgain(t *testing.T) {
	t.Parallel()
	d := desk(t)
	const contact = "65bb00000000000000000009"
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: "Many"})
	for i := range 20 {
		d.Intercom.AddConversation(intercomapi.Conversation{
			ID: fmt.Sprintf("2199000000001%02d", i), Contacts: []string{contact}, Title: strings.Repeat("ж", 200),
			Messages: []intercomapi.Message{{From: "contact:" + contact, Body: strings.Repeat("語", 900), At: d.Clock.Now().Add(-time.Duration(i+1) * time.Minute)}},
		})
	}
	var first struct {
		Next string `json:"next_cursor"`
	}
	d.Call("search_conversations", args{"contact_id": contact}).Into(t, &first)
	d.Call("set_conversation_state", args{"conversation_id": "219900000000119", "state": "closed"})
	d.Clock.Advance(time.Minute)
	a := d.Call("search_conversations", args{"contact_id": contact, "cursor": first.Next})
	if a.Code != "invalid" || !strings.Contains(a.Message, "has changed since") {
		t.Errorf("answered %s", a.Text)
	}
	other := d.Call("search_conversations", args{"state": "open", "cursor": first.Next})
	if other.Code != "invalid" {
		t.Errorf("another search goes on with the cursor: %s", other.Text)
	}
}

func TestWhatTheDeskHasIsListed(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for of, want := range map[string]string{
		"tags": "billing", "teams": "Billing", "admins": "Robin Vale", "macros": "Refund issued", "attributes": "plan_note",
	} {
		names, _ := told(t, d, "list_desk_options", "options", "name", args{"of": of})
		if !slices.Contains(names, want) {
			t.Errorf("%s are %v, want %s among them", of, names, want)
		}
	}
	if a := d.Call("list_desk_options", args{"of": "secrets"}); a.Code != "invalid" {
		t.Errorf("answered %s", a.Text)
	}
}

// A long list of long macros is told in bounded pieces.
func TestLongMacrosAreToldInPieces(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for i := range 30 {
		d.Intercom.AddMacro(intercomapi.Macro{ID: fmt.Sprint(100 + i), Name: fmt.Sprint("macro ", i), Body: strings.Repeat("long ", 1000)})
	}
	names, pages := told(t, d, "list_desk_options", "options", "name", args{"of": "macros"})
	if len(names) != 32 || pages < 4 {
		t.Errorf("%d pages tell %d macros", pages, len(names))
	}
}

// What people copy from the inbox names the conversation as its id does.
func TestAConversationIsNamedByItsAddressToo(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	for _, name := range []string{
		"conversation_" + maria, "conversation:" + maria,
		"https://app.intercom.com/a/inbox/ab12/inbox/shared/all/conversation/" + maria,
		"https://app.eu.intercom.com/a/apps/ab12/conversations/" + maria + "?view=List#part",
	} {
		var c struct {
			Conversation string `json:"conversation_id"`
		}
		d.Call("get_conversation", args{"conversation_id": name, "without_billing": true}).Into(t, &c)
		if c.Conversation != maria {
			t.Errorf("%s is read as %q", name, c.Conversation)
		}
	}
	a := d.Call("add_internal_note", args{"conversation_id": "conversation_" + maria, "body": "Seen."})
	if e := onlyEntry(t, d); e.ID != a.Action || strings.Contains(string(e.Input), "conversation_2") {
		t.Errorf("stored is %s", e.Input)
	}
	for _, other := range []string{
		"https://evil.example/conversation/" + maria, "https://app.intercom.com.evil.example/a/conversation/" + maria,
		"https://app.intercom.com/a/conversation/last", "conversation_last", "conversation_" + maria + " " + maria,
	} {
		if a := d.Call("get_conversation", args{"conversation_id": other}); a.Code != "invalid" {
			t.Errorf("%s is answered %s", other, a.Text)
		}
	}
}
