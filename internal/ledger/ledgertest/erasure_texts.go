package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// erasedRefund follows a refund with every text that an entry can have.
func erasedRefund(d *desk) {
	e := d.talkative("CANARY", policies.KindRefund)
	e = d.settle(e.ID, policies.Done)
	if found := d.dump(); strings.Count(found, "CANARY") < 5 {
		d.t.Fatalf("the texts are not where they are looked for: %s", found)
	}
	d.erase(ofCustomer("cus_1"))
	if found := d.dump(); strings.Contains(found, "CANARY") {
		d.t.Errorf("still there: %s", found)
	}
	got := must(d.t)(d.Entry(d.t.Context(), e.ID))
	if string(got.Receipt) != string(e.Receipt) || got.Decision.Effect != e.Decision.Effect || got.Decision.Revision != e.Decision.Revision {
		d.t.Errorf("left %s", plain(got))
	}
	if f := got.Decision.Findings[0]; f.Rule != "r" || f.Limit != "1" || f.Actual != "2" || f.Message != "" || f.NextStep != "" {
		d.t.Errorf("the finding is %+v", f)
	}
	again, replayed, err := d.Begin(d.t.Context(), refund(charged, 100), says(policies.Allow))
	if err != nil || !replayed || again.ID != e.ID || string(again.Receipt) != string(e.Receipt) {
		d.t.Errorf("asked again: replayed %v as %s, %v", replayed, plain(again), err)
	}
	repeat := refund(charged, 100)
	repeat.RepeatOf = e.ID
	if next := d.begin(repeat, policies.Allow); next.Ordinal != 1 {
		d.t.Errorf("the repeat has ordinal %d", next.Ordinal)
	}
	if n := d.count(24 * time.Hour); n != 2 {
		d.t.Errorf("%d refunds count", n)
	}
	if _, err := d.Settle(d.t.Context(), e.ID, settlement(policies.Failed)); err != nil {
		d.t.Errorf("a late settlement: %v", err)
	}
	if late := must(d.t)(d.Entry(d.t.Context(), e.ID)); plain(late) != plain(got) {
		d.t.Errorf("a late settlement made it %s", plain(late))
	}
}

// erasedTarget wants facts that were read after a refund, and before its texts
// were erased, to count as fresh.
func erasedTarget(d *desk) {
	d.settle(d.begin(refund(charged, 100), policies.Allow).ID, policies.Done)
	next := refund(charged, 200)
	read, err := d.Mark(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	next.Mark = read
	d.erase(ofCustomer("cus_1"))
	if e := d.begin(next, policies.Allow); e.State != policies.Executing {
		d.t.Errorf("the next refund is %s", e.State)
	}
}

// talkative begins an action with a text wherever there can be one.
func (d *desk) talkative(text string, kind policies.Kind) policies.Entry {
	d.t.Helper()
	draft := refund(charged, 100)
	if kind != policies.KindRefund {
		draft = message(kind, sha(text))
		draft.Subject.Customer = "cus_1"
	}
	draft.Input, draft.Facts = json.RawMessage(`{"reason":"`+text+`"}`), json.RawMessage(`{"body":"`+text+`"}`)
	draft.Digest = text
	ask := func(policies.Snapshot) policies.Decision {
		return policies.Decision{Effect: policies.NeedsApproval, Revision: "rev_1", Findings: []policies.Finding{
			{Rule: "r", Effect: policies.NeedsApproval, Limit: "1", Actual: "2", Message: text, NextStep: text},
		}}
	}
	e, _, err := d.Begin(d.t.Context(), draft, ask)
	if err != nil {
		d.t.Fatal(err)
	}
	must(d.t)(d.Approve(d.t.Context(), e.ID, "person", text))
	e = must(d.t)(d.Resume(d.t.Context(), e.ID, draft, ask))
	return must(d.t)(d.Settle(d.t.Context(), e.ID, policies.Settlement{
		State: policies.InDoubt, Failure: &fault.Error{Code: fault.Upstream, Message: text, NextStep: text, RequestID: text},
	}))
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// erasedMessage keeps what still answers an equal message, and then leaves no
// hash that a guess could be compared with.
func erasedMessage(d *desk) {
	e := d.talkative("yes", policies.KindReply)
	must(d.t)(d.Settle(d.t.Context(), e.ID, policies.Settlement{State: policies.Done, Receipt: json.RawMessage(`{"tags":["CANARY"]}`)}))
	got := d.erase(ofCustomer("cus_1"))
	if until := d.clock.Now().Add(24 * time.Hour); got.Erased != 0 || len(got.Kept) != 1 || !got.Kept[0].Until.Equal(until) {
		d.t.Fatalf("erased %+v", got)
	}
	d.clock.Advance(24*time.Hour - time.Millisecond)
	if got := d.erase(ofCustomer("cus_1")); len(got.Kept) != 1 {
		d.t.Fatalf("too early: %+v", got)
	}
	d.clock.Advance(time.Millisecond)
	if got := d.erase(ofCustomer("cus_1")); got.Erased != 1 {
		d.t.Fatalf("in time: %+v", got)
	}
	dump := d.dump()
	for _, guess := range []string{"CANARY", sha("yes"), sha(`{"body":"yes"}`), sha(`{"reason":"yes"}`), sha(`{"tags":["CANARY"]}`)} {
		if strings.Contains(dump, guess) {
			d.t.Errorf("the guess %s is there: %s", guess, dump)
		}
	}
	if left := must(d.t)(d.Entry(d.t.Context(), e.ID)); left.Receipt != nil || left.Subject.Same != "" {
		d.t.Errorf("left %s", plain(left))
	}
	if next := d.talkative("yes", policies.KindReply); next.ID == e.ID {
		d.t.Error("the erased message answered")
	}
}

// erasedHidden wants a denial that agents must not see to stay one.
func erasedHidden(d *desk) {
	e, _, err := d.Begin(d.t.Context(), refund(charged, 100), func(policies.Snapshot) policies.Decision {
		return policies.Decision{Effect: policies.Deny, Findings: []policies.Finding{{Rule: "owner_match", Effect: policies.Deny, Message: "foreign"}}}
	})
	if err != nil || !e.Hidden() {
		d.t.Fatalf("begun %s: %v", plain(e), err)
	}
	d.erase(ofCustomer("cus_1"))
	if got := must(d.t)(d.Entry(d.t.Context(), e.ID)); !got.Hidden() || got.ErasedAt.IsZero() {
		d.t.Errorf("left %s", plain(got))
	}
}

// erasedAdopted finds that a vendor has done what had ended without effect and was
// erased since. It counts and answers from then on, and gets no texts again.
func erasedAdopted(d *desk) {
	for state := range ways() {
		if !state.Final() || state == policies.Done {
			continue
		}
		d.t.Run(string(state), func(t *testing.T) {
			d := d.in(t)
			d.sweep()
			charge := "ch_" + string(state)
			e := d.reach(state, charge)
			d.erase(ofCustomer("cus_1"))
			erased := must(t)(d.Entry(t.Context(), e.ID))
			got := d.adopt(d.found(e.ID, refund(charge, 100)), true)
			left := must(t)(d.Entry(t.Context(), e.ID))
			if left.State != policies.Done || string(left.Receipt) != `{"id":"re_found"}` || left.Failure != nil || left.Decision.Findings[0].Rule != "adopted" ||
				left.Decision.Findings[0].Message != "" || !left.ErasedAt.Equal(erased.ErasedAt) {
				t.Errorf("adopted as %s", plain(left))
			}
			d.countsAs(got)
			d.sound()
			again, replayed, err := d.Begin(t.Context(), refund(charge, 100), says(policies.Deny))
			if err != nil || !replayed || again.ID != e.ID {
				t.Errorf("asked again: replayed %v as %s: %v", replayed, again.ID, err)
			}
			if more := d.erase(ofCustomer("cus_1")); more.Erased != 0 {
				t.Errorf("erased %d again", more.Erased)
			}
		})
	}
}

// dump is every value of every table, as text.
func (d *desk) dump() string {
	d.t.Helper()
	var out strings.Builder
	for _, table := range kept() {
		if err := d.dumpTable(&out, table); err != nil {
			d.t.Fatal(err)
		}
	}
	return out.String()
}

func (d *desk) dumpTable(out *strings.Builder, table string) error {
	rows, err := d.db.QueryContext(d.t.Context(), `SELECT * FROM `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s\n", table, values)
	}
	return rows.Err()
}
