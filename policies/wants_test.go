package policies

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		"metadata":         {refund + "  when: [{id: a, then: deny, metadata: {c: d, a: b}}]\n", KindRefund, Facts{Traits: true, Customer: true, Subscriptions: true, Metadata: []string{"a", "c"}}},
		"of replies":       {"version: 1\nreply: {max_chars: 10, when: [{id: a, then: deny, channel: [email]}]}", KindReply, Facts{Traits: true}},
		"of notes as well": {"version: 1\nreply: {max_chars: 10, when: [{id: a, then: deny, channel: [email]}]}", KindNote, Facts{Traits: true}},
	} {
		p, err := Parse("policy.yaml", []byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, p.Wants(c.kind)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(Facts{}, (*Policy)(nil).Wants(KindRefund)); diff != "" {
		t.Errorf("no policy wants %s", diff)
	}
}
