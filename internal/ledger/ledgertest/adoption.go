package ledgertest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// found is what a vendor did under an id, which may have been asked for as any of
// the drafts.
func (d *desk) found(id string, as ...policies.Draft) policies.Adoption {
	return policies.Adoption{
		ID: id, Drafts: as, Receipt: json.RawMessage(`{"id":"re_found"}`), At: d.clock.Now().Add(-time.Hour),
		Decision: policies.Decision{Effect: policies.Allow, Findings: []policies.Finding{{Rule: "adopted", Effect: policies.Allow, Message: "found"}}},
	}
}

func (d *desk) adopt(a policies.Adoption, want bool) policies.Entry {
	d.t.Helper()
	e, adopted, err := d.Adopt(d.t.Context(), a)
	if err != nil || adopted != want {
		d.t.Fatalf("adopted %v, want %v: %v", adopted, want, err)
	}
	return e
}

// adoption brings back what a vendor did and the ledger lost: once, under its own
// id, answering the same request and counting from then on.
func adoption(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	lost := newDesk(t, fresh) // it has what the other one is missing
	t.Run("what is missing", func(t *testing.T) {
		d := d.in(t)
		lost.begin(refund("ch_lost", 100), policies.Deny)
		theirs := lost.begin(refund("ch_lost", 100), policies.Allow) // the second attempt
		before := d.count(24 * time.Hour)
		wrong := refund("ch_lost", 200)
		e := d.stored(d.adopt(d.found(theirs.ID, wrong, refund("ch_lost", 100)), true))
		if e.State != policies.Done || e.Ordinal != 1 || string(e.Receipt) != `{"id":"re_found"}` || e.FirstSent.IsZero() {
			t.Errorf("adopted as %+v", e)
		}
		if body := d.lastEvent(); !strings.Contains(body, `"rule":"adopted"`) || !strings.Contains(body, `"to":"done"`) {
			t.Errorf("the event is %s", body)
		}
		if got := d.count(24 * time.Hour); got != before+1 {
			t.Errorf("%d count, and %d before", got, before)
		}
		d.adopt(d.found(theirs.ID, refund("ch_lost", 100)), false)
		got, replayed, err := d.Begin(t.Context(), refund("ch_lost", 100), says(policies.Allow))
		if err != nil || !replayed || got.ID != theirs.ID {
			t.Errorf("the same request is answered by %s, replayed %v: %v", got.ID, replayed, err)
		}
		again := refund("ch_lost", 100)
		again.RepeatOf = theirs.ID
		if next := d.begin(again, policies.Deny); next.Ordinal != 2 {
			t.Errorf("its repeat has ordinal %d", next.Ordinal)
		}
	})
	t.Run("by state", func(t *testing.T) {
		for state := range ways() {
			d := d.in(t)
			d.sweep()
			e := d.reach(state, "ch_kept_"+string(state))
			events := d.events()
			got := d.stored(d.adopt(d.found(e.ID, refund("ch_kept_"+string(state), 100)), !state.Counts()))
			if want := state; state.Counts() && got.State != want || !state.Counts() && got.State != policies.Done {
				t.Errorf("%s became %s", state, got.State)
			}
			if added := d.events() - events; (added == 1) == state.Counts() {
				t.Errorf("%s: %d events", state, added)
			}
			d.countsAs(got)
		}
	})
	t.Run("what is not ours", func(t *testing.T) {
		d := d.in(t)
		events := d.events()
		for _, id := range []string{"", "act_1", "act_000000000000000000000000", "\x00", strings.Repeat("x", 2000)} {
			if _, _, err := d.Adopt(t.Context(), d.found(id, refund("ch_none", 100))); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%.20q: %v", id, err)
			}
		}
		elsewhere := refund("ch_else", 100)
		elsewhere.Subject.Conversation = "conv_2"
		theirs := lost.begin(elsewhere, policies.Allow)
		if _, _, err := d.Adopt(t.Context(), d.found(theirs.ID, refund("ch_else", 100))); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("of another conversation: %v", err)
		}
		if added := d.events() - events; added != 0 {
			t.Errorf("%d events", added)
		}
	})
	t.Run("by all replicas at once", func(t *testing.T) { adoptedByAll(d.in(t), lost) })
}

// adoptedByAll lets eight adopt the same at once, over two ledgers of one database.
func adoptedByAll(d, lost *desk) {
	theirs := lost.begin(refund("ch_race", 100), policies.Allow)
	other := d.open()
	var all sync.WaitGroup
	adopted := make([]bool, 8)
	for i := range adopted {
		all.Go(func() {
			l := []*desk{d, {Ledger: other}}[i%2]
			var err error
			if _, adopted[i], err = l.Adopt(d.t.Context(), d.found(theirs.ID, refund("ch_race", 100))); err != nil {
				d.t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(slices.DeleteFunc(adopted, func(yes bool) bool { return !yes })); n != 1 {
		d.t.Errorf("adopted %d times", n)
	}
}

// comparison remembers until when the ledger was compared, and its own name.
func comparison(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	until := func(want time.Time) {
		t.Helper()
		got, err := d.Compared(t.Context())
		if err != nil || !got.Equal(want) {
			t.Errorf("compared until %s, want %s: %v", got, want, err)
		}
	}
	made := d.clock.Now()
	until(made)
	d.clock.Advance(time.Hour)
	second := d.open()
	until(made)
	if d.ID() != second.ID() || len(d.ID()) != len("led_")+24 || d.ID() == newDesk(t, fresh).ID() {
		t.Errorf("it calls itself %q and %q", d.ID(), second.ID())
	}
	for _, at := range []time.Time{d.clock.Now(), made} { // never back
		if err := d.KeepCompared(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		until(d.clock.Now())
	}
}

// account keeps a ledger to the first Stripe account it is used with.
func account(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	for _, name := range []string{"acct_1", "acct_1"} {
		if err := d.Bind(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	err := d.open().Bind(t.Context(), "acct_2")
	wantCode(t, err, fault.Refused)
	if f, _ := errors.AsType[*fault.Error](err); f == nil || f.NextStep == "" || !strings.Contains(f.Message, "acct_1") {
		t.Errorf("refused with %+v", f)
	}
	in, err := ledger.Inspect(t.Context(), d.url, "test")
	if err != nil || in.Account != "acct_1" {
		t.Errorf("inspected as %+v: %v", in, err)
	}
}
