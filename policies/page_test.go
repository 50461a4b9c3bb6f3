package policies

import "testing"

func TestThePortalOpensOnlyForOneProvenCustomerInTheMessenger(t *testing.T) {
	proven := func(change func(*Asker)) Asker {
		a := Asker{Conversation: "1", Contact: "c1", Identity: Proven, Ties: []Tie{{Customer: "cus_1"}}}
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		asker   Asker
		channel string
		want    string
	}{
		"as it should be": {proven(func(*Asker) {}), "conversation", "cus_1"},
		"claimed":         {proven(func(a *Asker) { a.Identity = Claimed }), "conversation", ""},
		"nobody":          {proven(func(a *Asker) { a.Identity = Unidentified }), "conversation", ""},
		"by e-mail":       {proven(func(*Asker) {}), "email", ""},
		"no channel":      {proven(func(*Asker) {}), "", ""},
		"in doubt":        {proven(func(a *Asker) { a.Doubt = "two people" }), "conversation", ""},
		"no customer":     {proven(func(a *Asker) { a.Ties = nil }), "conversation", ""},
		"two customers":   {proven(func(a *Asker) { a.Ties = append(a.Ties, Tie{Customer: "cus_2"}) }), "conversation", ""},
	} {
		if got := c.asker.PortalOpensFor(c.channel); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A reply is the same, and approved the same, whatever its pages turn out to be.
func TestAReplysIdentityIsItsTextWithPlaceholders(t *testing.T) {
	bare := Reply{Message: Message{Asker: Asker{Conversation: "1"}, Body: "{card_update}", After: "1"}}
	resolved := bare
	resolved.Pages = []Page{{Placeholder: "{card_update}", Customer: "cus_1", Session: true}}
	one, err := Digest(bare)
	other, err2 := Digest(resolved)
	if err != nil || err2 != nil || one != other || bare.Subject() != resolved.Subject() {
		t.Errorf("%s, %s, %v, %v", one, other, err, err2)
	}
}
