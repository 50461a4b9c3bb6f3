package ledgertest

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// pruning says what goes when it is old, and that budgets do not notice.
func pruning(t *testing.T, fresh Fresh) {
	t.Run("what is old and settled loses its texts", func(t *testing.T) { prunedTexts(newDesk(t, fresh)) })
	t.Run("what is needed is refused", func(t *testing.T) { prunedTooSoon(newDesk(t, fresh)) })
	t.Run("a dry run counts and changes nothing", func(t *testing.T) { pruningRehearsed(newDesk(t, fresh)) })
}

func (d *desk) prune(before time.Time, dryRun bool) ledger.Pruned {
	d.t.Helper()
	p, err := d.Prune(d.t.Context(), ledger.Pruning{Before: before, Window: time.Hour, By: "officer", DryRun: dryRun})
	if err != nil || p.Lingers {
		d.t.Fatalf("prune: lingers %v, %v", p.Lingers, err)
	}
	return p
}

const days = 24 * time.Hour

// old begins an old refund in every state, and one of today; it gives the day between.
func (d *desk) old() time.Time {
	for state := range ways() {
		d.sweep()
		d.reach(state, "ch_"+string(state))
	}
	d.clock.Advance(10 * days)
	between := d.clock.Now()
	d.clock.Advance(10 * days)
	d.reach(policies.Done, "ch_today")
	return between
}

func prunedTexts(d *desk) {
	between := d.old()
	used := d.count(1000 * days)
	got := d.prune(between, false)
	for state := range ways() {
		if e := d.only("ch_" + string(state)); e.ErasedAt.IsZero() == e.State.Final() {
			d.t.Errorf("%s is erased at %v", e.State, e.ErasedAt)
		}
	}
	if d.only("ch_today").Input == nil || got.Erased+got.Kept != len(ways()) || d.count(1000*days) != used {
		d.t.Errorf("pruned %+v, and %d of %d count", got, d.count(1000*days), used)
	}
	for charge, state := range map[string]policies.State{"ch_done": policies.Done, "ch_unknown": policies.InDoubt} {
		if e, replayed, err := d.Begin(d.t.Context(), refund(charge, 100), says(policies.Allow)); err != nil || !replayed || e.State != state {
			d.t.Errorf("asked again for %s: replayed %v as %s, %v", charge, replayed, e.State, err)
		}
	}
	for _, dryRun := range []bool{true, false} {
		if again := d.prune(between, dryRun); again.Erased != 0 {
			d.t.Errorf("pruned again (dry run %v): %+v", dryRun, again)
		}
	}
	var said int
	err := d.db.QueryRowContext(d.t.Context(), `SELECT COUNT(*) FROM event WHERE body LIKE $1`, `%"erased":{"by":"officer","for":"before `+between.Format(time.RFC3339)+`"}%`).Scan(&said)
	if err != nil || said != got.Erased {
		d.t.Errorf("%d events tell of %d: %v", said, got.Erased, err)
	}
}

// only is the one refund of a charge.
func (d *desk) only(charge string) policies.Entry {
	d.t.Helper()
	var id string
	if err := d.db.QueryRowContext(d.t.Context(), `SELECT id FROM entry WHERE charge = $1`, charge).Scan(&id); err != nil {
		d.t.Fatalf("%s: %v", charge, err)
	}
	return must(d.t)(d.Entry(d.t.Context(), id))
}

func prunedTooSoon(d *desk) {
	d.reach(policies.Done, charged)
	for name, c := range map[string]struct {
		ago, window time.Duration
		by          string
		want        fault.Code
	}{
		"inside the longest window":   {90*days - time.Millisecond, 90 * days, "officer", fault.Refused},
		"at its edge":                 {90 * days, 90 * days, "officer", ""},
		"while messages still answer": {days - time.Millisecond, 0, "officer", fault.Refused},
		"when they do no longer":      {days, 0, "officer", ""},
		"to come":                     {-time.Hour, 0, "officer", fault.Refused},
		"by nobody":                   {100 * days, 0, " ", fault.Refused},
		"by what is no name":          {100 * days, 0, "a\x00", fault.Invalid},
	} {
		p := ledger.Pruning{Before: d.clock.Now().Add(-c.ago), Window: c.window, By: c.by}
		_, err := d.Prune(d.t.Context(), p)
		if wantCode(d.t, err, c.want); d.t.Failed() {
			d.t.Fatal(name)
		}
	}
	latest := d.clock.Now().Add(-90 * days).Format(time.RFC3339)
	_, err := d.Prune(d.t.Context(), ledger.Pruning{Before: d.clock.Now(), Window: 90 * days, By: "officer"})
	if err == nil || !strings.Contains(err.Error(), latest) {
		d.t.Errorf("the refusal does not tell %s: %v", latest, err)
	}
}

func pruningRehearsed(d *desk) {
	between := d.old()
	events, dump := d.events(), d.dump()
	would := d.prune(between, true)
	if d.events() != events || d.dump() != dump {
		d.t.Error("a dry run changed the ledger")
	}
	if did := d.prune(between, false); did != would || did.Erased == 0 {
		d.t.Errorf("would have pruned %+v, and pruned %+v", would, did)
	}
}
