package policies

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestEffectsAreWrittenByName(t *testing.T) {
	for want, e := range map[string]Effect{`"deny"`: Deny, `"needs_approval"`: NeedsApproval, `"allow"`: Allow} {
		b, err := json.Marshal(e)
		if err != nil || string(b) != want {
			t.Errorf("%s: got %s, %v", want, b, err)
		}
		back := Effect(-1)
		if err := json.Unmarshal(b, &back); err != nil || back != e {
			t.Errorf("%s came back as %d, %v", b, back, err)
		}
	}
}

func TestAnUnknownEffectIsAnErrorAndChangesNothing(t *testing.T) {
	for _, s := range []string{"", "Allow", "ALLOW", "allow ", "yes", "2"} {
		e := Deny
		if err := e.UnmarshalText([]byte(s)); err == nil || e != Deny {
			t.Errorf("%q became %s", s, e)
		}
	}
	if got := Effect(7).String(); got != "deny" {
		t.Errorf("an effect out of range reads %s", got)
	}
}

func TestTheStrictestFindingWins(t *testing.T) {
	of := func(effects ...Effect) (fs []Finding) {
		for _, e := range effects {
			fs = append(fs, Finding{Rule: e.String(), Effect: e})
		}
		return fs
	}
	for _, c := range []struct {
		findings []Finding
		want     Effect
	}{
		{nil, Deny},
		{of(Allow), Allow},
		{of(Allow, NeedsApproval, Allow), NeedsApproval},
		{of(Allow, NeedsApproval, Deny), Deny},
		{of(Deny, Allow), Deny},
	} {
		if d := decide("r", c.findings, room{}); d.Effect != c.want {
			t.Errorf("%v: %s", c.findings, d.Effect)
		}
	}
	d := decide("r", of(NeedsApproval, Allow, Deny, NeedsApproval), room{})
	var rules []string
	for _, f := range d.Against() {
		rules = append(rules, f.Rule)
	}
	if !slices.Equal(rules, []string{"deny", "needs_approval", "needs_approval"}) || len(d.Findings) != 4 {
		t.Errorf("against %v of %v", rules, d.Findings)
	}
}

func TestRestrictOnlyRestrictsAndLeavesTheOriginalAlone(t *testing.T) {
	for _, e := range []Effect{Deny, NeedsApproval, Allow} {
		d := decide("r", []Finding{{Effect: e}}, room{})
		for _, by := range []Effect{Deny, NeedsApproval, Allow} {
			if got := d.restrict(Finding{Effect: by}); got.Effect != min(e, by) || len(got.Findings) != 2 || len(d.Findings) != 1 {
				t.Errorf("%s by %s: %+v", e, by, got)
			}
		}
	}
}

func TestWhereAJudgementLeads(t *testing.T) {
	for _, c := range []struct {
		effect   Effect
		approved bool
		want     State
	}{
		{Allow, false, Executing},
		{Allow, true, Executing},
		{NeedsApproval, false, Awaiting},
		{NeedsApproval, true, Executing},
		{Deny, false, Denied},
		{Deny, true, Stale},
	} {
		if got := Next(Decision{Effect: c.effect}, c.approved); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestWhatCountsAndWhatIsLive(t *testing.T) {
	for s, want := range map[State]struct{ live, inFlight, counts bool }{
		Denied: {}, Failed: {}, Rejected: {}, Expired: {}, Stale: {},
		Awaiting:  {live: true},
		Approved:  {live: true},
		Executing: {true, true, true},
		InDoubt:   {true, true, true},
		Review:    {true, true, true},
		Done:      {counts: true},
	} {
		if s.Live() != want.live || s.InFlight() != want.inFlight || s.Counts() != want.counts {
			t.Errorf("%s: live %v, in flight %v, counts %v", s, s.Live(), s.InFlight(), s.Counts())
		}
	}
}

func TestScopesAreSortedAndNeverEmpty(t *testing.T) {
	full := Scopes(Subject{Conversation: "1", Customer: "cus_1", Charge: "ch_1"}, "agent")
	want := []Scope{"charge:ch_1", "conversation:1", "customer:cus_1", "global:", "principal:agent"}
	if !slices.Equal(full, want) || !slices.IsSorted(full) {
		t.Errorf("got %v", full)
	}
	if bare := Scopes(Subject{}, ""); !slices.Equal(bare, []Scope{"global:"}) {
		t.Errorf("got %v", bare)
	}
}

func BenchmarkJudgeRefund(b *testing.B) {
	p, r := testPolicy(b), refundOf(2000)
	snap := Snapshot{Now: noon(), Usage: make([]Usage, len(p.Refund.Budgets))}
	snap.Usage[0] = Usage{Count: 2, Sum: 9000, Settled: []Settled{{noon().Add(-time.Hour), 9000}}}
	for b.Loop() {
		_, judge := p.plan(r, Request{Principal: "agent"})
		if judge(snap).Effect != Allow {
			b.Fatal("not allowed")
		}
	}
}
