package ledgertest

import (
	"testing"
	"time"

	"supportmcp/policies"
)

// around says what a judgement is told besides budgets.
func around(t *testing.T, fresh Fresh) {
	t.Run("a person is all their names, each action once", func(t *testing.T) { onePerson(newDesk(t, fresh)) })
	t.Run("denials of a conversation and of a contact", func(t *testing.T) { denials(newDesk(t, fresh)) })
	t.Run("a breaker is open until it is released", func(t *testing.T) { breaker(newDesk(t, fresh)) })
}

func (d *desk) read(r policies.Reads) policies.Snapshot {
	d.t.Helper()
	s, err := d.Read(d.t.Context(), r)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func onePerson(d *desk) {
	for charge, person := range map[string]string{"ch_1": "cus_1 cus_2 fp_1", "ch_2": "cus_3 fp_1", "ch_3": "cus_4", "ch_4": ""} {
		a := refund(charge, 100)
		a.Subject.Person = person
		d.begin(a, policies.Allow)
	}
	count := func(scope policies.Scope, also ...policies.Scope) policies.Usage {
		q := policies.Query{Scope: scope, Also: also, Kinds: []policies.Kind{policies.KindRefund}, Currency: "eur", Window: time.Hour}
		return d.read(policies.Reads{Queries: []policies.Query{q}}).Usage[0]
	}
	for _, c := range []struct {
		names []policies.Scope
		want  int64
	}{
		{[]policies.Scope{"person:cus_1", "person:cus_2", "person:fp_1"}, 2},
		{[]policies.Scope{"person:cus_2", "person:cus_4"}, 2},
		{[]policies.Scope{"person:cus_3"}, 1},
		{[]policies.Scope{"person:"}, 0},
		{[]policies.Scope{"person:cus_9", "person:fp_9"}, 0},
	} {
		if u := count(c.names[0], c.names[1:]...); u.Count != c.want || u.Sum != 100*c.want {
			d.t.Errorf("%v: %+v, want %d", c.names, u, c.want)
		}
	}
}

func denials(d *desk) {
	deny := func(charge, conversation, contact string) {
		a := refund(charge, 100)
		a.Subject.Conversation, a.Subject.Contact = conversation, contact
		d.begin(a, policies.Deny)
		d.clock.Advance(time.Minute)
	}
	deny("ch_1", "conv_1", "contact_1")
	deny("ch_1", "conv_1", "contact_2")
	deny("ch_1", "conv_2", "contact_1")
	deny("ch_1", "conv_3", "")
	ask := policies.Reads{Conversation: "conv_1", Contact: "contact_1", Denials: 10, DeniedWithin: time.Hour}
	if got := d.read(ask).Denied; len(got) != 3 {
		d.t.Errorf("denied at %v", got)
	}
	ask.Denials = 1
	if got := d.read(ask).Denied; len(got) != 2 { // the newest here, and the newest of the contact elsewhere
		d.t.Errorf("denied at %v", got)
	}
	ask.Denials, ask.DeniedWithin = 10, 3*time.Minute
	if got := d.read(ask).Denied; len(got) != 1 || !got[0].Equal(d.clock.Now().Add(-2*time.Minute)) {
		d.t.Errorf("within three minutes at %v", got)
	}
	if got := d.read(policies.Reads{Conversation: "conv_9", Denials: 10, DeniedWithin: time.Hour}).Denied; len(got) != 0 {
		d.t.Errorf("in another conversation at %v", got)
	}
}

func breaker(d *desk) {
	spent := func() policies.Snapshot {
		q := policies.Query{Scope: "global:", Kinds: []policies.Kind{policies.KindRefund}, Currency: "eur", Window: 24 * time.Hour, SinceRelease: true}
		return d.read(policies.Reads{Queries: []policies.Query{q}, Breaker: true})
	}
	d.settle(d.begin(refund("ch_1", 100), policies.Allow).ID, policies.Done)
	if s := spent(); s.BreakerOpen || s.Usage[0].Sum != 100 {
		d.t.Errorf("before: %+v", s)
	}
	b := policies.Breaker{Policy: "rev", After: "act_1"}
	draft := policies.Draft{Kind: b.Kind(), Principal: "supportmcp", Subject: b.Subject(), Digest: "d", Lease: lease, Expires: 1000 * time.Hour}
	e := d.begin(draft, policies.NeedsApproval)
	if again := d.beginAgain(draft); again.ID != e.ID {
		d.t.Errorf("tripped twice: %s and %s", e.ID, again.ID)
	}
	if s := spent(); !s.BreakerOpen {
		d.t.Error("it is not open")
	}
	d.clock.Advance(time.Minute)
	d.approve(e)
	if _, err := d.Resume(d.t.Context(), e.ID, draft, says(policies.NeedsApproval)); err != nil {
		d.t.Fatal(err)
	}
	d.settle(e.ID, policies.Done)
	if s := spent(); s.BreakerOpen || s.Usage[0].Sum != 0 {
		d.t.Errorf("released: %+v", s)
	}
	d.clock.Advance(time.Minute)
	d.settle(d.begin(refund("ch_2", 70), policies.Allow).ID, policies.Done)
	if s := spent(); s.Usage[0].Sum != 70 {
		d.t.Errorf("after: %+v", s)
	}
}

// beginAgain asks again for what was begun.
func (d *desk) beginAgain(draft policies.Draft) policies.Entry {
	d.t.Helper()
	e, replayed, err := d.Begin(d.t.Context(), draft, says(policies.NeedsApproval))
	if err != nil || !replayed {
		d.t.Fatalf("replayed %v, %v", replayed, err)
	}
	return e
}
