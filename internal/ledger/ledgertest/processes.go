package ledgertest

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// The test binary runs itself again with these set, to be another process on the
// same ledger.
const (
	childURL  = "SUPPORTMCP_LEDGERTEST_URL"
	childName = "SUPPORTMCP_LEDGERTEST_NAME"
)

// Main runs the tests of a package that uses Run; stop runs before the check that
// nothing is left running.
func Main(m *testing.M, stop func()) {
	if url := os.Getenv(childURL); url != "" {
		os.Exit(child(context.Background(), url, os.Getenv(childName), os.Stdout))
	}
	// Quick by default; -rapid.checks on the command line goes deeper.
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
	code := m.Run()
	stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// childCap is what all processes together may refund, in steps of 100.
const childCap = 3000

// child refunds as much as it may and tells each refund after it was recorded.
func child(ctx context.Context, url, name string, out io.Writer) int {
	l, err := ledger.Open(ctx, url, ledger.Options{Mode: "test"})
	if err != nil {
		fmt.Fprintln(out, "error", err)
		return 1
	}
	var failed atomic.Bool
	parallel(8, func(i int) {
		for round := range 8 {
			e, _, err := l.Begin(ctx, refund(fmt.Sprintf("ch_%s_%d_%d", name, i, round), 100), upTo(childCap, 100))
			if err != nil {
				failed.Store(true)
				fmt.Fprintln(out, "error", err)
				return
			}
			if e.State == policies.Executing {
				fmt.Fprintln(out, e.ID)
			}
		}
	})
	if err := l.Close(); err != nil || failed.Load() {
		return 1
	}
	return 0
}

// start runs this binary as another process on the ledger.
func start(t *testing.T, url, name string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^$")
	cmd.Env = append(os.Environ(), childURL+"="+url, childName+"="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// newEmpty is a ledger on the database's own clock, which processes share.
func newEmpty(t *testing.T, fresh Fresh) (*desk, string) {
	t.Helper()
	url := fresh(t)
	l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, url: url, Ledger: l}
	t.Cleanup(func() {
		d.sound()
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d, url
}

// processes lets three processes spend one budget; each alone would spend it all.
// They open the ledger at the same time, before it has any tables.
func processes(t *testing.T, fresh Fresh) {
	url := fresh(t)
	var told atomic.Int64
	parallel(3, func(i int) {
		cmd, lines := start(t, url, fmt.Sprint(i))
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "act_") {
				told.Add(1)
				continue
			}
			t.Errorf("process %d: %s", i, lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	})
	if told.Load() != childCap/100 {
		t.Errorf("%d refunds were allowed, want %d", told.Load(), childCap/100)
	}
	d, _ := newEmpty(t, func(testing.TB) string { return url })
	if n := d.count(time.Hour); n != childCap/100 {
		t.Errorf("%d refunds count, want %d", n, childCap/100)
	}
}

// killed kills processes in the middle of their work: what they told is
// recorded, and the ledger is whole.
func killed(t *testing.T, fresh Fresh) {
	d, url := newEmpty(t, fresh)
	for i := range 3 {
		cmd, lines := start(t, url, fmt.Sprintf("killed%d", i))
		var told []string
		for lines.Scan() {
			told = append(told, lines.Text())
			if len(told) == 3+i {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		if len(told) < 3+i {
			t.Fatalf("process %d ended too early: %q", i, told)
		}
		for _, id := range told {
			if e, err := d.Entry(t.Context(), id); err != nil || e.State != policies.Executing {
				t.Errorf("%q was told and is %s: %v", id, e.State, err)
			}
		}
		d.sound()
	}
}
