package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"supportmcp/policies"
)

// Whoever confirms a link sees who asks, how well that is known, whose customer the
// contact is now and would be, and the agent's words last.
func TestApproversSeeWhomALinkWouldTie(t *testing.T) {
	t.Parallel()
	asker := policies.Asker{Conversation: "1", Contact: "c1", Identity: policies.Claimed, Ties: []policies.Tie{{Customer: "cus_old", Way: "e-mail"}}}
	for name, c := range map[string]struct {
		link policies.Link
		want []string
	}{
		"a link": {policies.Link{Asker: asker, Customer: "cus_new", Email: "new@example.com"}, []string{
			"contact        c1\n", "identity       claimed: nothing shows that the contact wrote this\n",
			"is now         cus_old by e-mail\n", "would be       cus_new by confirmed link\n", "found by       new@example.com\n",
		}},
		"to nobody": {policies.Link{Asker: asker, Problem: "Stripe has no such customer"}, []string{
			"would be       nobody, since Stripe has no such customer; approving this does nothing\n",
		}},
		"taken back": {policies.Link{Asker: asker, Remove: true}, []string{"would be       without any confirmed link\n"}},
	} {
		shown := shown(t, c.link)
		facts, words, ok := strings.Cut(shown, "The agent's words")
		for _, w := range c.want {
			if !strings.Contains(facts, w) {
				t.Errorf("%s: %q is missing in\n%s", name, w, shown)
			}
		}
		if !ok || !strings.Contains(words, "why            she says so\n") {
			t.Errorf("%s: the agent's words are %s", name, words)
		}
	}
}

func TestApproversSeeHowWellItIsKnownWhoAsks(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]policies.Asker{
		"none: asked for outside a conversation":                   {},
		"none: the conversation has no contact":                    {Conversation: "1"},
		"claimed: nothing shows that the contact wrote this":       {Conversation: "1", Contact: "c1", Identity: policies.Claimed},
		"proven: a signed-in user whom the Messenger has verified": {Conversation: "1", Contact: "c1", Identity: policies.Proven},
	} {
		if got := shown(t, policies.Refund{Asker: a}); !strings.Contains(got, "identity       "+want+"\n") {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// shown is an action as it waits for approval.
func shown(t *testing.T, a policies.Action) string {
	t.Helper()
	facts, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	e := policies.Entry{ID: "act_1", State: policies.Awaiting, Draft: policies.Draft{
		Kind: a.Kind(), Subject: a.Subject(), Facts: facts, Input: json.RawMessage(`{"why": "she says so"}`),
	}}
	if err := printEntry(&out, e, time.Now()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
