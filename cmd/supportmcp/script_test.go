package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: prepare,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answers": answersCommand,
			"capture": captureCommand,
			"narrow":  narrowCommand,
			"plain":   plainCommand,
			"checks":  checksCommand,
			"mode":    modeCommand,
			"fault":   faultCommand,
			"review":  reviewCommand,
			"keygen":  keygenCommand,
			"sign":    signCommand,
		},
	})
}

// prepare gives every script vendors of its own and the environment of a server that works.
func prepare(env *testscript.Env) error {
	running, err := sandbox.New(control.NewClock(time.Now)).Listen(env.T().(testing.TB).Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	env.Defer(running.Close)
	for name, value := range map[string]string{
		"STRIPE_SECRET_KEY": sandbox.StripeKey, "STRIPE_API_BASE": running.StripeURL,
		"INTERCOM_ACCESS_TOKEN": sandbox.IntercomToken, "INTERCOM_API_BASE": running.IntercomURL, "INTERCOM_ADMIN_ID": sandbox.AdminID,
		"ESC":                     "\x1b",
		"GORACE":                  raceOptions,
		"SUPPORTMCP_DATABASE_URL": "sqlite:" + filepath.Join(env.WorkDir, "data", "ledger.db"),
	} {
		env.Setenv(name, value)
	}
	return nil
}

// answersCommand wants standard output to be nothing but JSON-RPC, with exactly
// one answer to each of the ids.
func answersCommand(ts *testscript.TestScript, _ bool, want []string) {
	var got []string
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var m struct {
			Version string `json:"jsonrpc"`
			ID      json.RawMessage
			Result  json.RawMessage
			Error   json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Version != "2.0" {
			ts.Fatalf("not JSON-RPC: %q", line)
		}
		if m.ID != nil {
			got = append(got, string(m.ID))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("answered %v, want %v", got, want)
	}
}

// captureCommand sets a variable to what a pattern finds in standard output.
func captureCommand(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no %s in standard output", args[1])
	}
	ts.Setenv(args[0], found[len(found)-1])
}

// narrowCommand wants no indented line of standard output to be longer than so
// many characters, save those of a single word, which cannot be broken.
func narrowCommand(ts *testscript.TestScript, _ bool, args []string) {
	var width int
	ts.Check(scan(args[0], &width))
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") && len([]rune(line)) > width && strings.Contains(strings.TrimSpace(line), " ") {
			ts.Fatalf("%d characters: %s", len([]rune(line)), line)
		}
	}
}

func scan(s string, into *int) error {
	_, err := fmt.Sscan(s, into)
	return err
}

// plainCommand wants both outputs to hold only what a terminal shows as it is.
func plainCommand(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"stdout", "stderr"} {
		if i := strings.IndexFunc(ts.ReadFile(name), unshown); i >= 0 {
			ts.Fatalf("%s holds a hidden character: %q", name, ts.ReadFile(name)[i:])
		}
	}
}

// checksCommand wants a demo in JSON lines: so many stories, and every check ok.
func checksCommand(ts *testscript.TestScript, _ bool, args []string) {
	var want, checks, ended int
	ts.Check(scan(args[0], &want))
	stories := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var e struct {
			Event, Story, Claim string
			OK                  bool `json:"ok"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("not a JSON line: %q", line)
		}
		switch e.Event {
		case "story":
			stories[e.Story] = true
		case "check":
			checks++
			if !e.OK {
				ts.Fatalf("%s: %s", e.Story, e.Claim)
			}
		case "end":
			ended++
		}
	}
	if len(stories) != want || checks < 2*want || ended != 1 {
		ts.Fatalf("%d stories with %d checks and %d ends, want %d stories", len(stories), checks, ended, want)
	}
}

// modeCommand wants a file or folder to have these permissions, in octal.
func modeCommand(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// faultCommand makes requests to Stripe go wrong: method, path, kind and status,
// for one time or, with "always", until "fault clear".
func faultCommand(ts *testscript.TestScript, _ bool, args []string) {
	method, body := http.MethodDelete, ""
	if args[0] != "clear" {
		f := control.Fault{Method: args[0], Path: args[1], Kind: control.Kind(args[2])}
		ts.Check(scan(args[3], &f.Status))
		if args[len(args)-1] == "always" {
			f.Times = -1
		}
		b, err := json.Marshal(f)
		ts.Check(err)
		method, body = http.MethodPost, string(b)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, ts.Getenv("STRIPE_API_BASE")+"/_sandbox/faults", strings.NewReader(body))
	ts.Check(err)
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		ts.Fatalf("the sandbox answers %s", res.Status)
	}
}

// reviewCommand puts an action under review, as the server does a day later.
func reviewCommand(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	l, err := ledger.Open(ctx, ts.Getenv("SUPPORTMCP_DATABASE_URL"), ledger.Options{Now: time.Now})
	ts.Check(err)
	e, err := l.Settle(ctx, args[0], policies.Settlement{State: policies.Review, Failure: &fault.Error{Code: fault.Upstream, Message: "not found"}})
	ts.Check(err)
	ts.Check(l.Close())
	if e.State != policies.Review {
		ts.Fatalf("%s is %s", e.ID, e.State)
	}
}
