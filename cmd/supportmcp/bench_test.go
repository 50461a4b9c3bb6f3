package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/money"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// BenchmarkStart measures the way from starting the program to its first answer
// to tools/list, over stdio, and what it holds when idle.
func BenchmarkStart(b *testing.B) {
	program := build(b)
	b.Run("sandbox", func(b *testing.B) { start(b, program, settle(b, time.Now).environ, "serve", "--sandbox") })
	b.Run("new ledger", func(b *testing.B) {
		p := settle(b, time.Now)
		i := 0
		startEach(b, program, func() []string {
			i++
			return append(p.environ, "SUPPORTMCP_DATABASE_URL=sqlite:"+filepath.Join(b.TempDir(), strconv.Itoa(i), "ledger.db"))
		}, "serve")
	})
	b.Run("used ledger", func(b *testing.B) { start(b, program, settle(b, time.Now).environ, "serve") })
	b.Run("a million events", func(b *testing.B) {
		p := settle(b, time.Now)
		ledgertest.Fill(b, p.database, 500_000)
		started := run(b.Context(), []string{"serve"}, world{in: strings.NewReader(""), out: io.Discard, err: io.Discard, environ: p.environ, now: time.Now})
		if started != 0 {
			b.Fatal("the first start, which signs a checkpoint, failed")
		}
		b.ResetTimer()
		start(b, program, p.environ, "serve")
	})
}

// build builds the program as it is shipped: a test's own binary is larger.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "supportmcp")
	c := exec.CommandContext(b.Context(), "go", "build", "-o", program, ".")
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return program
}

func start(b *testing.B, program string, environ []string, args ...string) {
	startEach(b, program, func() []string { return environ }, args...)
}

func startEach(b *testing.B, program string, environ func() []string, args ...string) {
	b.Helper()
	var took []time.Duration
	var resident float64
	for b.Loop() {
		env := environ()
		began := time.Now()
		a := hireProgram(b, program, env, args...)
		if a.ask("tools/list", map[string]any{}) == nil {
			b.Fatal("no tools")
		}
		took = append(took, time.Since(began))
		resident = max(resident, residentMiB(a.cmd.Process.Pid))
		a.leave()
	}
	reportMedian(b, took, "ms-to-tools")
	if resident > 0 {
		b.ReportMetric(resident, "MiB-resident")
	}
}

// residentMiB is what a process holds in memory; 0 where the system does not tell.
func residentMiB(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0
	}
	kB, _ := strconv.ParseFloat(string(found[1]), 64)
	return kB / 1024
}

func reportMedian(b *testing.B, took []time.Duration, unit string) {
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // the median tells more than the mean
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, unit)
	b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, unit+"-p90")
}

// BenchmarkRefund measures what guard and ledger add to a refund: on SQLite with
// FULL sync, 1,000 refunds in the window, and a vendor that takes no time.
func BenchmarkRefund(b *testing.B) {
	for _, rows := range []int{0, 1000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			g := guardOn(b, filepath.Join(b.TempDir(), "data", "ledger.db"))
			for i := range rows {
				refund(b, g, i)
			}
			var took []time.Duration
			for i := rows; b.Loop(); i++ {
				began := time.Now()
				refund(b, g, i)
				if len(took) < 200 { // later ones have more rows in the window than the name says
					took = append(took, time.Since(began))
				}
			}
			reportMedian(b, took, "ms/refund")
		})
	}
}

// BenchmarkDisk is the least two recorded transactions can take here: what is
// written to the disk twice.
func BenchmarkDisk(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		for range 2 {
			if _, err := f.Write(page); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(began))
	}
	reportMedian(b, took, "ms/two-syncs")
}

// roomy is a policy with the default's budgets, which are never used up.
const roomy = `version: 1
refund:
  window: 30d
  currencies:
    eur: {auto: 50.00, max: 500.00}
  budgets:
    - {scope: customer, window: 90d, count: 1000000, sum: {eur: 90000000.00}}
    - {scope: conversation, window: 24h, count: 1000000}
    - {scope: principal, window: 1h, count: 1000000}
    - {scope: global, window: 24h, sum: {eur: 90000000.00}}
`

func guardOn(b *testing.B, path string) *policies.Guard {
	b.Helper()
	l, err := ledger.Open(b.Context(), "sqlite:"+path, ledger.Options{Now: time.Now, Mode: "sandbox"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	rules, err := policies.Parse("bench", []byte(roomy))
	if err != nil {
		b.Fatal(err)
	}
	timing := usualTiming()
	g := &policies.Guard{Ledger: l, Now: time.Now, Log: slog.New(slog.DiscardHandler), Timeout: timing.attempt, Lease: timing.lease, Wait: timing.wait}
	g.Use(rules)
	return g
}

// refund lets the guard allow the i-th refund and record that it is done.
func refund(b *testing.B, g *policies.Guard, i int) {
	twenty, id := money.Of(2000, "eur"), fmt.Sprintf("ch_%d", i)
	op := policies.Operation[policies.Refund, struct{}]{
		Propose: func(context.Context) (policies.Refund, error) {
			return policies.Refund{
				Asker:  policies.Asker{Conversation: "1", Contact: "c", Identity: policies.Proven, Ties: []policies.Tie{{Customer: "cus_1", Way: "e-mail"}}},
				Charge: policies.Charge{ID: id, Customer: "cus_1", Amount: twenty, Remaining: twenty, Succeeded: true, Captured: true, CreatedAt: time.Now()},
				Amount: twenty, Rest: true, Reason: policies.RequestedByCustomer, Twins: []policies.Twin{},
			}, nil
		},
		Perform: func(context.Context, *policies.Permit[policies.Refund]) (struct{}, error) { return struct{}{}, nil },
	}
	out, err := policies.Enforce(b.Context(), g, policies.Request{Principal: "agent", Input: json.RawMessage(`{"charge_id":"` + id + `"}`)}, op)
	if err != nil || out.State != policies.Done {
		b.Fatal(out, err)
	}
}

// BenchmarkRefundOverStdio is a whole refund as a client sees it, with a Stripe
// and an Intercom on this machine. A server makes no more than it may before its
// own pace towards Stripe slows it down.
func BenchmarkRefundOverStdio(b *testing.B) {
	program := build(b)
	var took []time.Duration
	for b.Loop() {
		p := settle(b, time.Now)
		a := hireProgram(b, program, p.environ, "serve")
		for _, charge := range []string{"ch_maria_1", "ch_maria_2"} {
			began := time.Now()
			if got := a.call("create_refund", refundOf("duplicate-charge", charge)); got.State != policies.Done {
				b.Fatal(got)
			}
			took = append(took, time.Since(began))
		}
		a.leave()
	}
	reportMedian(b, took, "ms/refund")
}

// BenchmarkUpstream counts the requests that each tool sends to the vendors.
func BenchmarkUpstream(b *testing.B) {
	program, ticket := build(b), map[string]any{"conversation_id": sandbox.Conversation("duplicate-charge")}
	with := func(name string, value any) map[string]any {
		args := maps.Clone(ticket)
		args[name] = value
		return args
	}
	for b.Loop() {
		p := settle(b, time.Now)
		a := hireProgram(b, program, append(p.environ, "SUPPORTMCP_KNOWLEDGE="), "serve")
		a.call("add_internal_note", with("body", "the first write asks who we are")) // once in a process
		for _, c := range []struct {
			tool string
			args map[string]any
		}{
			{"get_conversation", ticket},
			{"get_billing_overview", ticket},
			{"reply_to_conversation", with("body", "hello")},
			{"add_internal_note", with("body", "hello")},
			{"set_conversation_state", with("state", "closed")},
			{"tag_conversation", with("add", []string{"billing"})},
			{"create_refund", refundOf("duplicate-charge", "ch_maria_2")},
		} {
			before := len(p.Stripe.Desk.Requests()) + len(p.Intercom.Desk.Requests())
			if got := a.call(c.tool, c.args); got.Error {
				b.Fatal(got)
			}
			b.ReportMetric(float64(len(p.Stripe.Desk.Requests())+len(p.Intercom.Desk.Requests())-before), c.tool+"-requests")
		}
		a.leave()
	}
}
