// Package servertest sets up everything that is real inside one process, for
// tests: the sandbox's Stripe and Intercom over loopback HTTP, a ledger in a file,
// guard, tools, resources, worker, and an MCP client that speaks the wire
// protocol to the server over pipes. Nothing is mocked, and nothing runs by
// itself: time stands still until a test moves it, and the worker sweeps when a
// test says so.
//
// It is for tests only, and no other package may import it.
package servertest

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// Place is what several servers can share: both vendors, their clock, and the
// file of the ledger.
type Place struct {
	*sandbox.Running
	ledgerURL string
	opened    []string // conversations besides those of the stories
}

// plenty keeps rate limits out of the way: the clock stands still, so none of
// them would ever be lifted again.
const plenty = 1_000_000

func newPlace(t testing.TB) *Place {
	t.Helper()
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := sandbox.New(control.NewClock(func() time.Time { return start }))
	s.Intercom.Settings.RateLimit = plenty
	running, err := s.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	return &Place{Running: running, ledgerURL: "sqlite:" + filepath.Join(t.TempDir(), "private", "ledger.db")}
}

// silent is where logs go. What agents and operators must see is in answers.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
