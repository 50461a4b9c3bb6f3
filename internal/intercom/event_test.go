package intercom_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

func issued() policies.Event {
	return policies.Event{
		Asker: policies.Asker{Conversation: ticket, Contact: ana}, Name: "refund-issued", At: noon().Add(-time.Minute),
		Facts: map[string]string{"amount": "12.50 EUR"},
	}
}

// However often the event is told, it happened once, at Stripe's time.
func TestAnEventIsTakenOnce(t *testing.T) {
	d := newDesk(t)
	if _, ok, err := d.FindEvent(t.Context(), issued(), ""); ok || err != nil {
		t.Fatalf("found before it happened: %v", err)
	}
	for range 2 {
		got, err := perform(t, issued(), d.RecordEvent)
		if want := (intercom.Recorded{Contact: ana, Event: "refund-issued", At: issued().At}); got != want || err != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	want := []intercomapi.Event{{Name: "refund-issued", Contact: ana, At: issued().At, Metadata: issued().Facts}}
	if diff := cmp.Diff(want, d.Events(ana)); diff != "" {
		t.Error(diff)
	}
	if _, ok, err := d.FindEvent(t.Context(), issued(), ""); !ok || err != nil {
		t.Errorf("not found: %v", err)
	}
}

func TestAnEventWhoseAnswerIsLostIsInDoubt(t *testing.T) {
	d := newDesk(t)
	d.inject(control.Fault{Method: "POST", Path: "/events", Kind: control.ErrorAfter, Status: 502})
	_, err := perform(t, issued(), d.RecordEvent)
	wantFault(t, err, fault.Upstream, fault.Unknown)
	if _, ok, err := d.FindEvent(t.Context(), issued(), ""); !ok || err != nil {
		t.Errorf("not found: %v", err)
	}
}

func TestAnEventThatSaysNothingIsRefused(t *testing.T) {
	d := newDesk(t)
	many := issued()
	for i := range 11 {
		many.Facts[string(rune('a'+i))] = "x"
	}
	if _, _, err := d.FindEvent(t.Context(), many, ""); fault.CodeOf(err) != fault.Internal {
		t.Errorf("got %v", err)
	}
}
