package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// durable is a PostgreSQL that survives a power cut, as those do that are measured.
var durable = ledgertest.Postgres{Durable: true}

// clients is how many callers share one process in a benchmark; more callers are
// more processes.
const clients = 16

func engines() map[string]ledgertest.Fresh {
	return map[string]ledgertest.Fresh{"SQLite": freshFile, "PostgreSQL": durable.Fresh}
}

// BenchmarkRefunds is the ledger's share of whole refunds by many callers: Begin,
// Claim and Settle with their events, three durable commits, with so many refunds
// already in the one-day window of a budget that all of them count in.
func BenchmarkRefunds(b *testing.B) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		for _, c := range []struct{ rows, callers int }{{1_000, 1}, {1_000, 16}, {1_000, 64}, {10_000, 16}, {100_000, 16}} {
			b.Run(fmt.Sprintf("%s/rows=%d/callers=%d", engine, c.rows, c.callers), func(b *testing.B) {
				d := newBench(b, engines()[engine](b), c.rows, c.callers)
				d.run(b, "refunds/s", func(l *ledger.Ledger, n int) error {
					e, _, err := l.Begin(b.Context(), benchDraft(n), allowed)
					if err != nil {
						return err
					}
					if _, ok, err := l.Claim(b.Context(), e.ID, time.Minute); !ok {
						return fmt.Errorf("not claimed: %w", err)
					}
					_, err = l.Settle(b.Context(), e.ID, done())
					return err
				})
			})
		}
	}
}

// BenchmarkDenials is a refused refund by 16 callers: one durable commit.
func BenchmarkDenials(b *testing.B) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		b.Run(engine, func(b *testing.B) {
			d := newBench(b, engines()[engine](b), 1_000, clients)
			d.run(b, "denials/s", func(l *ledger.Ledger, n int) error {
				_, _, err := l.Begin(b.Context(), benchDraft(n), denied)
				return err
			})
		})
	}
}

func denied(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Deny} }

// bench are the processes of a benchmark, and what they had to do twice.
type bench struct {
	ledgers   []*ledger.Ledger
	callers   int
	deadlocks *deadlocks
}

func newBench(b *testing.B, url string, rows, callers int) bench {
	b.Helper()
	d := bench{callers: callers, deadlocks: &deadlocks{Handler: slog.DiscardHandler}}
	processes := 1
	if strings.HasPrefix(url, "postgres") {
		processes = (callers + clients - 1) / clients
	}
	for range processes {
		l, err := ledger.Open(b.Context(), url, ledger.Options{Now: ledgerClock, Log: slog.New(d.deadlocks), Mode: "test"})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = l.Close() })
		d.ledgers = append(d.ledgers, l)
	}
	fill(b, url, rows)
	return d
}

// run does b.N pieces of work by all callers together, after a few that prepare
// statements and connections.
func (d bench) run(b *testing.B, unit string, work func(l *ledger.Ledger, n int) error) {
	b.Helper()
	var next atomic.Int64
	took := make([][]time.Duration, d.callers)
	turn := func(until int64) {
		var wg sync.WaitGroup
		for i := range d.callers {
			wg.Go(func() {
				for n := next.Add(1); n <= until; n = next.Add(1) {
					began := time.Now()
					if err := work(d.ledgers[i%len(d.ledgers)], int(n)); err != nil {
						b.Error(err)
					}
					took[i] = append(took[i], time.Since(began))
				}
			})
		}
		wg.Wait()
	}
	warm := int64(2 * d.callers)
	turn(warm)
	next.Store(warm)
	clear(took)
	b.ResetTimer()
	turn(warm + int64(b.N))
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(d.deadlocks.n.Load()), "deadlocks")
}

// deadlocks is a log that counts transactions which a database ended because they
// waited for each other.
type deadlocks struct {
	slog.Handler
	n atomic.Int64
}

func (d *deadlocks) Enabled(context.Context, slog.Level) bool { return true }

func (d *deadlocks) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if strings.Contains(a.Value.String(), "40P01") {
			d.n.Add(1)
		}
		return true
	})
	return nil
}

func benchDraft(i int) policies.Draft {
	id := fmt.Sprintf("%d", i)
	var queries []policies.Query
	for _, scope := range []policies.Scope{"global:", "customer:", "conversation:", "principal:agent"} {
		if strings.HasSuffix(string(scope), ":") && scope != "global:" {
			scope += policies.Scope(id)
		}
		queries = append(queries, policies.Query{Scope: scope, Kinds: []policies.Kind{policies.KindRefund}, Currency: "eur", Window: 24 * time.Hour})
	}
	return policies.Draft{ // without a lease, so that it can be claimed at once
		Kind: policies.KindRefund, Principal: policies.Principal("agent_" + id),
		Subject: policies.Subject{Conversation: id, Customer: id, Charge: id, Exclusive: "charge:" + id, Same: id, Cost: money.Of(100, "eur")},
		Facts:   []byte(`{}`), Input: []byte(`{}`), Reads: policies.Reads{Queries: queries},
	}
}

// fill puts settled refunds into the global window. They have no entries, which
// nothing measured here looks for.
func fill(b *testing.B, url string, rows int) {
	b.Helper()
	driver, source, statements := "sqlite", strings.TrimPrefix(url, "sqlite:"), []string{fillHolds}
	if source == url {
		driver = "pgx"
		statements = []string{
			`ALTER TABLE hold DROP CONSTRAINT hold_entry_id_fkey`, fillHolds,
			`ALTER TABLE hold ADD FOREIGN KEY (entry_id) REFERENCES entry (id) NOT VALID`, `VACUUM ANALYZE hold`,
		}
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		var args []any
		if statement == fillHolds {
			args = []any{rows, ledgerClock().UnixMilli()}
		}
		if _, err := db.ExecContext(b.Context(), statement, args...); err != nil {
			b.Fatal(err)
		}
	}
}

const fillHolds = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT))
	INSERT INTO hold (entry_id, scope, kind, currency, minor, at) SELECT 'act_old_' || i, 'global:', 'refund', 'eur', 1, CAST($2 AS BIGINT) - i FROM n`
