package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

func TestWhatIsErasedWhileAServerRunsIsToldToItsAgent(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now, "SUPPORTMCP_LOG_LEVEL=debug")
	a := hire(t, p.environ, "serve")
	refund := refundOf("duplicate-charge", "ch_maria_2", "note", canary+" note")
	first := a.call("create_refund", refund)
	reply := map[string]any{"conversation_id": sandbox.Conversation("duplicate-charge"), "body": canary + " reply"}
	said := a.call("reply_to_conversation", reply)
	eventually(t, patience, "the note and the event about the refund are there", func() bool {
		listed := typeIn(t, p.environ, "approvals", "list", "--all").out
		return !strings.Contains(listed, "approved") && !strings.Contains(listed, "executing")
	})

	got := typeIn(t, p.environ, "privacy", "erase", "--customer", "cus_maria", "--as", "officer")
	if got.status != 1 || !strings.HasPrefix(got.out, "2 actions have lost their texts.") || strings.Count(got.out, "keeps its texts") != 2 {
		t.Fatalf("erased: %+v", got)
	}
	after := a.call("get_action", map[string]any{"action_id": first.Action})
	today := time.Now().UTC().Format(time.DateOnly)
	if after.State != policies.Done || after.Receipt != first.Receipt || after.Message != "its texts were erased on "+today {
		t.Errorf("the refund is told as %s", after)
	}
	if again := a.call("create_refund", refund); !again.Replayed || again.Receipt != first.Receipt || again.Action != first.Action {
		t.Errorf("asked again: %s", again)
	}
	if again := a.call("reply_to_conversation", reply); !again.Replayed || again.Action != said.Action {
		t.Errorf("said again: %s", again)
	}
	a.leave()
	if strings.Contains(a.log.String(), canary) {
		t.Errorf("the log holds texts: %s", a.log.String())
	}
	if got := typeIn(t, p.environ, "audit", "verify"); got.status != 0 {
		t.Errorf("verified: %+v", got)
	}

	later := func() time.Time { return time.Now().Add(25 * time.Hour) }
	if got := typeAt(t, later, p.environ, "privacy", "erase", "--customer", "cus_maria"); got.status != 0 || !strings.HasPrefix(got.out, "2 actions have lost their texts, 2 had before.") {
		t.Errorf("a day later: %+v", got)
	}
	if text := databaseBytes(t, p); strings.Contains(text, canary) {
		t.Error("texts are left in the database")
	}
}

// databaseBytes are the files of a ledger that nobody has open.
func databaseBytes(t *testing.T, p *place) string {
	t.Helper()
	files, err := filepath.Glob(strings.TrimPrefix(p.database, "sqlite:") + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestWhatIsOldIsPrunedOnceNoBudgetCountsItAnyMore(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	action := refundOnce(t, p)
	in := func(days int) func() time.Time {
		return func() time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
	}
	prune := func(when int, args ...string) typed {
		t.Helper()
		return typeAt(t, in(when), p.environ, append([]string{"ledger", "prune", "--as", "officer"}, args...)...)
	}
	tomorrow := in(1)().UTC().Format(time.DateOnly)

	// The default policy counts refunds of a customer over 90 days.
	for name, c := range map[string]struct {
		when int
		args []string
		want string
	}{
		"no date":              {100, nil, "it is not said what is old"},
		"no such date":         {100, []string{"--before", "2026-02-30"}, `"2026-02-30" is no date`},
		"inside the window":    {89, []string{"--before", tomorrow}, "still counts in a budget"},
		"to come":              {0, []string{"--before", tomorrow}, "still counts in a budget"},
		"an argument too many": {100, []string{"all", "--before", tomorrow}, `unknown command "all"`},
		"nobody":               {100, []string{"--before", tomorrow, "--as", " "}, "needs the name of a person"},
	} {
		if got := prune(c.when, c.args...); got.status != 1 || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}

	before := typeIn(t, p.environ, "audit", "verify")
	rehearsed := prune(100, "--before", tomorrow, "--dry-run")
	if rehearsed.status != 0 || !strings.Contains(rehearsed.out, "would lose the texts") {
		t.Errorf("rehearsed: %+v", rehearsed)
	}
	if after := typeIn(t, p.environ, "audit", "verify"); after != before {
		t.Errorf("a rehearsal changed %q to %q", before.out, after.out)
	}
	if got := prune(100, "--before", tomorrow+"T00:00:00Z"); got.status != 0 || !strings.Contains(got.out, "lost") {
		t.Errorf("pruned: %+v", got)
	}
	if got := typeIn(t, p.environ, "audit", "verify"); got.status != 0 || !strings.Contains(got.out, "texts erased") {
		t.Errorf("verified: %+v", got)
	}
	a := hire(t, p.environ, "serve")
	if again := a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2")); !again.Replayed || again.Action != action || again.Receipt.ID != "re_000001" {
		t.Errorf("asked again: %s", again)
	}
	a.leave()
}
