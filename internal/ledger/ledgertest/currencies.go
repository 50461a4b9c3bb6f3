package ledgertest

import (
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// edges are the first and the last millisecond of a window, as a judgement meets them.
func edges(t *testing.T, fresh Fresh) {
	const window = time.Hour
	asks := func(n int) policies.Draft {
		draft := refund(charge(n), 100)
		draft.Reads.Queries[0].Window = window
		return draft
	}
	for name, judge := range map[string]func(policies.Snapshot) policies.Decision{
		"sums":   upTo(200, 100),
		"counts": atMost(2),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, fresh)
			n := 0
			asked := func(want policies.State) policies.Entry {
				t.Helper()
				n++
				e, _, err := d.Begin(t.Context(), asks(n), judge)
				if e.State != want || err != nil {
					t.Errorf("refund %d is %s, want %s: %v", n, e.State, want, err)
				}
				return e
			}
			first := asked(policies.Executing)
			d.clock.Advance(2 * window)
			d.settle(first.ID, policies.Done) // its window begins now, not when it began
			second := asked(policies.Executing)
			asked(policies.Denied)
			d.clock.Advance(window - time.Millisecond)
			asked(policies.Denied) // the first is in its last millisecond
			d.clock.Advance(time.Millisecond)
			third := asked(policies.Executing)
			asked(policies.Denied) // the second is still open
			d.settle(second.ID, policies.Failed)
			asked(policies.Executing)
			d.settle(third.ID, policies.Done)
			d.clock.Advance(window - time.Millisecond)
			asked(policies.Denied)
		})
	}
}

// atMost allows until the first query's count would pass limit.
func atMost(limit int64) func(policies.Snapshot) policies.Decision {
	return func(s policies.Snapshot) policies.Decision {
		if s.Usage[0].Count+1 > limit {
			return says(policies.Deny)(s)
		}
		return says(policies.Allow)(s)
	}
}

// most is the largest amount that a ledger records, in minor units.
const most = 999_999_999_999

func inCurrency(n int, minor int64, c money.Currency) policies.Draft {
	draft := refund(charge(n), 1)
	draft.Subject.Cost = money.Of(minor, c)
	draft.Subject.Same = charge(n) + " " + draft.Subject.Cost.String()
	draft.Reads.Queries[0].Currency = c
	return draft
}

// currencies of any number of decimals share a scope: sums stay apart, counts do not.
func currencies(t *testing.T, fresh Fresh) {
	costs := map[money.Currency]int64{
		"eur": 1, "usd": 250, "gbp": most, "jpy": 7, "krw": 500_000, "clp": 1, // none
		"kwd": 1_230, "bhd": 10, "tnd": 999_990, // three
		"isk": 100, "ugx": 300_000, "huf": 12_345,
	}
	t.Run("many in one scope", func(t *testing.T) {
		d := newDesk(t, fresh)
		n := int64(0)
		for c, minor := range costs {
			for range 2 {
				var seen policies.Usage
				e, _, err := d.Begin(t.Context(), inCurrency(int(n), minor, c), func(s policies.Snapshot) policies.Decision {
					seen = s.Usage[0]
					return says(policies.Allow)(s)
				})
				if err != nil || seen.Count != n || seen.Sum != 0 && seen.Sum != minor {
					t.Errorf("before refund %d of %s: %d count, %d are summed: %v", n, c, seen.Count, seen.Sum, err)
				}
				if n++; n%3 > 0 {
					d.settle(e.ID, policies.Done)
				}
			}
		}
		for c, minor := range costs {
			for _, scope := range []policies.Scope{"customer:cus_1", "global:", "principal:agent", "conversation:conv_1"} {
				s, err := d.Read(t.Context(), reads(policies.Query{Scope: scope, Currency: c, Window: time.Hour}))
				if err != nil || s.Usage[0].Sum != 2*minor || s.Usage[0].Count != n {
					t.Errorf("%s in %s: %d in %d refunds, want %d in %d: %v", c, scope, s.Usage[0].Sum, s.Usage[0].Count, 2*minor, n, err)
				}
			}
		}
	})
	t.Run("each has its own budget", func(t *testing.T) {
		d := newDesk(t, fresh)
		n := 0
		for c, minor := range costs {
			for _, want := range []policies.State{policies.Executing, policies.Executing, policies.Denied} {
				e, _, err := d.Begin(t.Context(), inCurrency(n, minor, c), upTo(3*minor-1, minor))
				if e.State != want || err != nil {
					t.Errorf("%s: %s, want %s: %v", c, e.State, want, err)
				}
				n++
			}
		}
	})
	t.Run("an amount that no vendor can move", func(t *testing.T) {
		d := newDesk(t, fresh)
		for _, minor := range []int64{most + 1, 1 << 53, -most - 1} {
			_, _, err := d.Begin(t.Context(), inCurrency(1, minor, "eur"), says(policies.Allow))
			wantCode(t, err, fault.Invalid)
		}
	})
	t.Run("a sum beyond all numbers allows nothing", func(t *testing.T) {
		d := openDesk(t, fresh(t)) // not sound: its amounts were changed behind its back
		d.begin(refund("ch_1", 100), policies.Allow)
		d.begin(refund("ch_2", 100), policies.Allow)
		d.sql(`UPDATE hold SET minor = 9223372036854775807`)
		_, _, err := d.Begin(t.Context(), refund("ch_3", 100), says(policies.Allow))
		wantCode(t, err, fault.Internal)
		if e, err := d.List(t.Context(), ledger.Filter{}); len(e) != 2 || err != nil {
			t.Errorf("%d are recorded: %v", len(e), err)
		}
	})
}
