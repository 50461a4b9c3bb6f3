package intercomapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"supportmcp/internal/sandbox/intercomapi"
)

func TestContactShowsWhatItHolds(t *testing.T) {
	d := newDesk(t)
	a := d.get("/contacts/" + ana)
	d.want(a, map[string]any{
		"type": "contact", "id": ana, "role": "user", "name": "Ana", "email": "ana@example.com", "external_id": "u/1",
		"custom_attributes.stripe_id": "cus_1", "custom_attributes.seats": 5, "custom_attributes.vip": true,
		"companies.type": "list", "companies.total_count": 1, "companies.has_more": false,
		"companies.url": "/contacts/" + ana + "/companies", "companies.data.0.id": acme,
		"companies.data.0.type": "company", "companies.data.0.url": "/companies/" + acme,
		"tags.data.0.id": billing, "tags.has_more": false, "phone": nil, "location.country": nil,
	})
	if !a.has("last_seen_at") || !a.has("owner_id") {
		t.Error("nulls are left out")
	}
	d.want(d.get("/contacts/"+ben), map[string]any{"role": "lead", "external_id": nil, "signed_up_at": nil, "tags.total_count": 0})
	d.refused(d.get("/contacts/"+strings.Repeat("0", 24)), 404, "not_found")
}

func TestMergedContactIsGoneWithALink(t *testing.T) {
	d := newDesk(t)
	older := strings.Repeat("a", 24)
	d.AddContact(intercomapi.Contact{ID: older, MergedInto: old})
	for _, id := range []string{old, older} {
		a := d.get("/contacts/" + id)
		d.refused(a, 410, "contact_merged")
		if got, want := a.header.Get("Link"), `</contacts/`+ana+`>; rel="canonical"`; got != want {
			t.Errorf("Link %s, want %s", got, want)
		}
	}
	d.refused(d.call(http.MethodPut, "/contacts/"+old, `{"name":"x"}`), 410, "contact_merged")
	d.refused(d.post("/contacts/"+old+"/tags", `{"id":"71"}`), 410, "contact_merged")
}

func TestUsersAreFoundByExternalID(t *testing.T) {
	d := newDesk(t)
	d.AddContact(intercomapi.Contact{ID: strings.Repeat("b", 24), ExternalID: "tags"})
	d.AddContact(intercomapi.Contact{ID: strings.Repeat("c", 24), Role: "lead", ExternalID: "l"})
	d.want(d.get("/contacts/find_by_external_id/u%2F1"), map[string]any{"id": ana})
	d.want(d.get("/contacts/find_by_external_id/tags"), map[string]any{"id": strings.Repeat("b", 24)})
	for _, id := range []string{"l", "u", "nobody", "%20"} {
		d.refused(d.get("/contacts/find_by_external_id/"+id), 404, "not_found")
	}
}

func TestCompanies(t *testing.T) {
	d := newDesk(t)
	d.want(d.get("/contacts/"+ana+"/companies"), map[string]any{"type": "list", "total_count": 1, "data.0.id": acme, "data.0.name": "Acme"})
	d.want(d.get("/contacts/"+ben+"/companies"), map[string]any{"data.#": 0})
	d.want(d.get("/companies/"+acme), map[string]any{"type": "company", "company_id": "acme", "name": "Acme", "user_count": 1})
	d.refused(d.get("/companies/acme"), 404, "not_found")
}

func TestCreateContact(t *testing.T) {
	d := newDesk(t)
	a := d.post("/contacts", `{"role":"user","email":"New@Example.com","external_id":42,"custom_attributes":{"seats":3}}`)
	d.want(a, map[string]any{"role": "user", "email": "new@example.com", "external_id": "42", "custom_attributes.seats": 3})
	if id, _ := a.at("id").(string); len(id) != 24 {
		t.Errorf("id %q", id)
	}
	for _, body := range []string{`{"email":"ANA@example.com"}`, `{"external_id":"u/1"}`, `{"role":"lead","external_id":"u/1"}`} {
		a := d.post("/contacts", body)
		d.refused(a, 409, "conflict")
		if message, _ := a.at("errors.0.message").(string); !strings.HasSuffix(message, "id="+ana) {
			t.Errorf("%s: %s", body, message)
		}
	}
	d.refused(d.post("/contacts", `{"name":"x"}`), 400, "parameter_not_found")
	d.refused(d.post("/contacts", `{"email":"x@y.test","role":"admin"}`), 400, "parameter_invalid")
	d.want(d.post("/contacts", `{"role":"lead","email":"ana@example.com"}`), map[string]any{"role": "lead"}) // leads may share an address
}

func TestUpdateContact(t *testing.T) {
	d := newDesk(t)
	put := func(body string) answer { return d.call(http.MethodPut, "/contacts/"+ana, body) }
	d.want(put(`{"name":"Ana B","custom_attributes":{"seats":6,"vip":null}}`), map[string]any{
		"name": "Ana B", "email": "ana@example.com", "external_id": "u/1", "custom_attributes.seats": 6,
		"custom_attributes.vip": nil, "custom_attributes.stripe_id": "cus_1", "updated_at": int(noon().Unix()),
	})
	d.refused(put(`{"custom_attributes":{"plan":"pro"}}`), 400, "parameter_invalid")
	d.refused(put(`{"custom_attributes":{"seats":"many"}}`), 400, "parameter_invalid")
	d.AddAttribute("plan", "string")
	d.want(put(`{"custom_attributes":{"plan":"pro"}}`), map[string]any{"custom_attributes.plan": "pro"})
	c, ok := d.Contact(ana)
	if !ok || c.Name != "Ana B" || c.CustomAttributes["plan"] != "pro" || len(c.Tags) != 1 || c.Tags[0] != billing {
		t.Errorf("holds %+v", c)
	}
	c.CustomAttributes["plan"] = "changed by the reader"
	if c, _ := d.Contact(ana); c.CustomAttributes["plan"] != "pro" {
		t.Error("a reader changed the workspace")
	}
}

func TestTagsAreMadeOnceByName(t *testing.T) {
	d := newDesk(t)
	d.want(d.post("/tags", `{"name":"BILLING"}`), map[string]any{"id": billing, "name": "Billing", "type": "tag"})
	one := d.post("/tags", `{"name":"Refunded"}`)
	two := d.post("/tags", `{"name":"refunded"}`)
	if one.at("id") != two.at("id") || one.at("id") == nil {
		t.Errorf("%s and %s", one.raw, two.raw)
	}
	d.want(d.get("/tags"), map[string]any{"type": "list", "data.#": 2, "data.1.name": "Refunded"})
	d.refused(d.post("/tags", `{"name":"  "}`), 400, "parameter_not_found")
	d.refused(d.post("/tags", `{"name":"x","users":[{"id":"1"}]}`), 400, "parameter_invalid")
}

func TestTaggingAConversation(t *testing.T) {
	d := newDesk(t)
	path := "/conversations/" + ticket + "/tags"
	d.want(d.post(path, `{"id":"71","admin_id":"991"}`), map[string]any{
		"type": "tag", "id": billing, "name": "Billing", "applied_at": int(noon().Unix()), "applied_by.id": mia,
	})
	d.want(d.post(path, `{"id":71,"admin_id":991}`), map[string]any{"id": billing})
	d.want(d.get("/conversations/"+ticket), map[string]any{"tags.tags.#": 1, "tags.tags.0.applied_by.id": mia, "conversation_parts.total_count": 0})
	d.Settings.SecondTagConflicts = true
	d.refused(d.post(path, `{"id":"71","admin_id":"991"}`), 409, "conflict")
	d.refused(d.post(path, `{"id":"Billing","admin_id":"991"}`), 404, "tag_not_found")
	d.refused(d.post(path, `{"id":"71","admin_id":"5"}`), 404, "admin_not_found")
	d.refused(d.post(path, `{"id":"71"}`), 400, "parameter_not_found")
	d.refused(d.post(path, `{"admin_id":"991"}`), 400, "parameter_not_found")
	d.refused(d.post("/conversations/1/tags", `{"id":"71","admin_id":"991"}`), 404, "not_found")
}

func TestUntaggingAConversationNeedsABody(t *testing.T) {
	d := newDesk(t)
	path := "/conversations/" + mail + "/tags/" + billing
	d.refused(d.call(http.MethodDelete, path, ""), 400, "parameter_not_found")
	d.want(d.call(http.MethodDelete, path, `{"admin_id":"991"}`), map[string]any{"type": "tag", "id": billing})
	if c, _ := d.Conversation(mail); len(c.Tags) != 0 {
		t.Errorf("still tagged: %+v", c.Tags)
	}
	d.refused(d.call(http.MethodDelete, path, `{"admin_id":"991"}`), 404, "tag_not_found")
}

func TestTaggingAContact(t *testing.T) {
	d := newDesk(t)
	path := "/contacts/" + ben + "/tags"
	d.want(d.post(path, `{"id":"71"}`), map[string]any{"id": billing, "applied_by": nil})
	d.want(d.get(path), map[string]any{"type": "list", "data.0.name": "Billing"})
	d.want(d.call(http.MethodDelete, path+"/71", ""), map[string]any{"id": billing})
	d.refused(d.call(http.MethodDelete, path+"/71", ""), 404, "tag_not_found")
	d.refused(d.post(path, `{"id":"5"}`), 404, "tag_not_found")
	d.refused(d.post(path, `{}`), 400, "parameter_not_found")
	d.refused(d.post("/contacts/x/tags", `{"id":"71"}`), 404, "not_found")
}

func TestEmbeddedListsAreCut(t *testing.T) {
	d := newDesk(t)
	for i := range 11 {
		d.AddTag(intercomapi.Tag{ID: fmt.Sprint(100 + i), Name: fmt.Sprint("t", i)})
		d.post("/contacts/"+ben+"/tags", fmt.Sprintf(`{"id":"%d"}`, 100+i))
	}
	d.want(d.get("/contacts/"+ben), map[string]any{
		"tags.data.#": 10, "tags.total_count": 11, "tags.has_more": true, "tags.url": "/contacts/" + ben + "/tags",
	})
	d.want(d.get("/contacts/"+ben+"/tags"), map[string]any{"data.#": 11})
}

func TestAttributesSayWhoMayWriteThem(t *testing.T) {
	d := newDesk(t)
	d.SetMessengerWritable("seats", true)
	d.want(d.get("/data_attributes?model=contact"), map[string]any{
		"type": "list", "data.#": 3, "data.0.name": "seats", "data.0.data_type": "float", "data.0.messenger_writable": true,
		"data.1.full_name": "custom_attributes.stripe_id", "data.1.messenger_writable": false, "data.2.data_type": "boolean",
	})
	d.want(d.get("/data_attributes?model=company"), map[string]any{"type": "list", "data.0.model": "company"})
	d.refused(d.get("/data_attributes?model=conversation"), 400, "parameter_invalid")
}

func TestIdentityVerificationIsSwitched(t *testing.T) {
	d := newDesk(t)
	d.want(d.get("/me"), map[string]any{"app.identity_verification": false})
	d.want(d.post("/_sandbox/identity_verification", `{"on":true}`), map[string]any{"on": true})
	d.want(d.get("/me"), map[string]any{"app.identity_verification": true})
	for _, body := range []string{`{}`, `{"off":true}`, `on`} {
		if a := d.post("/_sandbox/identity_verification", body); a.status != 400 {
			t.Errorf("%s: %d", body, a.status)
		}
	}
}
