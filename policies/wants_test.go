package policies

import "testing"

func TestAPolicyWantsOnlyTheFactsItLooksAt(t *testing.T) {
	const refund = "version: 1\nrefund:\n  window: 30d\n  currencies: {eur: {auto: 1, max: 2}}\n"
	for name, c := range map[string]struct {
		file string
		kind Kind
		want Facts
	}{
		"none":             {refund, KindRefund, Facts{}},
		"another section":  {refund + "  account_age: 7d\n", KindTag, Facts{}},
		"account age":      {refund + "  account_age: 7d\n", KindRefund, Facts{Customer: true}},
		"a tag":            {refund + "  when: [{id: a, then: deny, tag: [vip]}]\n", KindRefund, Facts{Traits: true}},
		"a country":        {refund + "  when: [{id: a, then: deny, country: [DE]}]\n", KindRefund, Facts{Traits: true, Customer: true}},
		"a plan":           {refund + "  when: [{id: a, then: deny, plan: [Pro]}]\n", KindRefund, Facts{Traits: true, Subscriptions: true}},
		"metadata":         {refund + "  when: [{id: a, then: deny, metadata: {a: b}}]\n", KindRefund, Facts{Traits: true, Customer: true, Subscriptions: true}},
		"of replies":       {"version: 1\nreply: {max_chars: 10, when: [{id: a, then: deny, channel: [email]}]}", KindReply, Facts{Traits: true}},
		"of notes as well": {"version: 1\nreply: {max_chars: 10, when: [{id: a, then: deny, channel: [email]}]}", KindNote, Facts{Traits: true}},
	} {
		p, err := Parse("policy.yaml", []byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Wants(c.kind); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if (*Policy)(nil).Wants(KindRefund) != (Facts{}) {
		t.Error("no policy wants something")
	}
}
