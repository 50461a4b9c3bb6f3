package ledgertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// callers is how many callers each process of a crowd has.
const callers = 16

// crowdMember makes rounds refunds per caller, from the moment a line is read. It
// tells each refund after it was settled, and at the end how long the slowest of
// all its writes took.
func crowdMember(ctx context.Context, l *ledger.Ledger, name string, rounds int, in io.Reader, out io.Writer) error {
	fmt.Fprintln(out, "ready")
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	var slowest atomic.Int64
	timed := func(write func() error) error {
		began := time.Now()
		err := write()
		took := int64(time.Since(began))
		for was := slowest.Load(); took > was && !slowest.CompareAndSwap(was, took); was = slowest.Load() {
		}
		return err
	}
	errs := make([]error, callers)
	parallel(callers, func(i int) {
		for round := range rounds {
			var e policies.Entry
			errs[i] = timed(func() (err error) {
				e, _, err = l.Begin(ctx, refund(fmt.Sprintf("ch_%s_%d_%d", name, i, round), 100), says(policies.Allow))
				return err
			})
			if errs[i] == nil {
				errs[i] = timed(func() error { _, err := l.Settle(ctx, e.ID, settlement(policies.Done)); return err })
			}
			if errs[i] != nil {
				return
			}
			fmt.Fprintln(out, e.ID)
		}
	})
	fmt.Fprintln(out, "slowest", slowest.Load())
	return errors.Join(errs...)
}

// Crowd is what several processes did that wrote to one ledger at the same time.
type Crowd struct {
	Settled    [][]string      // per process, the actions it told to be settled
	Slowest    []time.Duration // per process, its slowest write
	AtFirstEnd []int           // per process, how many were settled when the first process had finished
	Took       time.Duration   // from the start to the last settlement
	Errors     []string
}

// RunCrowd lets n processes with 16 callers each make rounds refunds per caller.
func RunCrowd(t testing.TB, url string, n, rounds int) Crowd {
	t.Helper()
	c := Crowd{Settled: make([][]string, n), Slowest: make([]time.Duration, n)}
	members := make([]*member, n)
	for i := range n {
		members[i] = join(t, url, fmt.Sprint(i), rounds)
	}
	var mu sync.Mutex
	began := time.Now()
	for _, m := range members {
		m.start(t)
	}
	parallel(n, func(i int) {
		for members[i].lines.Scan() {
			mu.Lock()
			c.note(i, members[i].lines.Text())
			mu.Unlock()
		}
		if err := members[i].cmd.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	})
	c.Took = time.Since(began)
	return c
}

func (c *Crowd) note(i int, line string) {
	var nanos int64
	switch {
	case strings.HasPrefix(line, "act_"):
		c.Settled[i] = append(c.Settled[i], line)
	case strings.HasPrefix(line, "slowest "):
		_, _ = fmt.Sscanf(line, "slowest %d", &nanos)
		c.Slowest[i] = time.Duration(nanos)
		if c.AtFirstEnd == nil {
			for _, ids := range c.Settled {
				c.AtFirstEnd = append(c.AtFirstEnd, len(ids))
			}
		}
	default:
		c.Errors = append(c.Errors, fmt.Sprintf("process %d: %s", i, line))
	}
}

// member is one process of a crowd.
type member struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func join(t testing.TB, url, name string, rounds int) *member {
	t.Helper()
	m := &member{cmd: again(t, url, name, fmt.Sprint(childRounds, "=", rounds))}
	out, err := m.cmd.StdoutPipe()
	if err == nil {
		m.in, err = m.cmd.StdinPipe()
	}
	if err == nil {
		err = m.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	m.lines = bufio.NewScanner(out)
	if !m.lines.Scan() || m.lines.Text() != "ready" {
		t.Fatalf("process %s did not start: %q", name, m.lines.Text())
	}
	return m
}

func (m *member) start(t testing.TB) {
	t.Helper()
	if _, err := fmt.Fprintln(m.in); err != nil {
		t.Fatal(err)
	}
}
