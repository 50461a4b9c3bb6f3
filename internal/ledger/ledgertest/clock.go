package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// wrongClock sets the clock back, as a broken battery or a restored machine does.
// Nothing new begins by such a clock, what has begun is still recorded, and
// nothing is freed early, neither while it is wrong nor when it is right again.
func wrongClock(t *testing.T, fresh Fresh) {
	for _, c := range []struct {
		name string
		test func(d *desk)
	}{
		{"nothing begins, and outcomes are recorded", wrongClockBegins},
		{"windows", wrongClockWindows},
		{"leases", wrongClockLeases},
		{"approvals", wrongClockApprovals},
		{"a clock that ran ahead", clockAhead},
		{"a clock that is being corrected keeps nobody waiting", clockCorrected},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newDesk(t, fresh)) })
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("no budget is overrun, seed ", seed), func(t *testing.T) { unsteady(t, newDesk(t, fresh), rand.New(rand.NewPCG(seed, 0))) })
	}
}

func wrongClockBegins(d *desk) {
	flying := d.begin(refund("ch_flying", 100), policies.Allow)
	queued := d.approve(d.begin(refund("ch_queued", 100), policies.NeedsApproval))
	d.clock.Advance(-5 * time.Hour)
	refused := func(call string, err error) {
		d.t.Helper()
		wantCode(d.t, err, fault.Refused)
		if err == nil || !strings.Contains(err.Error(), "5h0m0s behind") || fault.TookOf(err) != fault.No {
			d.t.Errorf("%s: %v", call, err)
		}
	}
	for _, dry := range []bool{true, false} {
		draft := refund("ch_new", 100)
		draft.DryRun = dry
		_, _, err := d.Begin(d.t.Context(), draft, says(policies.Allow))
		refused("begin", err)
	}
	_, err := d.Resume(d.t.Context(), queued.ID, refund("ch_queued", 100), says(policies.Allow))
	refused("resume", err)
	if e, replayed, err := d.Begin(d.t.Context(), refund("ch_flying", 100), says(policies.Allow)); !replayed || e.ID != flying.ID || err != nil {
		d.t.Errorf("what is asked again is answered %s: %v", e.ID, err)
	}
	d.stored(d.settle(flying.ID, policies.Done))
	d.clock.Advance(5 * time.Hour)
	resumed := must(d.t)(d.Resume(d.t.Context(), queued.ID, refund("ch_queued", 100), says(policies.Allow)))
	if n := d.count(time.Hour); n != 2 || resumed.State != policies.Executing {
		d.t.Errorf("with the right clock again %d count, and %s is %s", n, queued.ID, resumed.State)
	}
}

func wrongClockWindows(d *desk) {
	d.settle(d.begin(refund("ch_1", 100), policies.Allow).ID, policies.Done)
	second := d.begin(refund("ch_2", 100), policies.Allow)
	for _, step := range []struct {
		move time.Duration
		want int64
	}{{-5 * time.Hour, 2}, {time.Hour, 2}, {4 * time.Hour, 2}, {time.Hour - time.Millisecond, 2}, {time.Millisecond, 0}} {
		d.clock.Advance(step.move)
		d.settle(second.ID, policies.Done)
		if n := d.count(time.Hour); n != step.want {
			d.t.Errorf("after a step of %s %d count, want %d", step.move, n, step.want)
		}
	}
}

func wrongClockLeases(d *desk) {
	lapsed := d.begin(refund("ch_lapsed", 100), policies.Allow)
	d.clock.Advance(lease)
	held := d.begin(refund("ch_held", 100), policies.Allow)
	d.clock.Advance(-5 * time.Hour)
	if _, ok, err := d.Claim(d.t.Context(), held.ID, lease); ok || err != nil {
		d.t.Errorf("a lease that holds was taken over: %v, %v", ok, err)
	}
	if _, ok, err := d.Claim(d.t.Context(), lapsed.ID, lease); ok || fault.CodeOf(err) != fault.Refused {
		d.t.Errorf("taken up by a wrong clock: %v, %v", ok, err)
	}
	d.clock.Advance(5 * time.Hour)
	for id, want := range map[string]bool{lapsed.ID: true, held.ID: false} {
		if _, ok, err := d.Claim(d.t.Context(), id, lease); ok != want || err != nil {
			d.t.Errorf("with the right clock %s was taken over: %v, %v", id, ok, err)
		}
	}
}

func wrongClockApprovals(d *desk) {
	first := d.begin(refund("ch_1", 100), policies.NeedsApproval)
	second := d.begin(refund("ch_2", 100), policies.NeedsApproval)
	d.clock.Advance(-5 * time.Hour)
	if due, err := d.Due(d.t.Context(), policies.DueApproved, 10); err != nil || len(due) != 0 {
		d.t.Errorf("due are %v: %v", due, err)
	}
	d.approve(first)
	d.clock.Advance(5*time.Hour + expires)
	if due, err := d.Due(d.t.Context(), policies.DueApproved, 10); err != nil || len(due) != 0 {
		d.t.Errorf("due are %v: %v", due, err)
	}
	for _, e := range []policies.Entry{first, second} {
		if got := must(d.t)(d.Entry(d.t.Context(), e.ID)); got.State != policies.Expired {
			d.t.Errorf("%s is %s after its time", e.ID, got.State)
		}
	}
}

func clockAhead(d *desk) {
	d.clock.Advance(1000 * 24 * time.Hour)
	ahead := d.begin(refund("ch_1", 100), policies.Allow)
	d.settle(ahead.ID, policies.Done)
	d.clock.Advance(-1000 * 24 * time.Hour)
	_, _, err := d.Begin(d.t.Context(), refund("ch_2", 100), says(policies.Allow))
	wantCode(d.t, err, fault.Refused)
	d.sql(`UPDATE event_head SET newest = 0`) // as docs/operations.md says
	d.begin(refund("ch_2", 100), policies.Allow)
	d.clock.Advance(48 * time.Hour)
	if n := d.count(time.Hour); n != 2 {
		d.t.Errorf("%d count, want what is in flight and what is dated in the future", n)
	}
}

func clockCorrected(d *desk) {
	before := d.begin(refund("ch_1", 100), policies.Allow)
	d.clock.Advance(-time.Minute)
	if e := d.begin(refund("ch_2", 100), policies.Allow); !e.CreatedAt.Equal(before.CreatedAt) {
		d.t.Errorf("time ran from %s back to %s", before.CreatedAt, e.CreatedAt)
	}
}

// unsteady spends a budget of 5 an hour by a clock that jumps back by hours and
// forward again. No hour by the right clock sees more than that.
func unsteady(t *testing.T, d *desk, random *rand.Rand) {
	const limit = 5
	right := d.clock.Now()
	var settled []time.Time
	within := func() (n int) {
		for _, at := range settled {
			if at.After(right.Add(-time.Hour)) {
				n++
			}
		}
		return n
	}
	allowed := 0
	for i := range 150 {
		switch wrong := d.clock.Now().Before(right); {
		case wrong && random.IntN(3) == 0:
			d.clock.Advance(right.Sub(d.clock.Now()))
		case !wrong && random.IntN(10) == 0:
			d.clock.Advance(-time.Duration(random.Int64N(int64(8 * time.Hour))))
		case !wrong:
			d.clock.Advance(time.Duration(random.Int64N(int64(10 * time.Minute))))
			right = d.clock.Now()
		}
		draft := refund(charge(i), 100)
		draft.Reads.Queries[0].Window = time.Hour
		e, _, err := d.Begin(t.Context(), draft, upTo(limit*100, 100))
		if err != nil && fault.CodeOf(err) != fault.Refused {
			t.Fatal(err)
		}
		if e.State != policies.Executing {
			continue
		}
		allowed++
		if n := within(); n >= limit {
			t.Errorf("step %d: one more refund was allowed on top of %d in an hour", i, n)
		}
		d.settle(e.ID, policies.Done)
		settled = append(settled, right)
	}
	if allowed < limit {
		t.Errorf("only %d were allowed", allowed)
	}
}

func (d *desk) approve(e policies.Entry) policies.Entry {
	d.t.Helper()
	return must(d.t)(d.Approve(d.t.Context(), e.ID, "robin", ""))
}
