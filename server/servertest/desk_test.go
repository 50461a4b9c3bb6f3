package servertest_test

import (
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/server/servertest"
)

func TestADeskShowsWhatACallChanged(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	before := d.Look()
	a := d.Call("create_refund", servertest.Args{
		"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate",
	})
	if a.State != "done" || a.IsError {
		t.Fatalf("got %s", a.Text)
	}
	d.Settle()
	changes := strings.Join(d.Changes(before), "\n")
	for _, want := range []string{"stripe re_000001: 20.00 EUR of ch_maria_2", "ledger " + a.Action + ": refund done 20.00 EUR", "note: Refund re_000001"} {
		if !strings.Contains(changes, want) {
			t.Errorf("want %q among the changes:\n%s", want, changes)
		}
	}
}

func TestDesksAtOnePlaceShareTheLedger(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	args := servertest.Args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"}
	first := d.Call("create_refund", args)
	again := d.Another(servertest.Setup{Principal: "second agent"}).Call("create_refund", args)
	if !again.Replayed || again.Action != first.Action || !slices.Equal(again.Receipt, first.Receipt) {
		t.Errorf("the second process answered %s, want the receipt of %s", again.Text, first.Text)
	}
}
