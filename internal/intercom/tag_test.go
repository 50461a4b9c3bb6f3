package intercom_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

func TestTagWritesOnlyWhatIsNotSoAlready(t *testing.T) {
	d := newDesk(t)
	a := policies.Tag{Asker: asker(ticket), Add: []string{"BILLING", "new one", "new one"}, Remove: []string{"vip", "refunded"}}
	got, err := perform(t, a, d.Tag)
	if err != nil {
		t.Fatal(err)
	}
	want := intercom.Tagged{Conversation: ticket, Added: []string{"Billing", "new one"}, Removed: []string{"VIP"}, Tags: []string{"Billing", "new one"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	steps := []string{"POST /conversations/ticket/tags", "POST /tags", "POST /conversations/ticket/tags", "DELETE /conversations/ticket/tags/72"}
	if diff := cmp.Diff(steps, d.writes()); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, tag := range d.state(ticket).Tags {
		names = append(names, tag.Name)
	}
	if diff := cmp.Diff([]string{"Billing", "new one"}, names); diff != "" {
		t.Error(diff)
	}
	d.Desk.Forget()
	again, err := perform(t, a, d.Tag)
	if diff := cmp.Diff(intercom.Tagged{Conversation: ticket, Tags: []string{"Billing", "new one"}}, again); diff != "" || err != nil {
		t.Errorf("again: %v\n%s", err, diff)
	}
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote again: %v", w)
	}
}

func TestFindTagsWantsAllAddedAndNoneRemoved(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		add, remove []string
		so          bool
	}{
		{[]string{"vip"}, []string{"billing"}, true},
		{[]string{"vip", "billing"}, nil, false},
		{nil, []string{"Vip"}, false},
		{nil, nil, true},
	} {
		a := policies.Tag{Asker: asker(ticket), Add: c.add, Remove: c.remove}
		if got, so, err := d.FindTags(t.Context(), a, ""); so != c.so || err != nil || !cmp.Equal(got.Tags, []string{"VIP"}) {
			t.Errorf("+%v -%v: %+v, %v, %v", c.add, c.remove, got, so, err)
		}
	}
}

func TestTagsThatCannotBeMeantAreRefused(t *testing.T) {
	d := newDesk(t)
	for name, a := range map[string]policies.Tag{
		"both":      {Add: []string{"vip"}, Remove: []string{"VIP"}},
		"empty":     {Add: []string{" "}},
		"invisible": {Add: []string{"a\u202eb"}},
	} {
		t.Run(name, func(t *testing.T) {
			a.Asker = asker(ticket)
			_, err := perform(t, a, d.Tag)
			wantFault(t, err, fault.Invalid, fault.No)
		})
	}
	if r := d.Desk.Requests(); len(r) != 0 {
		t.Errorf("asked Intercom: %+v", r)
	}
}

func TestHalfDoneTagsAreInDoubtAndDoneAgain(t *testing.T) {
	d := newDesk(t)
	a := policies.Tag{Asker: asker(ticket), Add: []string{"billing", "refunded"}}
	d.inject(control.Fault{Method: "POST", Path: "/conversations/*/tags", Skip: 1, Kind: control.ErrorBefore, Status: 403})
	_, err := perform(t, a, d.Tag)
	wantFault(t, err, fault.Upstream, fault.Unknown)
	if _, so, err := d.FindTags(t.Context(), a, ""); so || err != nil {
		t.Fatalf("half done counts as done: %v", err)
	}
	got, err := perform(t, a, d.Tag)
	if err != nil || !cmp.Equal(got.Added, []string{"refunded"}) {
		t.Errorf("the rest: %+v, %v", got, err)
	}
}

func TestUntagTellsOfAProxyThatDropsTheBody(t *testing.T) {
	d := newDesk(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded := r.Clone(r.Context())
		if r.Method == http.MethodDelete {
			forwarded.Body, forwarded.ContentLength = http.NoBody, 0
		}
		d.Handler().ServeHTTP(w, forwarded)
	}))
	t.Cleanup(proxy.Close)
	c := d.client(intercom.Config{BaseURL: proxy.URL})
	_, err := perform(t, policies.Tag{Asker: asker(ticket), Remove: []string{"vip"}}, c.Tag)
	wantFault(t, err, fault.Invalid, fault.No)
	if !strings.Contains(err.Error(), "proxy") || !strings.Contains(err.Error(), "parameter_not_found") {
		t.Errorf("the error hides why: %v", err)
	}
}
