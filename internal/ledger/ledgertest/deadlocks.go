package ledgertest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// deadlocks counts the transactions that had to run again because two waited for
// each other. They lose nothing, and so no other test notices; under load they
// lose all the throughput.
func deadlocks(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	var found retries
	ledgers := make([]*ledger.Ledger, 2)
	for i := range ledgers {
		l, err := ledger.Open(t.Context(), d.url, ledger.Options{Now: d.clock.Now, Mode: "test", Log: slog.New(&found)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		ledgers[i] = l
	}
	parallel(16, func(i int) {
		for round := range 6 {
			if found.deadlocks.Load() > 0 {
				return // each takes a second to be noticed
			}
			draft := refund(fmt.Sprintf("ch_%d_%d", i, round), 100)
			draft.Subject.Customer = fmt.Sprintf("cus_%d", (i+round)%3)
			draft.Subject.Conversation = fmt.Sprintf("conv_%d", (i*round)%3)
			e, _, err := ledgers[i%2].Begin(t.Context(), draft, says(policies.Allow))
			if err == nil {
				_, err = ledgers[(i+1)%2].Settle(t.Context(), e.ID, settlement(policies.Done))
			}
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		}
	})
	if n := found.deadlocks.Load(); n > 0 {
		t.Errorf("%d transactions were rolled back to end a deadlock", n)
	}
}

// retries is a log handler that counts deadlocks among what runs again.
type retries struct{ deadlocks atomic.Int64 }

// Enabled implements slog.Handler.
func (r *retries) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (r *retries) Handle(_ context.Context, line slog.Record) error {
	line.Attrs(func(a slog.Attr) bool {
		if strings.Contains(a.Value.String(), "40P01") {
			r.deadlocks.Add(1)
		}
		return true
	})
	return nil
}

// WithAttrs implements slog.Handler.
func (r *retries) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup implements slog.Handler.
func (r *retries) WithGroup(string) slog.Handler { return r }
