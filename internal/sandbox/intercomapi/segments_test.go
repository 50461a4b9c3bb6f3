package intercomapi_test

import (
	"slices"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

const payers = "6c0000000000000000000001"

func withSegments(t *testing.T) desk {
	t.Helper()
	d := newDesk(t)
	d.AddSegment(intercomapi.Segment{ID: payers, Name: "Payers", Query: `{"field":"custom_attributes.stripe_id","operator":"!=","value":null}`})
	return d
}

func TestASegmentHoldsWhomItsQueryFinds(t *testing.T) {
	d := withSegments(t)
	members := func() []string { return d.find("/contacts", filter("segment_id", "=", `"`+payers+`"`)) }
	if got := members(); !slices.Equal(got, []string{ana}) {
		t.Errorf("found %v", got)
	}
	d.want(d.get("/segments/"+payers+"?include_count=true"), map[string]any{"name": "Payers", "person_type": "user", "count": 1})
	d.want(d.get("/segments"), map[string]any{"type": "segment.list"})
	if d.get("/segments/" + payers).has("count") {
		t.Error("the count is told though nobody asked")
	}
	d.call("PUT", "/contacts/"+ben, `{"custom_attributes":{"stripe_id":"cus_2"}}`)
	if got := members(); !slices.Equal(got, []string{ana}) {
		t.Errorf("the index does not lag: %v", got)
	}
	d.clock.Advance(time.Minute)
	if got := members(); len(got) != 2 {
		t.Errorf("found %v", got)
	}
	d.refused(d.get("/segments/6c0000000000000000000009"), 404, "not_found")
	d.refused(d.post("/segments", `{"name":"x"}`), 404, "not_found")
}

func TestAContactTellsItsSegmentsAtOnce(t *testing.T) {
	d := withSegments(t)
	d.call("PUT", "/contacts/"+ben, `{"custom_attributes":{"stripe_id":"cus_2"}}`)
	data, _ := d.get("/contacts/" + ben + "/segments").at("data").([]any)
	if len(data) != 1 {
		t.Errorf("got %v", data)
	}
}

func TestMacrosArePagedByTheLastOne(t *testing.T) {
	d := newDesk(t)
	d.AddMacro(intercomapi.Macro{ID: "1", Name: "Hello", Body: "Hello {{user.name}}"})
	d.AddMacro(intercomapi.Macro{ID: "2", Name: "Bye", Body: "Bye"})
	first := d.get("/macros?per_page=1")
	next, _ := first.at("pages.next.starting_after").(string)
	second := d.get("/macros?per_page=1&starting_after=" + next)
	d.want(second, map[string]any{"pages.next": nil})
	for _, c := range []struct {
		a    answer
		name string
	}{{first, "Hello"}, {second, "Bye"}} {
		data, _ := c.a.at("data").([]any)
		if len(data) != 1 || data[0].(map[string]any)["name"] != c.name {
			t.Errorf("got %v, want %s", data, c.name)
		}
	}
}

func TestAnAttributeIsMadeOnceWithItsType(t *testing.T) {
	d := newDesk(t)
	d.want(d.post("/data_attributes", `{"name":"age","model":"contact","data_type":"integer"}`), map[string]any{"name": "age", "data_type": "integer"})
	d.refused(d.post("/data_attributes", `{"name":"age","model":"contact","data_type":"string"}`), 400, "parameter_invalid")
	d.refused(d.post("/data_attributes", `{"name":"b","model":"contact","data_type":"money"}`), 400, "parameter_invalid")
	d.refused(d.call("PUT", "/contacts/"+ana, `{"custom_attributes":{"age":"forty"}}`), 400, "parameter_invalid")
	d.want(d.call("PUT", "/contacts/"+ana, `{"custom_attributes":{"age":40}}`), map[string]any{"custom_attributes.age": 40})
}

func TestAnArchivedContactIsInTheWayAndFoundByNobody(t *testing.T) {
	d := newDesk(t)
	d.AddContact(intercomapi.Contact{ID: "6a0000000000000000000009", Email: "gone@example.com", ExternalID: "u/9", Archived: true})
	a := d.post("/contacts", `{"role":"user","email":"gone@example.com"}`)
	d.refused(a, 409, "conflict")
	errors, _ := a.at("errors").([]any)
	if got := errors[0].(map[string]any)["message"]; got != "An archived contact matching those details already exists with id=6a0000000000000000000009" {
		t.Errorf("told %v", got)
	}
	if got := d.find("/contacts", filter("email", "=", `"gone@example.com"`)); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	d.refused(d.get("/contacts/find_by_external_id/u%2F9"), 404, "not_found")
}

// What somebody types has no app package code; what comes through the API has one.
func TestPartsTellWhetherTheyCameThroughTheAPI(t *testing.T) {
	d := newDesk(t)
	d.Write(ticket, intercomapi.Message{From: "admin:" + mia, Body: "approve 123", Note: true})
	a := d.get("/conversations/" + ticket)
	if a.last("part_type") != "note" || a.last("app_package_code") != nil || a.last("author.id") != mia {
		t.Errorf("typed: %v, %v", a.last("part_type"), a.last("app_package_code"))
	}
	d.post("/conversations/"+ticket+"/parts", `{"message_type":"close","type":"admin","admin_id":"991"}`)
	if got := d.get("/conversations/" + ticket).last("app_package_code"); got != "sandbox-api" {
		t.Errorf("made by the API: %v", got)
	}
}
