package ledgertest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// What the ledger keeps of a signature is text to it; whether it counts, others know.
func signedBy(by string, verdict policies.State) policies.Approval {
	return policies.Approval{By: by, Verdict: verdict, Note: "note of " + by, Statement: "statement of " + by, Signature: "signature of " + by}
}

func anybody(policies.Entry, []policies.Approval) error { return nil }

func nobody(policies.Entry, []policies.Approval) error { return errors.New("not enough") }

// two wants two people.
func two(_ policies.Entry, given []policies.Approval) error {
	if len(given) < 2 {
		return errors.New("one is not enough")
	}
	return nil
}

func (d *desk) act(purpose string, behind int64) ledger.Act {
	d.t.Helper()
	a, err := d.RecordAct(d.t.Context(), ledger.Act{Purpose: purpose, Subject: "s", By: "robin", Body: "b\n", Statement: "st", Signature: "si"}, behind)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// signedApprovals are kept one for each person, and let an entry go on when there
// are enough of them.
func signedApprovals(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	e := d.begin(refund(charged, 100), policies.NeedsApproval)
	if e.Bound == "" || e.Bound == e.Digest {
		t.Errorf("the digest is told as %q", e.Bound)
	}
	got := d.stored(must(t)(d.Decide(t.Context(), e.ID, signedBy("robin", policies.Approved), two)))
	if got.State != policies.Awaiting || !got.ExpiresAt.Equal(e.ExpiresAt) {
		t.Errorf("after one of two it is %s until %s", got.State, got.ExpiresAt)
	}
	for _, by := range []string{"robin", "ROBIN", " robin "} {
		if _, err := d.Decide(t.Context(), e.ID, signedBy(by, policies.Approved), anybody); fault.CodeOf(err) != fault.Refused {
			t.Errorf("%q approves twice: %v", by, err)
		}
	}
	d.clock.Advance(time.Second)
	if got = d.stored(must(t)(d.Decide(t.Context(), e.ID, signedBy("kim", policies.Approved), two))); got.State != policies.Approved || got.Approver != "kim" {
		t.Errorf("after two it is %s by %s", got.State, got.Approver)
	}
	given, err := d.Approvals(t.Context(), e.ID)
	if err != nil || len(given) != 2 || given[0].By != "robin" || given[1] != withTime(signedBy("kim", policies.Approved), d.clock.Now()) {
		t.Errorf("kept %+v: %v", given, err)
	}

	t.Run("no approval counts that the guard does not count", func(t *testing.T) {
		draft := refund(charged, 100)
		draft.Unapproved = true
		if got, err := d.Resume(t.Context(), e.ID, draft, says(policies.NeedsApproval)); err != nil || got.State != policies.Awaiting {
			t.Errorf("got %s: %v", got.State, err)
		}
	})
	t.Run("who approved first may still refuse", func(t *testing.T) {
		e := d.begin(refund("ch_2", 100), policies.NeedsApproval)
		must(t)(d.Decide(t.Context(), e.ID, signedBy("robin", policies.Approved), nobody))
		if got := must(t)(d.Decide(t.Context(), e.ID, signedBy("robin", policies.Rejected), nobody)); got.State != policies.Rejected {
			t.Errorf("got %s", got.State)
		}
	})
	t.Run("two people who are named", func(t *testing.T) {
		e, _, err := d.Begin(t.Context(), refund("ch_3", 100), func(policies.Snapshot) policies.Decision {
			return policies.Decision{Effect: policies.NeedsApproval, Need: policies.Need{Role: "finance", People: 2}}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.stored(must(t)(d.Approve(t.Context(), e.ID, "robin", ""))); got.State != policies.Awaiting || got.Decision.Need.People != 2 {
			t.Errorf("got %s, %+v", got.State, got.Decision.Need)
		}
		if got := must(t)(d.Approve(t.Context(), e.ID, "kim", "")); got.State != policies.Approved {
			t.Errorf("got %s", got.State)
		}
	})
	t.Run("notes are erased and signatures stay", func(t *testing.T) {
		must(t)(d.Reject(t.Context(), d.begin(refund("ch_4", 100), policies.NeedsApproval).ID, "kim", "CANARY"))
		d.clock.Advance(48 * time.Hour)
		if _, err := d.Due(t.Context(), policies.DueApproved, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Erase(t.Context(), ledger.Data{Customer: "cus_1"}, "officer", false); err != nil {
			t.Fatal(err)
		}
		given, err := d.Approvals(t.Context(), e.ID)
		if err != nil || len(given) != 2 || given[0].Note != "" || given[0].Statement != "statement of robin" {
			t.Errorf("left %+v: %v", given, err)
		}
	})
	t.Run("what is signed settles", func(t *testing.T) {
		e := d.begin(refund("ch_5", 100), policies.Allow)
		d.settle(e.ID, policies.Review)
		s := settlement(policies.Failed)
		s.By, s.Note, s.Statement, s.Signature = "robin", "seen", "statement", "signature"
		must(t)(d.Settle(t.Context(), e.ID, s))
		if given, err := d.Approvals(t.Context(), e.ID); err != nil || len(given) != 1 || given[0].Verdict != policies.Failed || given[0].Signature != "signature" {
			t.Errorf("kept %+v: %v", given, err)
		}
	})
}

func withTime(a policies.Approval, at time.Time) policies.Approval {
	a.At = at
	return a
}

// signedActs follow each other, and none can be changed or removed unseen.
func signedActs(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	if got := d.act("roster", 0); got.ID != "sig_roster_1" || !got.At.Equal(d.clock.Now()) {
		t.Errorf("recorded %+v", got)
	}
	d.act("roster", 1)
	d.act("prune", 0)
	if _, err := d.RecordAct(t.Context(), ledger.Act{Purpose: "roster"}, 1); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a second successor: %v", err)
	}
	if _, err := d.RecordAct(t.Context(), ledger.Act{Purpose: "roster", Body: strings.Repeat("x", 2<<20)}, 2); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a body too long: %v", err)
	}
	all, err := d.Acts(t.Context(), "roster")
	if err != nil || len(all) != 2 || all[1].Number != 2 || all[1].Body != "b\n" {
		t.Errorf("read %+v: %v", all, err)
	}
	for _, c := range []struct{ name, sql, want string }{
		{"another body", `UPDATE act SET body = 'c' WHERE number = 2`, "sig_roster_2 is not as event 8 tells"},
		{"another purpose", `UPDATE act SET purpose = 'tie' WHERE id = 'sig_prune_1'`, "sig_prune_1 is not the id"},
		{"another subject", `UPDATE act SET subject = 'x' WHERE id = 'sig_prune_1'`, "sig_prune_1 is not as event 9 tells"},
		{"removed", `DELETE FROM act WHERE id = 'sig_prune_1'`, "event 9 tells of sig_prune_1, which is not in the ledger"},
		{"added", `INSERT INTO act SELECT 'sig_tie_1', 'tie', 1, subject, approver, at, body, statement, signature FROM act WHERE id = 'sig_prune_1'`, "sig_tie_1 was signed, and 0 events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := soundDesk(t, fresh)
			d.act("roster", 0)
			d.act("roster", 1)
			d.act("prune", 0)
			d.sql(c.sql)
			r, err := d.Verify(t.Context())
			if err != nil || !slices.ContainsFunc(r.Problems, func(p string) bool { return strings.HasPrefix(p, c.want) }) {
				t.Errorf("want %q, got %q: %v", c.want, r.Problems, err)
			}
		})
	}
}
