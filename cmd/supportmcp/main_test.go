package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// TestMain puts the program into the PATH of scripts and tests, so that they run
// it as a stranger does: another process, with arguments, environment and pipes.
func TestMain(m *testing.M) {
	testscript.Main(stopping{m}, map[string]func(){"supportmcp": main, "supportmcp-hasty": hasty, "supportmcp-mortal": mortal})
}

var postgres ledgertest.Postgres

// stopping runs the tests and ends the PostgreSQL that they have started.
type stopping struct{ *testing.M }

// Run implements testscript.TestingM.
func (s stopping) Run() int {
	defer postgres.Stop()
	return s.M.Run()
}

// place is where a test's program lives: both vendors and a folder for the ledger.
type place struct {
	*sandbox.Running
	database string // URL of the ledger
	environ  []string
}

// settle starts the vendors on a clock and writes the environment of a server
// that uses them. More variables may follow; the last of a name counts.
func settle(t testing.TB, now func() time.Time, more ...string) *place {
	t.Helper()
	running, err := sandbox.New(control.NewClock(now)).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	dir := filepath.Join(t.TempDir(), "data")
	p := &place{Running: running, database: "sqlite:" + filepath.Join(dir, "ledger.db")}
	p.environ = append(bare(), append([]string{
		"STRIPE_SECRET_KEY=" + sandbox.StripeKey, "STRIPE_API_BASE=" + running.StripeURL,
		"INTERCOM_ACCESS_TOKEN=" + sandbox.IntercomToken, "INTERCOM_API_BASE=" + running.IntercomURL, "INTERCOM_ADMIN_ID=" + sandbox.AdminID,
		"SUPPORTMCP_DATABASE_URL=" + p.database,
	}, more...)...)
	return p
}

// nowhere is a path that is not there, and that not even root can make.
const nowhere = "/dev/null/nowhere"

// bare is an environment that says nothing of supportmcp and knows no user's home.
func bare() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + nowhere, "GORACE=" + raceOptions}
}

// raceOptions keep the race detector from making every process wait a second at its end.
const raceOptions = "atexit_sleep_ms=0"

// typed is what a command left behind.
type typed struct {
	out, err string
	status   int
}

// typeIn runs a command inside the test.
func typeIn(t testing.TB, environ []string, args ...string) typed {
	t.Helper()
	return typeAt(t, time.Now, environ, args...)
}

// typeAt is typeIn at another time.
func typeAt(t testing.TB, now func() time.Time, environ []string, args ...string) typed {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status := run(ctx, args, world{in: bytes.NewReader(nil), out: &out, err: &errs, environ: environ, now: now})
	return typed{out: out.String(), err: errs.String(), status: status}
}
