package main

import (
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAuditNamesWhatWasChangedOutsideSupportmcp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string // run on the database; ACTION is the refund
		names  string // a pattern of what the report must hold
	}{
		"nothing":                    {"", ""},
		"an amount":                  {"UPDATE entry SET cost_minor = 100 WHERE id = 'ACTION'", "ACTION"},
		"a state":                    {"UPDATE entry SET state = 'failed' WHERE id = 'ACTION'", "ACTION"},
		"facts":                      {"UPDATE personal SET facts = replace(facts, 'cus_maria', 'cus_tom') WHERE entry_id = 'ACTION'", "ACTION"},
		"a decision":                 {"UPDATE personal SET decision = replace(decision, 'allow', 'deny') WHERE entry_id = 'ACTION'", "ACTION"},
		"a receipt":                  {"UPDATE entry SET receipt = replace(receipt, 're_000001', 're_000002') WHERE id = 'ACTION'", "ACTION"},
		"who asked":                  {"UPDATE entry SET principal = 'someone' WHERE id = 'ACTION'", "ACTION"},
		"what it takes from budgets": {"UPDATE hold SET minor = 0 WHERE entry_id = 'ACTION'", "ACTION"},
		"a hold removed":             {"DELETE FROM hold WHERE entry_id = 'ACTION'", "ACTION"},
		"texts removed":              {"DELETE FROM personal WHERE entry_id = 'ACTION'", "the texts of ACTION are gone"},
		"an entry removed":           {"PRAGMA foreign_keys = 0; DELETE FROM personal WHERE entry_id = 'ACTION'; DELETE FROM hold WHERE entry_id = 'ACTION'; DELETE FROM entry WHERE id = 'ACTION'", "ACTION"},
		"an event":                   {"UPDATE event SET body = replace(body, 'done', 'gone') WHERE seq = 1", "event 1"},
		"the spacing of an event":    {"UPDATE event SET body = body || ' ' WHERE seq = 0", "event 0"},
		"the last event removed":     {"DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "event"},
		"an event renamed":           {"UPDATE event SET entry_id = 'act_ffffffffffffffffffffffff' WHERE seq = 0", "event 0|ACTION|act_f+"},
		"the size of the log":        {"UPDATE event_head SET size = size - 1", "event|size|log"},
		"a node of the tree":         {"UPDATE event_node SET hash = zeroblob(32) WHERE idx = 0", "event|node|tree"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := settle(t, time.Now)
			action := refundOnce(t, p)
			sound := typeIn(t, p.environ, "audit", "verify")
			if sound.status != 0 || sound.err != "" || !regexp.MustCompile(`^\d+ events and 1 checkpoint fit, tree root \S{44}\n$`).MatchString(sound.out) {
				t.Fatalf("a sound ledger: status %d, %q, %q", sound.status, sound.out, sound.err)
			}
			edit(t, p, strings.ReplaceAll(c.change, "ACTION", action))
			got := typeIn(t, p.environ, "audit", "verify")
			if c.change == "" {
				if got != sound {
					t.Errorf("the same ledger: %q, then %q", sound.out, got.out)
				}
				return
			}
			if want := "PROBLEM .*(" + strings.ReplaceAll(c.names, "ACTION", action) + ")"; got.status != 1 || !regexp.MustCompile(want).MatchString(got.out) {
				t.Errorf("status %d, %q does not match %s", got.status, got.out, want)
			}
			if !strings.Contains(got.out, "the ledger was changed outside supportmcp or is damaged") || got.err != "" {
				t.Errorf("says %q and %q", got.out, got.err)
			}
		})
	}
}

// refundOnce fills a ledger with one refund that a server made, and gives its action.
func refundOnce(t *testing.T, p *place) string {
	t.Helper()
	a := hire(t, p.environ, "serve")
	got := a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
	a.leave()
	if got.Receipt.ID != "re_000001" {
		t.Fatalf("refunded: %s", got)
	}
	return got.Action
}

// edit changes a ledger's file as somebody with a database browser would.
func edit(t *testing.T, p *place, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(p.database, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for s := range strings.SplitSeq(statements, ";") {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", s, err))
		}
	}
}
