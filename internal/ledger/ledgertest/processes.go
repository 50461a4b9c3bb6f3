package ledgertest

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// The test binary runs itself again with these set, to be another process on the
// same ledger.
const (
	childURL    = "SUPPORTMCP_LEDGERTEST_URL"
	childName   = "SUPPORTMCP_LEDGERTEST_NAME"
	childRounds = "SUPPORTMCP_LEDGERTEST_ROUNDS" // set: as a member of a crowd
	childOpens  = "SUPPORTMCP_LEDGERTEST_OPENS"  // set: opens the ledger without root's rights, and no more
)

// Main runs the tests of a package that uses Run; stop runs before the check that
// nothing is left running.
func Main(m *testing.M, stop func()) {
	if url := os.Getenv(childURL); url != "" {
		os.Exit(child(context.Background(), url, os.Getenv(childName)))
	}
	// Quick by default; -rapid.checks on the command line goes deeper.
	if err := flag.Set("rapid.checks", "20"); err != nil {
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

// child is another process on the ledger.
func child(ctx context.Context, url, name string) int {
	if os.Getenv(childOpens) != "" {
		fmt.Println(openOnly(ctx, url))
		return 0
	}
	l, err := ledger.Open(ctx, url, ledger.Options{Mode: "test"})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	if rounds, one := strconv.Atoi(os.Getenv(childRounds)); one == nil {
		err = crowdMember(ctx, l, name, rounds, os.Stdin, os.Stdout)
	} else {
		err = spend(ctx, l, name, os.Stdout)
	}
	if err := errors.Join(err, l.Close()); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// spend refunds as much as it may and tells each refund after it was recorded.
func spend(ctx context.Context, l *ledger.Ledger, name string, out io.Writer) error {
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
	if failed.Load() {
		return errors.New("not all refunds were recorded")
	}
	return nil
}

// start runs this binary as another process on the ledger.
func start(t *testing.T, url, name string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := again(t, url, name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// openOnly opens the ledger as a user who is not root, and says how that went.
func openOnly(ctx context.Context, url string) string {
	if err := dropRoot(); err != nil {
		return err.Error()
	}
	l, err := ledger.Open(ctx, url, ledger.Options{Mode: "test"})
	if err == nil {
		return "opened, " + fmt.Sprint(l.Close())
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message + ": " + f.NextStep
	}
	return err.Error()
}

// OpenAsUser opens the ledger at url in another process that has not root's
// rights, with everything in dir its own, and gives what it says.
func OpenAsUser(t testing.TB, url, dir string) string {
	t.Helper()
	if err := giveAway(dir); err != nil {
		t.Fatal(err)
	}
	out, err := again(t, url, "", childOpens+"=1").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// again is this binary as another process on the ledger, not started yet.
func again(t testing.TB, url, name string, environ ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^$")
	cmd.Env = append(append(os.Environ(), childURL+"="+url, childName+"="+name), environ...)
	cmd.Stderr = os.Stderr
	return cmd
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

// crowded lets two processes with 16 callers each write as fast as they can: no
// write fails, no settlement is lost, and none of them has to wait until the
// other one has finished.
func crowded(t *testing.T, fresh Fresh) {
	const rounds = 8
	d, url := newEmpty(t, fresh)
	c := RunCrowd(t, url, 2, rounds)
	for _, e := range c.Errors {
		t.Error(e)
	}
	for i, ids := range c.Settled {
		if len(ids) != callers*rounds || c.AtFirstEnd[i] < callers*rounds/4 {
			t.Errorf("process %d settled %d, %d of them before another had finished; want %d", i, len(ids), c.AtFirstEnd[i], callers*rounds)
		}
		for _, id := range ids {
			if e, err := d.Entry(t.Context(), id); err != nil || e.State != policies.Done {
				t.Errorf("%s was told to be settled and is %s: %v", id, e.State, err)
			}
		}
	}
	if n := d.count(time.Hour); n != 2*callers*rounds {
		t.Errorf("%d refunds count, want %d", n, 2*callers*rounds)
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
