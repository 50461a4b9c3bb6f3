package ledgertest

import (
	"context"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// aftermaths queue once what follows when an action came to nothing or stays in
// doubt, and leave every event as it must be.
func aftermaths(t *testing.T, fresh Fresh) {
	for name, c := range map[string]struct {
		effect policies.Effect
		end    func(*desk, policies.Entry)
		want   int // follow-ups
	}{
		"rejected": {policies.NeedsApproval, func(d *desk, e policies.Entry) {
			must(d.t)(d.Reject(d.t.Context(), e.ID, "robin", ""))
		}, 2},
		"expired": {policies.NeedsApproval, func(d *desk, _ policies.Entry) { d.sweep() }, 2},
		"stale by its facts": {policies.NeedsApproval, func(d *desk, e policies.Entry) {
			must(d.t)(changedFacts(d, d.approve(e)))
		}, 2},
		"stale by the policy": {policies.NeedsApproval, func(d *desk, e policies.Entry) {
			must(d.t)(d.Resume(d.t.Context(), e.ID, d.approve(e).Draft, says(policies.Deny)))
		}, 2},
		"in doubt for a moment": {policies.Allow, func(d *desk, e policies.Entry) {
			d.settle(e.ID, policies.InDoubt)
			d.settle(e.ID, policies.Done)
		}, 0},
		"in doubt for long, and then under review": {policies.Allow, func(d *desk, e policies.Entry) {
			d.settle(e.ID, policies.InDoubt)
			for range 3 {
				d.clock.Advance(10 * time.Minute)
				d.lookedFor(e)
			}
			d.settle(e.ID, policies.Review)
		}, 2},
		"done":   {policies.Allow, func(d *desk, e policies.Entry) { d.settle(e.ID, policies.Done) }, 0},
		"denied": {policies.Deny, func(*desk, policies.Entry) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, fresh).following()
			draft := refund(charged, 100)
			e, _, err := d.Begin(t.Context(), draft, says(c.effect))
			if err != nil {
				t.Fatal(err)
			}
			c.end(d, e)
			all, err := d.List(t.Context(), ledger.Filter{States: []policies.State{policies.Approved}, Limit: 10})
			if err != nil || len(all) != c.want {
				t.Fatalf("%d are queued, want %d: %v", len(all), c.want, err)
			}
			for _, f := range all {
				if f.Parent != e.ID || f.Kind != policies.KindNote && f.Kind != policies.KindAssign {
					t.Errorf("queued is %s", plain(f))
				}
			}
		})
	}
}

// following is the same desk, on a ledger with an aftermath.
func (d *desk) following() *desk {
	d.t.Helper()
	l, err := ledger.Open(context.Background(), d.url, ledger.Options{Now: d.clock.Now, Mode: "test", Aftermath: func(e policies.Entry) []policies.Followup {
		if e.State == policies.Awaiting {
			return nil // nobody need be told that it waits
		}
		return []policies.Followup{{Kind: policies.KindNote, Input: string(e.State)}, {Kind: policies.KindAssign, Input: "team"}}
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			d.t.Errorf("close: %v", err)
		}
	})
	other := *d
	other.Ledger = l
	return &other
}

func (d *desk) lookedFor(e policies.Entry) {
	d.t.Helper()
	if _, ok, err := d.Claim(d.t.Context(), e.ID, lease); err != nil || !ok {
		d.t.Fatalf("claimed %v, %v", ok, err)
	}
	_, err := d.Settle(d.t.Context(), e.ID, policies.Settlement{State: policies.InDoubt, Looked: true, Failure: settlement(policies.InDoubt).Failure})
	if err != nil {
		d.t.Fatal(err)
	}
}
