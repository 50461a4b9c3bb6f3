package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/server/servertest"
)

const known = "64f0d0000000000000000001" // the segment of contacts that name their customer

func TestAContactIsFoundWithItsCustomer(t *testing.T) {
	t.Parallel()
	for level, want := range map[string][2]string{
		"": {"M… R…", "m…@work.example"},
		"lookup: {customers: 9, personal_data: masked}": {"M… R…", "m…@work.example"},
		"lookup: {customers: 9, personal_data: none}":   {"", ""},
		"lookup: {customers: 9, personal_data: full}":   {"Mila Roth", "mila@work.example"},
	} {
		d := servertest.Start(t, servertest.Setup{Policy: strings.Replace(policy, "lookup: {customers: 30}", level, 1)})
		for _, call := range []args{{"email": "MILA@work.example"}, {"attribute": "stripe_customer_id", "value": "cus_mila"}} {
			var out struct {
				Contacts []struct {
					Role, Name, Email string
					Customer          string `json:"stripe_customer_id"`
				}
			}
			d.Call("find_contacts", call).Into(t, &out)
			if len(out.Contacts) != 1 || out.Contacts[0].Customer != "cus_mila" || out.Contacts[0].Name != want[0] || out.Contacts[0].Email != want[1] {
				t.Errorf("%q, %v: found %+v", level, call, out)
			}
		}
	}
}

func TestFindingContactsNeedsAFilterThatIsWhole(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for name, call := range map[string]args{
		"nothing": {}, "attribute alone": {"attribute": "plan_note"}, "value alone": {"value": "x"},
		"unknown tag": {"tag": "nope"}, "unknown attribute": {"attribute": "nope", "value": "x"},
	} {
		if a := d.Call("find_contacts", call); a.Code != "invalid" || !a.IsError {
			t.Errorf("%s is answered %s", name, a.Text)
		}
	}
}

func TestSegmentsAreListedWithTheirMembers(t *testing.T) {
	t.Parallel()
	d := desk(t)
	names, _ := told(t, d, "list_segments", "segments", "name", args{})
	if !slices.Equal(names, []string{"Known in Stripe", "Leads"}) {
		t.Errorf("the segments are %v", names)
	}
	for i := range 50 {
		d.Intercom.AddContact(intercomapi.Contact{ID: fmt.Sprintf("65cc%020d", i), Name: strings.Repeat("名", 300), CustomAttributes: map[string]any{"stripe_customer_id": fmt.Sprint("cus_many_", i)}})
	}
	members, pages := told(t, d, "list_segments", "members", "contact_id", args{"segment_id": known})
	slices.Sort(members)
	if n := len(slices.Compact(members)); n != 51 || pages < 3 {
		t.Errorf("%d pages tell %d members", pages, n)
	}
	none, _ := told(t, d, "list_segments", "members", "contact_id", args{"segment_id": "64f0d0000000000000000099"})
	if len(none) != 0 {
		t.Errorf("an unknown segment has %v", none)
	}
}
