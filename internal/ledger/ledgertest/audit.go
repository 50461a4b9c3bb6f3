package ledgertest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"supportmcp/policies"
)

// sql changes the database behind the ledger's back.
func (d *desk) sql(statements ...string) {
	d.t.Helper()
	for _, s := range statements {
		if _, err := d.db.ExecContext(context.Background(), s); err != nil {
			d.t.Fatalf("%s: %v", s, err)
		}
	}
}

// audit changes a sound ledger in every way that matters and wants each found.
func audit(t *testing.T, fresh Fresh) {
	d := soundDesk(t, fresh)
	d.keep()
	for _, c := range forgeries() {
		t.Run(c.name, func(t *testing.T) {
			d := d.in(t)
			defer d.restore()
			before, err := d.Verify(t.Context())
			if err != nil || !before.Sound() || before.Events != 7 || before.Entries != 4 {
				t.Fatalf("before: %+v, %v", before, err)
			}
			d.sql(c.sql...)
			after, err := d.Verify(t.Context())
			if err != nil || !strings.Contains(strings.Join(after.Problems, "\n"), c.want) {
				t.Errorf("want a problem with %q, got %q: %v", c.want, after.Problems, err)
			}
		})
	}
	t.Run("two logs of equal actions have two roots", salted(fresh))
	t.Run("any changed byte", anyByte(fresh))
	t.Run("no free text", noFreeText(fresh))
}

// forgery is what somebody who can write to the database may do, and what tells of it.
type forgery struct {
	name string
	sql  []string
	want string // in one of the problems
}

func forgeries() []forgery {
	const done = `(SELECT id FROM entry WHERE state = 'done')`
	return []forgery{
		{"a changed byte", []string{`UPDATE event SET body = replace(body, '"executing"', '"executinh"') WHERE seq = 1`}, "event 1 (act_"},
		{"an added space", []string{`UPDATE event SET body = body || ' ' WHERE seq = 3`}, "event 3 (act_"},
		{"a text that is no event", []string{`UPDATE event SET body = 'gone' WHERE seq = 2`}, "event 2 (act_"},
		{"an event moved to another action", []string{`UPDATE event SET entry_id = 'act_other' WHERE seq = 0`}, "event 0 (act_other) says"},
		{"a removed event", []string{`DELETE FROM event WHERE seq = 1`}, "event 1 is missing"},
		{"two events in another order", []string{`UPDATE event SET seq = 99 WHERE seq = 1`, `UPDATE event SET seq = 1 WHERE seq = 2`, `UPDATE event SET seq = 2 WHERE seq = 99`}, "event 1 (act_"},
		{"a cut tail", []string{`DELETE FROM event WHERE seq >= 5`}, "its end was cut"},
		{"a cut tail and its nodes", []string{`DELETE FROM event WHERE seq >= 4`, `DELETE FROM event_node WHERE idx >= 7`, `UPDATE event_head SET size = 4`}, "no event tells of it"},
		{"a head set back", []string{`UPDATE event_head SET size = size - 1`}, "added to"},
		{"a changed leaf", []string{`UPDATE event_node SET hash = (SELECT hash FROM event_node WHERE idx = 0) WHERE idx = 1`}, "event 1 (act_"},
		{"a changed inner node", []string{`UPDATE event_node SET hash = (SELECT hash FROM event_node WHERE idx = 0) WHERE idx = 2`}, "node 2 of the tree"},
		{"a removed node", []string{`DELETE FROM event_node WHERE idx = 2`}, "node 2 of the tree is missing"},
		{"a shortened node", []string{`UPDATE event_node SET hash = '' WHERE idx = 2`}, "node 2 of the tree has 0 bytes"},
		{"an entry's state", []string{`UPDATE entry SET state = 'failed' WHERE state = 'done'`}, ": to"},
		{"an entry's facts", []string{`UPDATE personal SET facts = '{"charge":"ch_9"}' WHERE entry_id = ` + done}, "facts_digest"},
		{"an entry's input", []string{`UPDATE personal SET input = '{}' WHERE entry_id = ` + done}, "input_digest"},
		{"an entry's receipt", []string{`UPDATE entry SET receipt = '{"id":"re_2"}' WHERE state = 'done'`}, "receipt_digest"},
		{"an entry's amount", []string{`UPDATE entry SET cost_minor = 1 WHERE state = 'done'`}, "subject"},
		{"an entry's decision", []string{`UPDATE personal SET decision = replace(decision, 'rev_1', 'rev_2') WHERE entry_id = ` + done}, "decision_digest"},
		{"who asked", []string{`UPDATE entry SET principal = 'nobody' WHERE state = 'done'`}, "principal"},
		{"who approved", []string{`UPDATE entry SET approver = 'nobody' WHERE state = 'approved'`}, "approver"},
		{"what was approved", []string{`UPDATE personal SET digest = 'other' WHERE entry_id = (SELECT id FROM entry WHERE state = 'approved')`}, "bound_digest"},
		{"a decision that cannot be read", []string{`UPDATE personal SET decision = '{' WHERE entry_id = ` + done}, "cannot be read"},
		{"an added entry", []string{`INSERT INTO entry (id, kind, principal, identity, ordinal, repeat_of, parent, created_at, state, conversation, customer, charge, exclusive, same,
			cost_minor, cost_currency, receipt, approver, lease_ms, expires_ms, lease_until, looks, updated_at, expires_at, first_sent)
			SELECT 'act_new', kind, principal, '', 0, '', '', created_at, state, conversation, customer, charge, '', same,
			cost_minor, cost_currency, receipt, approver, lease_ms, expires_ms, lease_until, looks, updated_at, expires_at, first_sent
			FROM entry WHERE state = 'approved'`}, "act_new is in the ledger"},
		{"a removed entry", []string{`DELETE FROM hold WHERE entry_id = ` + done, `DELETE FROM personal WHERE entry_id = ` + done, `DELETE FROM entry WHERE state = 'done'`}, "which is not in the ledger"},
		{"a smaller hold", []string{`UPDATE hold SET minor = 1 WHERE scope = 'customer:cus_1' AND entry_id = ` + done}, "counts in customer:cus_1"},
		{"an aged hold", []string{`UPDATE hold SET at = 1 WHERE scope = 'global:'`}, "counts in global:"},
		{"a removed hold", []string{`DELETE FROM hold WHERE scope = 'charge:ch_1'`}, "does not count in charge:ch_1"},
		{"an identity", []string{`UPDATE entry SET identity = 'other' WHERE state = 'done'`}, "not the identity"},
		{"an ordinal", []string{`UPDATE entry SET ordinal = 1 WHERE state = 'done'`}, "not the id"},
		{"an identity taken away", []string{`UPDATE entry SET identity = '' WHERE state = 'done'`}, "not the identity"},
		{"when it was created", []string{`UPDATE entry SET created_at = created_at - 1 WHERE state = 'done'`}, "was not created when"},
		{"a lease", []string{`UPDATE entry SET lease_until = 1 WHERE state = 'executing'`}, "lease_until"},
		{"a person's note", []string{`UPDATE personal SET note = 'seen' WHERE entry_id = (SELECT id FROM entry WHERE state = 'approved')`}, "note_digest"},
		{"a decision in other words", []string{`UPDATE personal SET decision = decision || ' ' WHERE entry_id = ` + done}, "not written as the ledger writes it"},
		{"an approval's author", []string{`UPDATE approval SET approver = 'nobody'`}, "what a person decided"},
		{"an approval's note", []string{`UPDATE approval SET note = 'seen'`}, "what a person decided"},
		{"an approval's verdict", []string{`UPDATE approval SET verdict = 'rejected'`}, "what a person decided"},
		{"a note on what nobody decided", []string{`INSERT INTO approval SELECT id, 'nobody', 'approved', updated_at, 'seen', '', '' FROM entry WHERE state = 'done'`}, "no event tells what a person decided"},
		{"a receipt that nothing reads", []string{`UPDATE personal SET answer = receipt FROM entry WHERE id = entry_id AND state = 'done'`}, "not written as the ledger writes it"},
		{"what is left of texts that are there", []string{`UPDATE entry SET code = 'refused' WHERE state = 'done'`}, "not written as the ledger writes it"},
		{"a clock set back", []string{`UPDATE event_head SET newest = 0`}, "the ledger's clock runs from"},
		{"a signature", []string{`UPDATE approval SET signature = 'x'`}, "what a person decided"},
		{"a removed approval", []string{`DELETE FROM approval`}, "the ledger does not have it"},
		{"an added approval", []string{`INSERT INTO approval SELECT id, 'person', 'approved', updated_at, '', '', '' FROM entry WHERE state = 'done'`}, "no event tells what a person decided"},
		{"no head", []string{`DELETE FROM event_head`}, "has no head"},
		{"an added event", []string{`INSERT INTO event SELECT -1, entry_id, body FROM event WHERE seq = 1`}, "added to"},
		{"an added node", []string{`INSERT INTO event_node SELECT 99, hash FROM event_node WHERE idx = 1`}, "should have 11 nodes"},
		{"an added checkpoint", []string{`INSERT INTO checkpoint VALUES (3, 'three')`}, "the checkpoint of 3 events in the ledger is worthless"},
		{"an added hold", []string{`INSERT INTO hold SELECT id, 'global:', kind, '', 0, 1 FROM entry WHERE state = 'denied'`}, "counts in global:"},
	}
}

// soundDesk is a small ledger with one done, one denied, one executing and one
// approved entry, in seven events. It is not verified when the test ends.
func soundDesk(t *testing.T, fresh Fresh) *desk {
	t.Helper()
	d := openDesk(t, fresh(t))
	d.begin(refund("ch_1", 100), policies.Allow)
	two := d.begin(refund("ch_2", 200), policies.Allow)
	d.settle(two.ID, policies.InDoubt)
	d.settle(two.ID, policies.Done)
	d.begin(refund("ch_3", 300), policies.Deny)
	four := d.begin(refund("ch_4", 400), policies.NeedsApproval)
	must(t)(approve(d, four))
	return d
}

// kept are the tables that keep and restore copy, those first that others refer to.
func kept() []string {
	return []string{"entry", "personal", "hold", "approval", "act", "event", "event_node", "event_head", "checkpoint"}
}

func (d *desk) keep() {
	for _, table := range kept() {
		d.sql(`CREATE TABLE kept_` + table + ` AS SELECT * FROM ` + table)
	}
}

// restore makes the tables what they were at keep.
func (d *desk) restore() {
	d.t.Helper()
	statements := []string{`BEGIN`}
	for _, table := range slices.Backward(kept()) {
		statements = append(statements, `DELETE FROM `+table)
	}
	for _, table := range kept() {
		statements = append(statements, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
	}
	d.sql(strings.Join(append(statements, `COMMIT`), "; "))
}

// salted compares two ledgers in which the same was done: their hashes have other
// salts, so that neither log tells anything of the other's texts.
func salted(fresh Fresh) func(*testing.T) {
	return func(t *testing.T) {
		roots := map[string]bool{}
		for range 2 {
			d := newDesk(t, fresh)
			d.begin(refund(charged, 100), policies.Deny)
			for range 2 {
				r, err := d.Verify(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				roots[r.Root] = true
			}
		}
		if len(roots) != 2 {
			t.Errorf("two ledgers have %d roots", len(roots))
		}
	}
}

// anyByte changes one bit of one byte of an event, all over it.
func anyByte(fresh Fresh) func(*testing.T) {
	return func(t *testing.T) {
		d := soundDesk(t, fresh)
		var body string
		if err := d.db.QueryRowContext(t.Context(), `SELECT body FROM event WHERE seq = 4`).Scan(&body); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(body); i += 17 {
			changed := []byte(body)
			changed[i] ^= 1
			if _, err := d.db.ExecContext(t.Context(), `UPDATE event SET body = $1 WHERE seq = 4`, string(changed)); err != nil {
				t.Fatal(err)
			}
			if r, err := d.Verify(t.Context()); err != nil || r.Sound() {
				t.Errorf("byte %d changed, and nothing was found: %v", i, err)
			}
		}
	}
}

// noFreeText looks for what was said in everything the log keeps.
func noFreeText(fresh Fresh) func(*testing.T) {
	return func(t *testing.T) {
		d := newDesk(t, fresh)
		draft := refund(charged, 100)
		draft.Input, draft.Facts = json.RawMessage(`{"reason":"CANARY"}`), json.RawMessage(`{"body":"CANARY"}`)
		e, _, err := d.Begin(t.Context(), draft, func(policies.Snapshot) policies.Decision {
			return policies.Decision{Effect: policies.NeedsApproval, Findings: []policies.Finding{{Rule: "r", Effect: policies.NeedsApproval, Message: "CANARY", NextStep: "CANARY"}}}
		})
		if err != nil {
			t.Fatal(err)
		}
		must(t)(d.Approve(t.Context(), e.ID, "person", "CANARY"))
		must(t)(d.Resume(t.Context(), e.ID, draft, says(policies.Allow)))
		s := settlement(policies.Failed)
		s.Failure.Message, s.Receipt = "CANARY", json.RawMessage(`{"text":"CANARY"}`)
		must(t)(d.Settle(t.Context(), e.ID, s))
		var n int
		if err := d.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM event WHERE body LIKE '%CANARY%'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d events hold free text: %v", n, err)
		}
	}
}
