package ledgertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// step is something done to an entry; it gives the entry as it stands afterwards.
type step func(d *desk, e policies.Entry) (policies.Entry, error)

func settles(s policies.State) step {
	return func(d *desk, e policies.Entry) (policies.Entry, error) {
		return d.Settle(d.t.Context(), e.ID, settlement(s))
	}
}

func resume(d *desk, e policies.Entry) (policies.Entry, error) {
	return d.Resume(d.t.Context(), e.ID, e.Draft, says(policies.Allow))
}

// Resume resumes an entry for those who do not ask whether it was theirs to resume.
func (d *desk) Resume(ctx context.Context, id string, draft policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, error) {
	e, _, err := d.Ledger.Resume(ctx, id, draft, judge)
	return e, err
}

func changedFacts(d *desk, e policies.Entry) (policies.Entry, error) {
	e.Digest = "other facts"
	return resume(d, e)
}

func claim(d *desk, e policies.Entry) (policies.Entry, error) {
	d.clock.Advance(lease)
	e, _, err := d.Claim(d.t.Context(), e.ID, lease)
	return e, err
}

func approve(d *desk, e policies.Entry) (policies.Entry, error) {
	return d.Approve(d.t.Context(), e.ID, "person", "fine")
}

func reject(d *desk, e policies.Entry) (policies.Entry, error) {
	return d.Reject(d.t.Context(), e.ID, "person", "no")
}

func waitTooLong(d *desk, e policies.Entry) (policies.Entry, error) {
	d.sweep()
	return d.Entry(d.t.Context(), e.ID)
}

// sweep expires all that waits.
func (d *desk) sweep() {
	d.t.Helper()
	d.clock.Advance(expires)
	if _, err := d.Due(d.t.Context(), policies.DueApproved, 10); err != nil {
		d.t.Fatal(err)
	}
}

// way leads to a state: what the judgement says, and the steps after it.
type way struct {
	effect policies.Effect
	steps  []step
}

func ways() map[policies.State]way {
	return map[policies.State]way{
		policies.Denied:    {policies.Deny, nil},
		policies.Awaiting:  {policies.NeedsApproval, nil},
		policies.Approved:  {policies.NeedsApproval, []step{approve}},
		policies.Executing: {policies.Allow, nil},
		policies.Done:      {policies.Allow, []step{settles(policies.Done)}},
		policies.Failed:    {policies.Allow, []step{settles(policies.Failed)}},
		policies.InDoubt:   {policies.Allow, []step{settles(policies.InDoubt)}},
		policies.Review:    {policies.Allow, []step{settles(policies.Review)}},
		policies.Rejected:  {policies.NeedsApproval, []step{reject}},
		policies.Expired:   {policies.NeedsApproval, []step{waitTooLong}},
		policies.Stale:     {policies.NeedsApproval, []step{approve, changedFacts}},
	}
}

// reach brings the refund of a charge into a state.
func (d *desk) reach(s policies.State, charge string) policies.Entry {
	d.t.Helper()
	w := ways()[s]
	e := d.begin(refund(charge, 100), w.effect)
	for _, next := range w.steps {
		e = must(d.t)(next(d, e))
	}
	if e.State != s {
		d.t.Fatalf("the way to %s ends in %s", s, e.State)
	}
	return e
}

// transitions tries every step from every state: those listed lead on, and all
// others leave the entry as it is. People get an error then, programs do not.
func transitions(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	steps := []struct {
		name   string
		do     step
		person bool
		to     policies.State
		from   []policies.State
	}{
		{"resume", resume, false, policies.Executing, []policies.State{policies.Approved}},
		{"resume with other facts", changedFacts, false, policies.Stale, []policies.State{policies.Approved}},
		{"claim", claim, false, policies.InDoubt, []policies.State{policies.Executing, policies.InDoubt}},
		{"settle done", settles(policies.Done), false, policies.Done, []policies.State{policies.Executing, policies.InDoubt, policies.Review}},
		{"settle failed", settles(policies.Failed), false, policies.Failed, []policies.State{policies.Executing, policies.InDoubt, policies.Review}},
		{"settle unknown", settles(policies.InDoubt), false, policies.InDoubt, []policies.State{policies.Executing, policies.InDoubt}},
		{"settle review", settles(policies.Review), false, policies.Review, []policies.State{policies.Executing, policies.InDoubt}},
		{"approve", approve, true, policies.Approved, []policies.State{policies.Awaiting}},
		{"reject", reject, true, policies.Rejected, []policies.State{policies.Awaiting}},
		{"wait too long", waitTooLong, false, policies.Expired, []policies.State{policies.Awaiting, policies.Approved}},
	}
	for from := range ways() {
		for _, s := range steps {
			t.Run(string(from)+"/"+s.name, func(t *testing.T) {
				d := d.in(t)
				d.sweep() // nothing waits from before
				e := d.reach(from, "ch_"+t.Name())
				if !slices.Contains(s.from, from) {
					d.stays(e, s.do, s.person)
					return
				}
				d.leads(e, s.do, s.to)
			})
		}
	}
}

// leads does a step that must lead to a state, in one event.
func (d *desk) leads(before policies.Entry, do step, to policies.State) {
	d.t.Helper()
	events := d.events()
	after := d.stored(must(d.t)(do(d, before)))
	if after.State != to {
		d.t.Errorf("got state %s, want %s", after.State, to)
	}
	if added := d.events() - events; added != 1 {
		d.t.Errorf("appended %d events", added)
	}
	d.countsAs(after)
}

// stays does a step that must change nothing.
func (d *desk) stays(before policies.Entry, do step, person bool) {
	d.t.Helper()
	events := d.events()
	after, err := do(d, before)
	switch {
	case !person && err != nil:
		d.t.Errorf("got an error: %v", err)
	case person:
		wantCode(d.t, err, fault.Refused)
		if err == nil || !strings.Contains(err.Error(), string(before.State)) {
			d.t.Errorf("the refusal does not tell the state %s: %v", before.State, err)
		}
	case plain(after) != plain(before):
		d.t.Errorf("answered %s, was %s", plain(after), plain(before))
	}
	d.stored(before)
	if added := d.events() - events; added != 0 {
		d.t.Errorf("appended %d events", added)
	}
	d.countsAs(before)
}

// countsAs checks that a refund counts exactly when its state does.
func (d *desk) countsAs(e policies.Entry) {
	d.t.Helper()
	s, err := d.Read(d.t.Context(), reads(policies.Query{Scope: policies.Scope("charge:" + e.Subject.Charge), Currency: "eur", Window: 24 * time.Hour}))
	if err != nil {
		d.t.Fatal(err)
	}
	if u := s.Usage[0]; (u.Count == 1 && u.Sum == 100) != e.State.Counts() {
		d.t.Errorf("in state %s it counts as %+v", e.State, u)
	}
}

// events is how many events the log has.
func (d *desk) events() int64 {
	d.t.Helper()
	var n int64
	if err := d.db.QueryRowContext(d.t.Context(), `SELECT COUNT(*) FROM event`).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}
