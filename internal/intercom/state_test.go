package intercom_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

func TestSetState(t *testing.T) {
	tomorrow := noon().Add(24 * time.Hour)
	for _, c := range []struct {
		name string
		id   string
		want policies.SetState
	}{
		{"close", ticket, policies.SetState{State: policies.Closed}},
		{"open", mail, policies.SetState{State: policies.Open}},
		{"snooze", ticket, policies.SetState{State: policies.Snoozed, Until: tomorrow}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			c.want.Asker = asker(c.id)
			if _, so, err := d.FindState(t.Context(), c.want, ""); so || err != nil {
				t.Fatalf("so before it was asked for: %v", err)
			}
			got, err := perform(t, c.want, d.SetState)
			if err != nil {
				t.Fatal(err)
			}
			want := intercom.Changed{Conversation: c.id, State: string(c.want.State), SnoozedUntil: c.want.Until, UpdatedAt: noon()}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if s := d.state(c.id); s.State != string(c.want.State) || !s.SnoozedUntil.Equal(c.want.Until) {
				t.Errorf("Intercom has %+v", s)
			}
			again, err := perform(t, c.want, d.SetState)
			want.Already = true
			if diff := cmp.Diff(want, again); diff != "" || err != nil {
				t.Errorf("again: %v\n%s", err, diff)
			}
			if n := len(d.writes()); n != 1 {
				t.Errorf("wrote %d times", n)
			}
			if _, so, err := d.FindState(t.Context(), c.want, ""); !so || err != nil {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

func TestSnoozeUntilAnotherTimeIsAnotherState(t *testing.T) {
	d := newDesk(t)
	a := policies.SetState{Asker: asker(ticket), State: policies.Snoozed, Until: noon().Add(time.Hour)}
	if _, err := perform(t, a, d.SetState); err != nil {
		t.Fatal(err)
	}
	a.Until = a.Until.Add(time.Hour)
	if got, err := perform(t, a, d.SetState); err != nil || got.Already || !got.SnoozedUntil.Equal(a.Until) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFailedLookBeforeAChangeHadNoEffect(t *testing.T) {
	d := newDesk(t)
	d.inject(control.Fault{Method: "GET", Kind: control.ErrorBefore, Times: -1})
	_, err := perform(t, policies.SetState{Asker: asker(ticket), State: policies.Closed}, d.SetState)
	wantFault(t, err, fault.Upstream, fault.No)
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}
