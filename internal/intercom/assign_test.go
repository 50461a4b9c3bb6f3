package intercom_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

const parts = "POST /conversations/ticket/parts"

func TestAssignWritesOnlyWhatIsNotSoAlready(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		a           policies.Assign
		want        intercom.Assigned
		writes      []string
		team, admin string
	}{
		{policies.Assign{Team: "51", Name: "Payments"}, intercom.Assigned{Team: "Payments", State: "open"}, []string{parts}, "51", ""},
		{policies.Assign{Team: "51", Name: "Payments"}, intercom.Assigned{Team: "Payments", State: "open", Already: true}, []string{}, "51", ""},
		{policies.Assign{Admin: mia, Name: "Mia"}, intercom.Assigned{Admin: "Mia", State: "open"}, []string{parts}, "51", mia},
		{policies.Assign{Anyone: true}, intercom.Assigned{Anyone: true, State: "open"}, []string{parts, parts}, "", ""},
		{policies.Assign{Anyone: true}, intercom.Assigned{Anyone: true, State: "open", Already: true}, []string{}, "", ""},
	} {
		d.Desk.Forget()
		c.a.Asker, c.want.Conversation = asker(ticket), ticket
		got, err := perform(t, c.a, d.Assign)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%+v: %v\n%s", c.a, err, diff)
		}
		if diff := cmp.Diff(c.writes, d.writes()); diff != "" {
			t.Error(diff)
		}
		if s := d.state(ticket); s.TeamAssignee != c.team || s.AdminAssignee != c.admin {
			t.Errorf("it is with team %q and admin %q", s.TeamAssignee, s.AdminAssignee)
		}
		if _, so, err := d.FindAssigned(t.Context(), c.a, ""); !so || err != nil {
			t.Errorf("it is not found assigned: %v", err)
		}
	}
}

func TestAssigningAClosedConversationOpensItAndSaysSo(t *testing.T) {
	d := newDesk(t)
	got, err := perform(t, policies.Assign{Asker: asker(mail), Team: "51", Name: "Payments"}, d.Assign)
	if err != nil || got.State != "open" || d.state(mail).State != "open" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Of two steps the first is done: that is no refusal, and doing it again is harmless.
func TestAHalfDoneHandOverIsInDoubt(t *testing.T) {
	d := newDesk(t)
	for _, a := range []policies.Assign{{Asker: asker(ticket), Team: "51"}, {Asker: asker(ticket), Admin: mia}} {
		if _, err := perform(t, a, d.Assign); err != nil {
			t.Fatal(err)
		}
	}
	d.inject(control.Fault{Method: "POST", Path: "/conversations/*/parts", Skip: 1, Kind: control.ErrorBefore, Status: 403})
	_, err := perform(t, policies.Assign{Asker: asker(ticket), Anyone: true}, d.Assign)
	wantFault(t, err, fault.Upstream, fault.Unknown)
	got, err := perform(t, policies.Assign{Asker: asker(ticket), Anyone: true}, d.Assign)
	if err != nil || got.Already || d.state(ticket).AdminAssignee != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}
