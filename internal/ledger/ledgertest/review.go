package ledgertest

import (
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// judgement is a settlement by a person.
func judgement(s policies.State, by, note string) policies.Settlement {
	out := settlement(s)
	out.By, out.Note = by, note
	return out
}

// review is ended by people, who leave their name and their reason, and by
// nobody who asked for the action.
func review(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	for _, to := range []policies.State{policies.Done, policies.Failed} {
		t.Run(string(to), func(t *testing.T) {
			d := d.in(t)
			e := d.reach(policies.Review, "ch_"+string(to))
			for _, by := range []string{"agent", " AGENT "} {
				_, err := d.Settle(t.Context(), e.ID, judgement(to, by, "I know"))
				wantCode(t, err, fault.Refused)
			}
			_, err := d.Settle(t.Context(), e.ID, judgement(to, " ", "nobody"))
			wantCode(t, err, fault.Refused)
			_, err = d.Settle(t.Context(), e.ID, judgement(to, "robin", strings.Repeat("x", 1001)))
			wantCode(t, err, fault.Invalid)
			d.stored(e)
			d.leads(e, func(d *desk, e policies.Entry) (policies.Entry, error) {
				return d.Settle(d.t.Context(), e.ID, judgement(to, " robin ", "seen in the dashboard"))
			}, to)
			got := must(t)(d.Entry(t.Context(), e.ID))
			if got.Approver != "robin" || got.Note != "seen in the dashboard" {
				t.Errorf("settled by %q: %q", got.Approver, got.Note)
			}
			if body := d.lastEvent(); !strings.Contains(body, `"approver":"robin"`) || strings.Contains(body, "dashboard") {
				t.Errorf("the event is %s", body)
			}
		})
	}
	for from := range ways() {
		t.Run("not from "+string(from), func(t *testing.T) {
			if from == policies.Review {
				return
			}
			d := d.in(t)
			d.sweep()
			e := d.reach(from, "ch_from_"+string(from))
			d.stays(e, func(d *desk, e policies.Entry) (policies.Entry, error) {
				return d.Settle(d.t.Context(), e.ID, judgement(policies.Failed, "robin", "I know"))
			}, true)
		})
	}
	for _, to := range []policies.State{policies.InDoubt, policies.Review} {
		t.Run("not to "+string(to), func(t *testing.T) {
			d := d.in(t)
			e := d.reach(policies.Review, "ch_to_"+string(to))
			_, err := d.Settle(t.Context(), e.ID, judgement(to, "robin", "I know"))
			wantCode(t, err, fault.Refused)
			d.stored(e)
		})
	}
}

// lastEvent is the newest event as it is stored.
func (d *desk) lastEvent() (body string) {
	d.t.Helper()
	if err := d.db.QueryRowContext(d.t.Context(), `SELECT body FROM event ORDER BY seq DESC LIMIT 1`).Scan(&body); err != nil {
		d.t.Fatal(err)
	}
	return body
}
