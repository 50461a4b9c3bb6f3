package ledger_test

import (
	"runtime/debug"
	"testing"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
)

// million is how many events the ledgers of these benchmarks hold, two for each refund.
const million = 1_000_000

// BenchmarkVerify does what supportmcp audit verify does: it recomputes a log of a million events and compares it with the
// half a million entries, and their holds, that it tells of.
func BenchmarkVerify(b *testing.B) {
	address := freshFile(b)
	ledgertest.Fill(b, address, million/2)
	l, err := ledger.Open(b.Context(), address, ledger.Options{Now: ledgerClock})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	b.ResetTimer()
	for b.Loop() {
		r, err := l.Verify(b.Context())
		if err != nil || !r.Sound() || r.Events != million {
			b.Fatal(r.Events, len(r.Problems), err)
		}
	}
}
