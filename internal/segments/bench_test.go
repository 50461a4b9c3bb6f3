package segments_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
)

func database(b *testing.B) string {
	return "sqlite:" + filepath.Join(b.TempDir(), "state", "ledger.db")
}

// BenchmarkScan reads and stores 10,000 customers with their subscriptions over
// HTTP, within Stripe's limits per endpoint, and tells how much memory is in use
// at most, less what the sandbox itself holds.
func BenchmarkScan(b *testing.B) {
	clock := control.NewClock(start)
	s := sandbox.New(clock)
	s.Crowd(10_000, 0)
	place, err := s.Listen(b.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer place.Close()
	client, err := stripe.New(stripe.Config{Key: sandbox.StripeKey, BaseURL: place.StripeURL, Now: clock.Now, PerEndpoint: true})
	if err != nil {
		b.Fatal(err)
	}
	before, most := heap(), uint64(0)
	for b.Loop() {
		l, err := ledger.Open(b.Context(), database(b), ledger.Options{Now: clock.Now})
		if err != nil {
			b.Fatal(err)
		}
		pages := 0
		r, err := segments.NewIndex(l, client, nil, clock.Now).Sync(b.Context(), func(segments.Progress) {
			if pages++; pages%20 == 0 {
				most = max(most, heap())
			}
		})
		if err != nil || r.Seen < 20_000 {
			b.Fatal(r, err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(most-min(most, before))/(1<<20), "MiB")
}

// heap is what is in use once the garbage is gone.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkFind evaluates segments over 100,000 customers with a subscription and a
// payment each.
func BenchmarkFind(b *testing.B) {
	for engine, fresh := range map[string]func(*testing.B) string{"SQLite": database, "PostgreSQL": func(b *testing.B) string { return postgres.Fresh(b) }} {
		b.Run(engine, func(b *testing.B) {
			l, err := ledger.Open(b.Context(), fresh(b), ledger.Options{Now: start})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			populate(b, l, 100_000)
			for name, filter := range map[string]string{
				"cards":   expiring,
				"spend":   `{"lifetime_spend": {"at_least": "500.00 EUR"}}`,
				"joined":  `{"all": [{"any": [{"past_due": true}, {"card_expires_within_days": 60}]}, {"not": {"payment_failed_within_days": 30}}, {"subscription": {"plan": "Team", "interval": "month"}}]}`,
				"nothing": `{"subscription": {"plan": "no such plan"}}`,
			} {
				b.Run(name, func(b *testing.B) { find(b, segments.NewStore(l, start), filter) })
			}
		})
	}
}

func find(b *testing.B, s *segments.Store, filter string) {
	b.Helper()
	f, err := segments.ParseFilter([]byte(filter))
	if err != nil {
		b.Fatal(err)
	}
	before, found := heap(), 0
	for b.Loop() {
		all, err := s.Find(b.Context(), f)
		if err != nil {
			b.Fatal(err)
		}
		found = len(all)
	}
	b.ReportMetric(float64(found), "found")
	b.ReportMetric(float64(heap()-min(heap(), before))/(1<<20), "MiB")
}

// populate writes customers as a scan does, by SQL.
func populate(b *testing.B, l *ledger.Ledger, customers int) {
	b.Helper()
	insert := func(tx *sql.Tx, table string, rows [][]any) error {
		var places []string
		var args []any
		for _, r := range rows {
			marks := make([]string, len(r))
			for i, v := range r {
				args = append(args, v)
				marks[i] = fmt.Sprintf("$%d", len(args))
			}
			places = append(places, "("+strings.Join(marks, ", ")+")")
		}
		_, err := tx.ExecContext(b.Context(), "INSERT INTO "+table+" VALUES "+strings.Join(places, ", "), args...)
		return err
	}
	now := start()
	for from := 0; from < customers; from += 500 {
		var payers, subs, charges, spent [][]any
		for i := from; i < from+500; i++ {
			id := fmt.Sprintf("cus_%06d", i)
			until := time.Date(now.Year(), now.Month()+time.Month(i%36), 1, 0, 0, 0, 0, time.UTC).UnixMilli()
			payers = append(payers, []any{id, fmt.Sprintf("customer%d@crowd.example", i), "visa", "4242", until, 0, 0, "eur", now.UnixMilli(), 1})
			status := []string{"active", "active", "active", "past_due", "canceled"}[i%5]
			subs = append(subs, []any{"sub_" + id, id, status, "Team", "\nprice_1\nteam\nprod_1\n", []string{"month", "year"}[i%2], 0, 0, 0, 0, 0, 0, "", "", 0, 1})
			failed := int64(0)
			if i%50 == 0 {
				failed = now.AddDate(0, 0, -i%90).UnixMilli()
			}
			charges = append(charges, []any{"ch_" + id, id, "eur", 2000, failed, 1})
			spent = append(spent, []any{id, "eur", i % 100_000})
		}
		err := l.Share(b.Context(), "populate", func(tx *sql.Tx) error {
			for table, rows := range map[string][][]any{"billing_customer": payers, "billing_subscription": subs, "billing_charge": charges, "billing_spend": spent} {
				for some := range slices.Chunk(rows, 20) {
					if err := insert(tx, table, some); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
