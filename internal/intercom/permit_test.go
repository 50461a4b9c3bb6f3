package intercom_test

import (
	"context"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

func TestWritesNeedAFreshPermit(t *testing.T) {
	d := newDesk(t)
	refuses(t, d, "Reply", policies.Reply{Message: d.message(ticket, "a")}, plainly(d.Client))
	refuses(t, d, "AddNote", policies.Note{Message: d.message(ticket, "b")}, d.AddNote)
	refuses(t, d, "SetState", policies.SetState{Asker: asker(ticket), State: policies.Closed}, d.SetState)
	refuses(t, d, "Tag", policies.Tag{Asker: asker(ticket), Add: []string{"billing"}}, d.Tag)
	refuses(t, d, "Assign", policies.Assign{Asker: asker(ticket), Team: "51"}, d.Assign)
	refuses(t, d, "TagContact", policies.TagContact{Contact: ana, Add: []string{"billing"}}, d.TagContact)
	refuses(t, d, "UpdateContact", policies.Contact{ID: ana, Set: map[string]string{"seats": "6"}}, d.UpdateContact)
	refuses(t, d, "RecordEvent", policies.Event{Asker: policies.Asker{Contact: ana}, Name: "refund-issued", At: noon()}, d.RecordEvent)
	refuses(t, d, "CreateContact", policies.NewContact{Role: "lead", Email: "new@example.com"}, d.CreateContact)
}

// refuses tries every permit that is none: nil, empty, used, copied, and late.
func refuses[A policies.Action, Out any](t *testing.T, d desk, name string, a A, do func(context.Context, *policies.Permit[A]) (Out, error)) {
	t.Run(name, func(t *testing.T) {
		var used, copied *policies.Permit[A]
		_, err := perform(t, a, func(ctx context.Context, p *policies.Permit[A]) (Out, error) {
			twin := *p
			used, copied = p, &twin
			return do(ctx, p)
		})
		if err != nil {
			t.Fatal(err)
		}
		var late *policies.Permit[A]
		if _, err := perform(t, a, func(_ context.Context, p *policies.Permit[A]) (none Out, err error) {
			late = p
			return none, nil
		}); err != nil {
			t.Fatal(err)
		}
		d.Desk.Forget()
		for kind, p := range map[string]*policies.Permit[A]{"nil": nil, "zero": {}, "used": used, "copied": copied, "late": late} {
			_, err := do(t.Context(), p)
			wantFault(t, err, fault.Internal, fault.No)
			if asked := d.Desk.Requests(); len(asked) != 0 {
				t.Errorf("a %s permit reached Intercom: %+v", kind, asked)
			}
		}
	})
}

func TestWithoutAnAdminNothingIsWritten(t *testing.T) {
	d := newDesk(t)
	c, err := intercom.New(intercom.Config{Token: token, BaseURL: d.url, Now: d.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	a := policies.Note{Message: d.message(ticket, "x")}
	_, err = perform(t, a, c.AddNote)
	wantFault(t, err, fault.Refused, fault.No)
	_, err = perform(t, policies.Tag{Asker: asker(ticket), Add: []string{"billing"}}, c.Tag)
	wantFault(t, err, fault.Refused, fault.No)
	_, err = perform(t, policies.Assign{Asker: asker(ticket), Team: "51"}, c.Assign)
	wantFault(t, err, fault.Refused, fault.No)
	_, err = perform(t, policies.TagContact{Contact: ana, Add: []string{"billing"}}, c.TagContact)
	wantFault(t, err, fault.Refused, fault.No)
	_, err = perform(t, policies.Contact{ID: ana, Set: map[string]string{"seats": "6"}}, c.UpdateContact)
	wantFault(t, err, fault.Refused, fault.No)
	_, err = perform(t, policies.NewContact{Role: "lead", Email: "new@example.com"}, c.CreateContact)
	wantFault(t, err, fault.Refused, fault.No)
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
	wantFault(t, c.Check(t.Context()), fault.Invalid, fault.No)
}
