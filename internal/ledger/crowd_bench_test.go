package ledger_test

import (
	"fmt"
	"testing"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
)

// BenchmarkProcesses is several processes with 16 callers each on one SQLite file:
// full refunds per second of all together, and the slowest write of any.
func BenchmarkProcesses(b *testing.B) {
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				url := freshFile(b)
				l, err := ledger.Open(b.Context(), url, ledger.Options{Mode: "test"})
				if err != nil {
					b.Fatal(err)
				}
				c := ledgertest.RunCrowd(b, url, n, 800/n/16)
				if len(c.Errors) > 0 {
					b.Error(c.Errors)
				}
				settled, slowest := 0, c.Slowest[0]
				for i := range n {
					settled += len(c.Settled[i])
					slowest = max(slowest, c.Slowest[i])
				}
				b.ReportMetric(float64(settled)/c.Took.Seconds(), "refunds/s")
				b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
				b.Log(c.AtFirstEnd, c.Slowest)
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
