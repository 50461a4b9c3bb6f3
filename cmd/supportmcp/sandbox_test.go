package main

import (
	"bufio"
	"context"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"supportmcp/internal/sandbox"
)

func TestTheSandboxServesAnyClientUntilItIsStopped(t *testing.T) {
	t.Parallel()
	out := runSandbox(t)
	for base, bearer := range map[string]string{out.stripe + "/v1/charges/ch_maria_2": sandbox.StripeKey, out.intercom + "/me": sandbox.IntercomToken} {
		if status := get(t, base, bearer); status != http.StatusOK {
			t.Errorf("%s answers %d", base, status)
		}
		if status := get(t, base, ""); status != http.StatusUnauthorized {
			t.Errorf("%s answers %d without a key", base, status)
		}
	}
	out.stop()
	if _, err := http.Get(out.stripe); err == nil { //nolint:noctx // refused at once
		t.Error("it still answers after SIGTERM")
	}
}

// printed is what the sandbox command said, and how to stop it.
type printed struct {
	stripe, intercom string
	stop             func()
}

// runSandbox runs the sandbox command on free ports and reads what it prints.
func runSandbox(t *testing.T) printed {
	t.Helper()
	path, err := exec.LookPath("supportmcp")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(context.Background(), path, "sandbox", "--stripe", "127.0.0.1:0", "--intercom", "127.0.0.1:0") //nolint:usetesting // stopped by a signal
	c.Env = bare()
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	var text strings.Builder
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C") {
		text.WriteString(lines.Text() + "\n")
	}
	for _, story := range []string{"duplicate-charge", "budget-used-up", "several-people"} {
		if !strings.Contains(text.String(), story) {
			t.Errorf("does not print the story %s", story)
		}
	}
	address := func(name string) string {
		found := regexp.MustCompile(name + ` +(http://127\.0\.0\.1:[0-9]+) `).FindStringSubmatch(text.String())
		if found == nil {
			t.Fatalf("prints no address of %s: %s", name, text.String())
		}
		return found[1]
	}
	return printed{stripe: address("Stripe"), intercom: address("Intercom"), stop: func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	}}
}

func get(t *testing.T, url, bearer string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
