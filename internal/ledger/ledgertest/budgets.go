package ledgertest

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// windows are rolling: (now − window, now], from the settlement on; what is not
// settled counts whatever its age.
func windows(t *testing.T, fresh Fresh) {
	t.Run("an action leaves its window to the millisecond", func(t *testing.T) {
		d := newDesk(t, fresh)
		e := d.begin(refund(charged, 100), policies.Allow)
		d.clock.Advance(48 * time.Hour)
		if n := d.count(time.Hour); n != 1 {
			t.Errorf("in flight for two days, %d count", n)
		}
		d.settle(e.ID, policies.Done)
		d.clock.Advance(time.Hour - time.Millisecond)
		if n := d.count(time.Hour); n != 1 {
			t.Errorf("just within the hour, %d count", n)
		}
		d.clock.Advance(time.Millisecond)
		if n := d.count(time.Hour); n != 0 {
			t.Errorf("an hour on, %d count", n)
		}
	})
	t.Run("what is in doubt or under review does not age", func(t *testing.T) {
		d := newDesk(t, fresh)
		e := d.begin(refund(charged, 100), policies.Allow)
		for _, s := range []policies.State{policies.InDoubt, policies.Review} {
			d.settle(e.ID, s)
			d.clock.Advance(1000 * time.Hour)
			if n := d.count(time.Hour); n != 1 {
				t.Errorf("%s: %d count", s, n)
			}
		}
		d.settle(e.ID, policies.Failed)
		if n := d.count(time.Hour); n != 0 {
			t.Errorf("failed: %d count", n)
		}
	})
}

// usage says what a query is answered, and what a judgement is told.
func usage(t *testing.T, fresh Fresh) {
	t.Run("sums are per currency, counts are not", func(t *testing.T) {
		d := newDesk(t, fresh)
		d.begin(refund("ch_1", 100), policies.Allow)
		yen := refund("ch_2", 7)
		yen.Subject.Cost, yen.Subject.Same = money.Of(7, "jpy"), "ch_2 7 JPY"
		d.settle(d.begin(yen, policies.Allow).ID, policies.Done)
		d.begin(message(policies.KindReply, "no refund"), policies.Allow)
		s, err := d.Read(t.Context(), reads(
			policies.Query{Scope: "global:", Currency: "eur", Window: time.Hour},
			policies.Query{Scope: "customer:cus_1", Currency: "jpy", Window: time.Hour},
			policies.Query{Scope: "charge:ch_1", Currency: "jpy", Window: time.Hour},
			policies.Query{Scope: "charge:ch_3", Currency: "eur", Window: time.Hour},
		))
		want := policies.Snapshot{Now: d.clock.Now(), Usage: []policies.Usage{
			{Count: 2, Sum: 100, Settled: []policies.Settled{{At: d.clock.Now()}}},
			{Count: 2, Sum: 7, Settled: []policies.Settled{{At: d.clock.Now(), Minor: 7}}},
			{Count: 1},
			{},
		}}
		if diff := cmp.Diff(want, s); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
	t.Run("receipts are what was given in the conversation, newest first", func(t *testing.T) { toldReceipts(newDesk(t, fresh)) })
	t.Run("the oldest 16 settled actions are listed", func(t *testing.T) {
		d := newDesk(t, fresh)
		start := d.clock.Now()
		for i := range 20 {
			d.settle(d.begin(refund(charge(i), int64(i)+1), policies.Allow).ID, policies.Done)
			d.clock.Advance(time.Minute)
		}
		s, err := d.Read(t.Context(), reads(policies.Query{Scope: "principal:agent", Currency: "eur", Window: 18*time.Minute + 1}))
		if err != nil {
			t.Fatal(err)
		}
		u := s.Usage[0]
		if u.Count != 18 || len(u.Settled) != 16 || !u.Settled[0].At.Equal(start.Add(2*time.Minute)) || u.Settled[15].Minor != 18 {
			t.Errorf("%d count, %d are listed: %v", u.Count, len(u.Settled), u.Settled)
		}
	})
	t.Run("judging sees what was counted, and its own moment", func(t *testing.T) {
		d := newDesk(t, fresh)
		d.begin(refund("ch_1", 100), policies.Allow)
		d.clock.Advance(time.Second)
		var seen policies.Snapshot
		_, _, err := d.Begin(t.Context(), refund("ch_2", 50), func(s policies.Snapshot) policies.Decision {
			seen = s
			return says(policies.Deny)(s)
		})
		want := policies.Snapshot{Now: d.clock.Now(), Usage: []policies.Usage{{Count: 1, Sum: 100}}}
		if diff := cmp.Diff(want, seen); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
	t.Run("a budget without kinds is no budget", func(t *testing.T) {
		d := newDesk(t, fresh)
		_, err := d.Read(t.Context(), policies.Reads{Queries: []policies.Query{{Scope: "global:", Window: time.Hour}}})
		wantCode(t, err, fault.Internal)
	})
}

// ofKind is a refund turned into another kind of giving.
func ofKind(k policies.Kind, d policies.Draft) policies.Draft {
	d.Kind = k
	return d
}

// toldReceipts reads what was given in a conversation, and judges by it.
func toldReceipts(d *desk) {
	elsewhere := refund("ch_9", 900)
	elsewhere.Subject.Conversation = "conv_2"
	for i, draft := range []policies.Draft{
		refund("ch_1", 100), ofKind(policies.KindCancel, refund("ch_2", 200)), elsewhere, ofKind(policies.KindCancel, refund("ch_6", 0)), // without money back
		ofKind(policies.KindCredit, refund("ch_7", 700)), ofKind(policies.KindDiscount, refund("ch_8", 800)), ofKind(policies.KindRetry, refund("ch_10", 1000)),
	} {
		d.settle(d.begin(draft, policies.Allow).ID, policies.Done)
		d.clock.Advance(time.Duration(i+1) * 1000 * time.Hour)
	}
	d.begin(refund("ch_3", 300), policies.Allow) // under way
	d.settle(d.begin(refund("ch_4", 400), policies.Allow).ID, policies.Failed)
	d.begin(refund("ch_5", 500), policies.Deny)
	want := [][]money.Money{{money.Of(200, "eur"), money.Of(100, "eur")}, {money.Of(800, "eur"), money.Of(700, "eur")}}
	s, err := d.Read(d.t.Context(), policies.Reads{Receipts: "conv_1"})
	if diff := cmp.Diff(want, [][]money.Money{s.Receipts, s.Credits}); diff != "" || err != nil {
		d.t.Errorf("read: %v\n%s", err, diff)
	}
	reply := message(policies.KindReply, "we refunded it")
	reply.Reads.Receipts = "conv_1"
	_, _, err = d.Begin(d.t.Context(), reply, func(judged policies.Snapshot) policies.Decision {
		s = judged
		return says(policies.Deny)(judged)
	})
	if diff := cmp.Diff(want, [][]money.Money{s.Receipts, s.Credits}); diff != "" || err != nil {
		d.t.Errorf("judged: %v\n%s", err, diff)
	}
}

// parallel runs work n times at once.
func parallel(n int, work func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { work(i) })
	}
	wg.Wait()
}

// BudgetsInParallel lets 64 callers at two open ledgers spend one budget of 20.
func BudgetsInParallel(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	ledgers := []*ledger.Ledger{d.Ledger, d.open()}
	var allowed atomic.Int64
	parallel(64, func(i int) {
		for round := range 2 {
			e, _, err := ledgers[i%2].Begin(t.Context(), refund(charge(2*i+round), 100), upTo(2000, 100))
			if err != nil {
				t.Errorf("begin: %v", err)
			}
			if e.State != policies.Executing {
				continue
			}
			allowed.Add(1)
			if _, err := ledgers[(i+1)%2].Settle(t.Context(), e.ID, settlement(policies.Done)); err != nil {
				t.Errorf("settle: %v", err)
			}
		}
	})
	if allowed.Load() != 20 {
		t.Errorf("%d refunds were allowed, want 20", allowed.Load())
	}
	if n := d.count(time.Hour); n != 20 {
		t.Errorf("%d refunds count, want 20", n)
	}
}

// equalInParallel makes one request 50 times at once.
func equalInParallel(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	ledgers := []*ledger.Ledger{d.Ledger, d.open()}
	var first atomic.Int64
	var ids sync.Map
	parallel(50, func(i int) {
		e, replayed, err := ledgers[i%2].Begin(t.Context(), refund(charged, 100), says(policies.Allow))
		if err != nil || e.State != policies.Executing {
			t.Errorf("begin: %s, %v", e.State, err)
		}
		if !replayed {
			first.Add(1)
		}
		ids.Store(e.ID, true)
	})
	distinct := 0
	ids.Range(func(any, any) bool { distinct++; return true })
	if first.Load() != 1 || distinct != 1 {
		t.Errorf("%d of 50 may perform, under %d ids", first.Load(), distinct)
	}
}

// exclusives lets one action at a time have a target.
func exclusives(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	var flying, busy atomic.Int64
	parallel(16, func(i int) {
		draft := refund(charged, int64(i)+1)
		switch e, _, err := d.Begin(t.Context(), draft, says(policies.Allow)); {
		case err == nil && e.State == policies.Executing:
			flying.Add(1)
		case fault.CodeOf(err) == fault.Busy:
			busy.Add(1)
		default:
			t.Errorf("begin: %s, %v", e.State, err)
		}
	})
	if flying.Load() != 1 || busy.Load() != 15 {
		t.Fatalf("%d in flight and %d busy", flying.Load(), busy.Load())
	}
	all, err := d.List(t.Context(), ledger.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d entries were recorded: %v", len(all), err)
	}
	e := all[0]
	for i, s := range []policies.State{policies.InDoubt, policies.Review} {
		d.settle(e.ID, s)
		_, _, err := d.Begin(t.Context(), refund(charged, int64(50+i)), says(policies.Allow))
		wantCode(t, err, fault.Busy)
		if err != nil && strings.Contains(err.Error(), "act_") {
			t.Errorf("the answer names another action: %v", err)
		}
	}
	if open := d.begin(withoutExclusive(refund(charged, 70)), policies.Allow); open.State != policies.Executing {
		t.Errorf("an action without a target is %s", open.State)
	}
	d.settle(e.ID, policies.Done)
	d.begin(refund(charged, 60), policies.Allow)
}

func withoutExclusive(d policies.Draft) policies.Draft {
	d.Subject.Exclusive = ""
	return d
}
