package policies

import (
	"slices"
	"testing"
)

// Whoever may tag so often may not double it by tagging the contact instead.
func TestTaggingContactsAndConversationsIsCountedTogether(t *testing.T) {
	p := parsed(t, "tag: {allow: [billing], budgets: [{scope: principal, window: 1h, count: 3}]}\n")
	for _, a := range []Action{Tag{Asker: Asker{Conversation: "1"}, Add: []string{"billing"}}, TagContact{Contact: "c1", Add: []string{"billing"}}} {
		reads, _ := p.plan(a, Request{Principal: "agent"})
		if len(reads.Queries) != 1 || !slices.Equal(reads.Queries[0].Kinds, []Kind{KindTag, KindTagContact}) {
			t.Errorf("%s reads %+v", a.Kind(), reads.Queries)
		}
		if d := judged(p, a, Usage{Count: 3}); d.Effect != Deny {
			t.Errorf("%s over the budget is %s", a.Kind(), d.Effect)
		}
	}
}
