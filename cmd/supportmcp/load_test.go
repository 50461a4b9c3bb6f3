package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	load        = flag.Duration("load", time.Second, "how long a service is asked by many connections at once")
	connections = flag.Int("connections", 64, "how many")
)

// loader is one connection that asks as fast as it is answered.
type loader struct {
	address string
	http    *http.Client
	modern  bool
	took    []time.Duration
	failed  []string
}

func newLoader(address string, modern bool) *loader {
	return &loader{address: address, modern: modern, http: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}}
}

// loads are the messages that a connection sends in turn: method, name and parameters.
func loads() [][3]string {
	return [][3]string{
		{"tools/call", "search", `"name":"search","arguments":{"query":"charged twice"}`},
		{"tools/call", "get_action", `"name":"get_action","arguments":{"action_id":"act_1"}`},
		{"tools/list", "", ``},
		{"resources/read", "kb://handbook/refunds.md", `"uri":"kb://handbook/refunds.md"`},
	}
}

// ask sends one message and reads its answer; a stream is left once it has begun.
func (l *loader) ask(ctx context.Context, method, name, params string) (status int, body string, err error) {
	if l.modern {
		params = strings.TrimPrefix(params+`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`, ",")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.address, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{`+params+`}}`))
	if err != nil {
		return 0, "", err
	}
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + strings.Repeat("t", 40)},
	}
	if l.modern {
		r.Header.Set("Mcp-Protocol-Version", "2026-07-28")
		r.Header.Set("Mcp-Method", method)
		r.Header.Set("Mcp-Name", name)
	}
	res, err := l.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if method == "subscriptions/listen" {
		line, err := bufio.NewReader(res.Body).ReadString('\n')
		return res.StatusCode, line, err
	}
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// run asks until over is closed. Now and then a stream is opened and left.
func (l *loader) run(ctx context.Context, over <-chan struct{}) {
	defer l.http.CloseIdleConnections()
	all := loads()
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		default:
		}
		m := all[i%len(all)]
		if l.modern && i%50 == 49 {
			m = [3]string{"subscriptions/listen", "", `"notifications":{"resourcesListChanged":true}`}
		}
		began := time.Now()
		status, body, err := l.ask(ctx, m[0], m[1], m[2])
		l.took = append(l.took, time.Since(began))
		if (err != nil || status != http.StatusOK || strings.Contains(body, `"error":{`)) && len(l.failed) < 3 {
			l.failed = append(l.failed, strings.Join([]string{m[0], strconv.Itoa(status), body, errorText(err)}, " "))
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestManyConnectionsLeaveNothingBehind asks a service over many connections in
// both eras for as long as the flag says. Everything is answered, its memory must
// not grow in a long run, and afterwards it has no goroutine more than before.
func TestManyConnectionsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	if err := os.WriteFile(filepath.Join(docs, "refunds.md"), []byte("# Refunds\n\nWho was charged twice gets one charge back.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := settle(t, time.Now, "SUPPORTMCP_HTTP_TOKEN="+strings.Repeat("t", 40), "SUPPORTMCP_HTTP_RATE=0", "SUPPORTMCP_KNOWLEDGE=handbook="+docs)
	s := openService(t, p.environ, "--operator", "127.0.0.1:0")
	first := newLoader(s.address, true)
	if status, body, err := first.ask(t.Context(), "tools/list", "", ""); err != nil || status != http.StatusOK {
		t.Fatal(status, body, err)
	}
	first.http.CloseIdleConnections()
	before := goroutines(t, s)

	over, loaders := make(chan struct{}), make([]*loader, *connections)
	var busy sync.WaitGroup
	for i := range loaders {
		loaders[i] = newLoader(s.address, i%2 == 0)
		busy.Go(func() { loaders[i].run(t.Context(), over) })
	}
	memory := sample(t, s.cmd.Process.Pid, *load)
	close(over)
	busy.Wait()
	var took []time.Duration
	for _, l := range loaders {
		took = append(took, l.took...)
		for _, f := range l.failed {
			t.Errorf("answered %.300s", f)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	eventually(t, patience, "no goroutine left over", func() bool { return goroutines(t, s) <= before+2 })
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	early, late := peak(memory, 1), peak(memory, 3)
	t.Logf("%d connections for %s: %d requests, %.0f a second; p50 %s, p90 %s, p99 %s, at most %s; at most %d MiB in the second quarter and %d MiB in the last; %d goroutines before and %d after",
		*connections, *load, len(took), float64(len(took))/load.Seconds(), at(0.5), at(0.9), at(0.99), at(1), early, late, before, goroutines(t, s))
	if *load >= time.Minute && late > early+early/4 {
		t.Errorf("the service's memory grew from %d to %d MiB", early, late)
	}
}

// goroutines are those that a service says it has.
func goroutines(t *testing.T, s *runningService) int {
	t.Helper()
	_, page := look(t, s.operator+"/metrics")
	found := regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no number of goroutines in %s", page)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// sample is what a process holds in memory, in MiB, forty times over a while.
func sample(t *testing.T, pid int, span time.Duration) (samples []int) {
	t.Helper()
	for range 40 {
		if !wait(t.Context(), span/40) {
			return samples
		}
		samples = append(samples, resident(pid))
	}
	return samples
}
