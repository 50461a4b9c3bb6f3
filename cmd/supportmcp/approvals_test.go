package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// An agent that floods the approvals must not hide what came later.
func TestAListShowsWhatCameAfterAHundredOthers(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	l, err := ledger.Open(t.Context(), p.database, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var last policies.Entry
	for i := range 120 {
		d := policies.Draft{
			Kind: policies.KindNote, Principal: "agent", Expires: time.Hour, Lease: time.Minute,
			Subject: policies.Subject{Conversation: "1", Same: fmt.Sprint(i)},
		}
		ask := func(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.NeedsApproval} }
		if last, _, err = l.Begin(t.Context(), d, ask); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]string{{"approvals", "list"}, {"approvals", "list", "--all"}} {
		if got := typeIn(t, p.environ, list...); got.status != 0 || !strings.Contains(got.out, last.ID) {
			t.Errorf("%v leaves out the newest action (status %d, %s)", list, got.status, got.err)
		}
	}
}
