package intercomapi_test

import (
	"net/http"
	"testing"
	"time"
)

func TestAContactBeginsAConversationThroughTheAPI(t *testing.T) {
	d := newDesk(t)
	a := d.post("/conversations", `{"from":{"type":"lead","id":"`+ben+`"},"body":"Hello there"}`)
	d.want(a, map[string]any{"type": "user_message", "message_type": "inapp", "body": "<p>Hello there</p>"})
	id, _ := a.at("conversation_id").(string)
	got := d.get("/conversations/" + id + "?display_as=plaintext")
	d.want(got, map[string]any{"state": "open", "id": id, "source.body": "Hello there", "source.delivered_as": "customer_initiated"})
	d.clock.Advance(time.Hour)
	if found := d.find("/conversations", `{"field":"contact_ids","operator":"=","value":"`+ben+`"}`); len(found) != 2 {
		t.Errorf("search finds %q", found)
	}
	for body, code := range map[string]string{
		`{"from":{"type":"lead","id":"6a00000000000000000000ff"},"body":"x"}`: "not_found",
		`{"from":{"type":"lead","id":"` + ben + `"},"body":" "}`:              "parameter_not_found",
		`{"from":{"type":"admin","id":"` + ben + `"},"body":"x"}`:             "parameter_invalid",
	} {
		if a := d.post("/conversations", body); a.status == http.StatusOK {
			t.Errorf("%s is taken, want %s", body, code)
		} else {
			d.refused(a, a.status, code)
		}
	}
}

func TestContactsAndTagsAreDeletedForGood(t *testing.T) {
	d := newDesk(t)
	d.want(d.call(http.MethodDelete, "/contacts/"+ben, ""), map[string]any{"id": ben, "deleted": true})
	d.refused(d.get("/contacts/"+ben), http.StatusNotFound, "not_found")
	d.want(d.get("/conversations/"+mail), map[string]any{"id": mail}) // conversations stay
	if a := d.call(http.MethodDelete, "/tags/"+billing, ""); a.status != http.StatusOK {
		t.Errorf("%+v", a)
	}
	if c, _ := d.Contact(ana); len(c.Tags) > 0 {
		t.Errorf("the contact keeps the tag: %v", c.Tags)
	}
	for _, path := range []string{"/contacts/" + ben, "/tags/" + billing} {
		if a := d.call(http.MethodDelete, path, ""); a.status != http.StatusNotFound {
			t.Errorf("%s a second time: %d", path, a.status)
		}
	}
}
