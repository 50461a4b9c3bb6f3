package intercom_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

func (d desk) attributes(contact string) map[string]any {
	d.t.Helper()
	c, ok := d.Server.Contact(contact)
	if !ok {
		d.t.Fatalf("the sandbox has no contact %s", contact)
	}
	return c.CustomAttributes
}

func TestUpdateContactWritesOnlyWhatDiffers(t *testing.T) {
	d := newDesk(t)
	a := policies.Contact{ID: old, Set: map[string]string{"seats": "6", "stripe_id": "cus_1"}} // merged into ana
	got, err := perform(t, a, d.UpdateContact)
	want := intercom.Kept{Contact: ana, Changed: []string{"seats"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got := d.attributes(ana)["seats"]; got != 6.0 {
		t.Errorf("seats are %v", got)
	}
	d.Desk.Forget()
	got, err = perform(t, a, d.UpdateContact)
	if diff := cmp.Diff(intercom.Kept{Contact: ana, Already: true}, got); diff != "" || err != nil || len(d.writes()) != 0 {
		t.Errorf("again: wrote %v, %v\n%s", d.writes(), err, diff)
	}
	if _, so, err := d.FindUpdate(t.Context(), a, ""); !so || err != nil {
		t.Errorf("not found: %v", err)
	}
	a.Set["seats"] = ""
	if _, err := perform(t, a, d.UpdateContact); err != nil {
		t.Error(err)
	}
	if got, there := d.attributes(ana)["seats"]; there {
		t.Errorf("seats are still %v", got)
	}
}

func TestAMissingAttributeIsMadeOnceWithItsType(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name, kind, value string
		want              any
	}{
		{"note", "string", "12", "12"},
		{"age", "integer", "12", 12.0},
		{"vip", "boolean", "true", true},
		{"renews", "date", "2026-12-31", float64(time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC).Unix())},
	} {
		a := policies.Contact{ID: ana, Set: map[string]string{c.name: c.value}, Make: map[string]string{c.name: c.kind}}
		got, err := perform(t, a, d.UpdateContact)
		if err != nil || !slices.Equal(got.Made, []string{c.name}) || d.attributes(ana)[c.name] != c.want {
			t.Errorf("%s: %+v, %v; it is %v", c.name, got, err, d.attributes(ana)[c.name])
		}
		if again, err := perform(t, a, d.UpdateContact); err != nil || !again.Already || again.Made != nil {
			t.Errorf("%s again: %+v, %v", c.name, again, err)
		}
	}
}

func TestAValueThatDoesNotFitItsTypeIsRefused(t *testing.T) {
	for kind, bad := range map[intercom.DataType]string{
		intercom.IntegerType: "1.5", intercom.FloatType: "many", intercom.BooleanType: "1", intercom.DateType: "31.12.2026", intercom.DatetimeType: "2026-12-31", "list": "a",
	} {
		_, err := kind.Value(bad)
		wantFault(t, err, fault.Invalid, fault.No)
	}
	d := newDesk(t)
	_, err := perform(t, policies.Contact{ID: ana, Set: map[string]string{"note": "x"}}, d.UpdateContact)
	wantFault(t, err, fault.Invalid, fault.No) // no type to make it with
	_, err = perform(t, policies.Contact{ID: "6a0000000000000000000099", Set: map[string]string{"seats": "6"}}, d.UpdateContact)
	wantFault(t, err, fault.NotFound, fault.No)
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

func TestAnAttributeThatIsMadeAndNotSetIsInDoubt(t *testing.T) {
	d := newDesk(t)
	d.inject(control.Fault{Method: "PUT", Kind: control.ErrorBefore, Status: 403})
	a := policies.Contact{ID: ana, Set: map[string]string{"note": "x"}, Make: map[string]string{"note": "string"}}
	_, err := perform(t, a, d.UpdateContact)
	wantFault(t, err, fault.Upstream, fault.Unknown)
	if got, err := perform(t, a, d.UpdateContact); err != nil || d.attributes(ana)["note"] != "x" || got.Made != nil {
		t.Errorf("again: %+v, %v", got, err)
	}
}

func TestAContactIsMadeOnce(t *testing.T) {
	d := newDesk(t)
	a := policies.NewContact{Role: "lead", Email: "New@example.com", Name: "New"}
	first, err := perform(t, a, d.CreateContact)
	if err != nil || first.Contact == "" || first.Role != "lead" || first.Already {
		t.Fatalf("got %+v, %v", first, err)
	}
	d.clock.Advance(time.Minute) // search lags
	again, err := perform(t, a, d.CreateContact)
	if diff := cmp.Diff(intercom.Created{Contact: first.Contact, Role: "lead", Already: true}, again); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	// A user is more than the lead that is there; a lead is less than the user.
	user, err := perform(t, policies.NewContact{Role: "user", Email: "new@example.com"}, d.CreateContact)
	if err != nil || user.Already || user.Role != "user" {
		t.Errorf("got %+v, %v", user, err)
	}
	lead, err := perform(t, policies.NewContact{Role: "lead", Email: "ana.canary-mail@example.com"}, d.CreateContact)
	if err != nil || !lead.Already || lead.Contact != ana {
		t.Errorf("got %+v, %v", lead, err)
	}
}

// Search does not know the newest contacts; Intercom's refusal does.
func TestAContactThatSearchDoesNotKnowYetIsTheReceipt(t *testing.T) {
	d := newDesk(t)
	a := policies.NewContact{Role: "user", Email: "new@example.com"}
	first, err := perform(t, a, d.CreateContact)
	if err != nil {
		t.Fatal(err)
	}
	again, err := perform(t, a, d.CreateContact)
	if err != nil || !again.Already || again.Contact != first.Contact {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestAnArchivedContactIsLeftToAPerson(t *testing.T) {
	d := newDesk(t)
	d.AddContact(intercomapi.Contact{ID: "6a0000000000000000000009", Email: "gone@example.com", Archived: true})
	_, err := perform(t, policies.NewContact{Role: "user", Email: "gone@example.com"}, d.CreateContact)
	wantFault(t, err, fault.Refused, fault.No)
}

// A contact's own list of tags is cut off after ten, so all of them are read.
func TestTagsOfAContactBeyondTheTenthCount(t *testing.T) {
	d := newDesk(t)
	const many = "6a0000000000000000000010"
	var ids []string
	for i := range 12 {
		id := fmt.Sprint(900 + i)
		d.AddTag(intercomapi.Tag{ID: id, Name: "tag " + id})
		ids = append(ids, id)
	}
	d.AddContact(intercomapi.Contact{ID: many, Tags: append(ids, billing)})
	got, err := perform(t, policies.TagContact{Contact: many, Add: []string{"BILLING"}, Remove: []string{"refunded"}}, d.TagContact)
	if err != nil || got.Added != nil || len(got.Tags) != 13 || len(d.writes()) != 0 {
		t.Errorf("got %+v, %v; wrote %v", got, err, d.writes())
	}
}

func TestTagContactWritesOnlyWhatIsNotSoAlready(t *testing.T) {
	d := newDesk(t)
	a := policies.TagContact{Contact: ana, Add: []string{"billing", "new one"}}
	got, err := perform(t, a, d.TagContact)
	if diff := cmp.Diff(intercom.TaggedContact{Contact: ana, Added: []string{"Billing", "new one"}, Tags: []string{"Billing", "new one"}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	got, err = perform(t, policies.TagContact{Contact: old, Remove: []string{"Billing"}}, d.TagContact)
	if diff := cmp.Diff(intercom.TaggedContact{Contact: ana, Removed: []string{"Billing"}, Tags: []string{"new one"}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, so, err := d.FindContactTags(t.Context(), a, ""); so || err != nil {
		t.Errorf("half of it counts as done: %v", err)
	}
	_, err = perform(t, policies.TagContact{Contact: ana, Add: []string{"vip"}, Remove: []string{"VIP"}}, d.TagContact)
	wantFault(t, err, fault.Invalid, fault.No)
}
