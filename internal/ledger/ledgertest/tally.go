package ledgertest

import (
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// tally counts by state, and by scope what is under way; and the probe tells a
// ledger that can record from one that another release has taken over.
func tally(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	look := func() ledger.Tally {
		t.Helper()
		got, err := d.Tally(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := look(); len(got.States) != 0 || got.Doubt != 0 || len(got.Holds) != 0 {
		t.Errorf("an empty ledger counts %+v", got)
	}
	d.begin(refund("ch_denied", 100), policies.Deny)
	d.begin(refund("ch_waits", 100), policies.NeedsApproval)
	d.begin(refund("ch_way", 200), policies.Allow)
	d.settle(d.begin(refund("ch_done", 400), policies.Allow).ID, policies.Done)
	doubt := d.begin(refund("ch_doubt", 800), policies.Allow)
	d.settle(doubt.ID, policies.InDoubt)
	d.clock.Advance(90 * time.Second)
	got := look()
	for state, want := range map[policies.State]int64{
		policies.Denied: 1, policies.Awaiting: 1, policies.Executing: 1, policies.Done: 1, policies.InDoubt: 1, policies.Failed: 0,
	} {
		if got.States[state] != want {
			t.Errorf("%d are %s, want %d", got.States[state], state, want)
		}
	}
	if got.Doubt < 90*time.Second {
		t.Errorf("the oldest doubt is %s old", got.Doubt)
	}
	byCharge := 0
	for _, h := range got.Holds {
		if h.Scope == policies.Global && (h.Actions != 2 || h.Minor != 1000) {
			t.Errorf("held are %+v", h)
		}
		if h.Scope == policies.PerCharge {
			byCharge++
			if h.Actions != 2 || h.Minor != 1000 || h.Currency == "" {
				t.Errorf("held by charge are %+v", h)
			}
		}
	}
	if byCharge != 1 {
		t.Errorf("held are %+v", got.Holds)
	}
	events := d.events()
	if err := d.Probe(t.Context()); err != nil || d.events() != events {
		t.Errorf("a sound ledger: %v", err)
	}
	d.sql(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
	if err := d.Probe(t.Context()); fault.CodeOf(err) != fault.Refused {
		t.Errorf("the tables of a newer release: %v", err)
	}
	d.sql(`DELETE FROM goose_db_version WHERE version_id = 99`)
}
