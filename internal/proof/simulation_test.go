package proof_test

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"supportmcp/internal/proof"
)

var (
	seeds   = flag.Int("seeds", 30, "simulated runs")
	from    = flag.Uint64("from", 1, "the first seed")
	verbose = flag.Bool("steps", false, "log every step of a simulation")
)

// TestWhateverDiesTheBooksAgree simulates whole runs: two servers on one ledger
// that are killed and started again, vendors that fail in every way, agents that
// ask again, a person who approves. Afterwards nothing was done twice, nothing is
// lost, no budget was exceeded, and every step is in the log.
func TestWhateverDiesTheBooksAgree(t *testing.T) {
	t.Parallel()
	first, n := *from, *seeds
	if testing.Short() {
		n = min(n, 6)
	}
	var mu sync.Mutex
	total := tally{points: map[string]int{}}
	sums := map[string]int{}
	t.Run("seed", func(t *testing.T) {
		for s := first; s < first+uint64(n); s++ {
			t.Run(fmt.Sprint(s), func(t *testing.T) {
				t.Parallel()
				w := simulate(t, s)
				mu.Lock()
				defer mu.Unlock()
				total.add(w.seen)
				sums["refunds"] += w.found.Refunds
				sums["events"] += w.found.Events
				sums["in review"] += w.found.InReview
			})
		}
	})
	t.Logf("%d seeds: %d turns, %d crashes, %d faults, %d late arrivals; %v", n, total.turns, total.crashes, total.faults, total.late, sums)
	t.Logf("crashes by point: %v", total.points)
	if n < 200 {
		return
	}
	for _, p := range proof.Points() {
		if total.points[p] == 0 {
			t.Errorf("no process died at %s", p)
		}
	}
}

func TestOneSeedIsOneRun(t *testing.T) {
	t.Parallel()
	if a, b := simulate(t, 7), simulate(t, 7); a.trace != b.trace || a.seen.turns != b.seen.turns {
		t.Errorf("two runs of a seed differ: %d turns and %d", a.seen.turns, b.seen.turns)
	}
}

// simulate runs one seed in a bubble, which fails when a goroutine is left.
func simulate(t *testing.T, seed uint64) (w *world) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("again: go test ./internal/proof -run TestWhateverDiesTheBooksAgree -from %d -seeds 1 -steps -v", seed)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(t, seed)
		w.found = w.run()
	})
	for _, p := range w.found.Problems {
		t.Errorf("seed %d: %s", seed, p)
	}
	return w
}

func (a *tally) add(b tally) {
	a.turns += b.turns
	a.crashes += b.crashes
	a.faults += b.faults
	a.late += b.late
	for p, n := range b.points {
		a.points[p] += n
	}
}
