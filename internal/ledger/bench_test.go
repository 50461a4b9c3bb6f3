package ledger_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// BenchmarkBeginSettle is one refund's share of the ledger, two durable commits,
// with so many refunds already in the one-day window of a global budget.
func BenchmarkBeginSettle(b *testing.B) {
	for _, rows := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			address := freshFile(b)
			l, err := ledger.Open(b.Context(), address, ledger.Options{Now: ledgerClock})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			fill(b, strings.TrimPrefix(address, "sqlite:"), rows)
			b.ResetTimer()
			for i := range b.N {
				e, _, err := l.Begin(b.Context(), benchDraft(i), allowed)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := l.Settle(b.Context(), e.ID, policies.Settlement{State: policies.Done, Receipt: []byte(`{}`)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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
	return policies.Draft{
		Kind: policies.KindRefund, Principal: policies.Principal("agent_" + id),
		Subject: policies.Subject{Conversation: id, Customer: id, Charge: id, Exclusive: "charge:" + id, Same: id, Cost: money.Of(100, "eur")},
		Facts:   []byte(`{}`), Input: []byte(`{}`), Lease: time.Minute, Reads: policies.Reads{Queries: queries},
	}
}

// fill puts settled refunds into the global window.
func fill(b *testing.B, path string, rows int) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO entry SELECT 'act_old_' || i, 'refund', 'agent', '', 0, '', '', 1, 'done', '', '', '', '', '', 1, 'eur',
			'', '', 0, 0, 0, 0, 1, 0, 0, '', '', 0 FROM n`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO hold SELECT 'act_old_' || i, 'global:', 'refund', 'eur', 1, $2 - i FROM n`,
	} {
		if _, err := db.ExecContext(b.Context(), statement, rows, ledgerClock().UnixMilli()); err != nil {
			b.Fatal(err)
		}
	}
}
