package policies

import (
	"context"
	"slices"
	"testing"
)

func TestLinksHoldUntilTheyAreTakenBack(t *testing.T) {
	for _, c := range []struct{ done, want []string }{
		{nil, nil},
		{[]string{"cus_1"}, []string{"cus_1"}},
		{[]string{"cus_1", "cus_2"}, []string{"cus_1", "cus_2"}},
		{[]string{"cus_1", "cus_2", "cus_1"}, []string{"cus_1", "cus_2"}},
		{[]string{"cus_1", ""}, nil},
		{[]string{"cus_1", "", "cus_2"}, []string{"cus_2"}},
	} {
		if got := Linked(c.done); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.done, got, c.want)
		}
	}
}

func TestALinkThatIsTakenBackNamesNoCustomer(t *testing.T) {
	l := Link{Asker: Asker{Conversation: "1", Contact: "c1"}, Customer: "cus_1"}
	taken := l
	taken.Remove = true
	if s := taken.Subject(); s.Customer != "" || s.Same == l.Subject().Same || s.Exclusive != l.Subject().Exclusive {
		t.Errorf("%+v, %+v", s, l.Subject())
	}
	if !slices.Contains(Scopes(l.Subject(), "agent"), LinkScope("c1")) {
		t.Errorf("%v lacks %s", Scopes(l.Subject(), "agent"), LinkScope("c1"))
	}
}

func TestALinkIsTheSurestTieOnceAPersonHasConfirmedIt(t *testing.T) {
	d := newDesk(t)
	p, err := Parse("policy.yaml", []byte("version: 1\nidentity: {claimed: needs_approval}"))
	if err != nil {
		t.Fatal(err)
	}
	d.Use(p)
	link := Link{Asker: Asker{Conversation: "1", Contact: "c1", Identity: Claimed}, Customer: "cus_1", Why: "her invoice"}
	op := Operation[Link, slip]{
		Propose: func(context.Context) (Link, error) { return link, nil },
		Perform: func(_ context.Context, p *Permit[Link]) (slip, error) {
			_, _, err := p.Redeem()
			return slip{}, err
		},
		Find: func(context.Context, Link, string) (slip, bool, error) { return slip{}, false, nil },
	}
	o := enforce(t, d, Request{Principal: "agent", Input: []byte(`{}`)}, op)
	if o.State != Awaiting {
		t.Fatalf("answered %+v", o)
	}
	if linked, err := d.ledger.Links(t.Context(), "c1"); err != nil || len(linked) != 0 {
		t.Errorf("linked to %q before a person has said so, %v", linked, err)
	}
	d.ledger.approve(o.Action)
	link.Asker.Ties, link.Asker.Doubt = []Tie{{Customer: "cus_9"}}, "another link came in between"
	e, err := d.ledger.Entry(t.Context(), o.Action)
	if err != nil {
		t.Fatal(err)
	}
	if err := Resume(t.Context(), d.Guard, e, op); err != nil {
		t.Fatal(err)
	}
	if linked, err := d.ledger.Links(t.Context(), "c1"); err != nil || !slices.Equal(linked, []string{"cus_1"}) || d.state(t, o.Action) != Done {
		t.Errorf("linked to %q, %v", linked, err)
	}
}
