package intercomapi_test

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

func TestAStoryIsPlayedInOrder(t *testing.T) {
	d := newDesk(t)
	asked := noon().Add(-time.Hour)
	d.AddConversation(intercomapi.Conversation{
		ID: "7", Contacts: []string{ana}, State: "snoozed", SnoozedUntil: noon().Add(time.Hour), TeamAssignee: "51",
		Priority: "high", CustomAttributes: map[string]any{"topic": "billing"},
		Messages: []intercomapi.Message{
			{From: "bot", Body: "How can I help?", At: noon().Add(-2 * time.Hour)},
			{From: "contact:" + ana, Body: "Refund me", At: asked, Attachments: []intercomapi.Attachment{{Name: "bill.pdf", URL: "https://x.test/bill.pdf", Size: 10}}},
			{From: "admin:" + mia, Body: "Is this right?", Note: true},
		},
	})
	a := d.get("/conversations/7")
	d.want(a, map[string]any{
		"created_at": int(noon().Add(-2 * time.Hour).Unix()), "updated_at": int(asked.Unix()), "waiting_since": int(asked.Unix()),
		"state": "snoozed", "open": true, "snoozed_until": int(noon().Add(time.Hour).Unix()), "priority": "high",
		"source.delivered_as": "operator_initiated", "source.author.type": "bot", "team_assignee_id": 51,
		"custom_attributes.topic": "billing", "first_contact_reply.created_at": int(asked.Unix()),
		"conversation_parts.conversation_parts.0.attachments.0.filesize": 10, "teammates.admins.0.id": mia,
	})
	if a.last("part_type") != "note" || a.last("created_at") != float64(asked.Unix()) {
		t.Errorf("answered %s", a.raw)
	}
	c, ok := d.Conversation("7")
	if !ok || c.Source.Text != "How can I help?" || c.Source.Author != "bot" || len(c.Parts) != 2 || c.Parts[1].Type != "note" {
		t.Errorf("holds %+v", c)
	}
	if _, ok := d.Conversation("8"); ok {
		t.Error("a conversation that is not there")
	}
}

func TestAttributesAreKnownBeforeAnyoneHasThem(t *testing.T) {
	d := newDesk(t)
	for name, dataType := range map[string]string{"plan": "string", "score": "float", "paid": "boolean", "card_ends": "date"} {
		d.AddAttribute(name, dataType)
	}
	a := d.call("PUT", "/contacts/"+ben, `{"custom_attributes":{"plan":"pro","score":1.5,"paid":true,"card_ends":1795435200}}`)
	d.want(a, map[string]any{"custom_attributes.plan": "pro", "custom_attributes.paid": true})
	for name, wrong := range map[string]string{"plan": "1", "score": `"1"`, "paid": "1", "card_ends": `"2026"`} {
		d.refused(d.call("PUT", "/contacts/"+ben, `{"custom_attributes":{"`+name+`":`+wrong+`}}`), 400, "parameter_invalid")
	}
	d.clock.Advance(time.Minute)
	if got := d.find("/contacts", filter("custom_attributes.card_ends", "=", "1795440000")); strings.Join(got, "") != ben {
		t.Errorf("by day found %v", got)
	}
}
