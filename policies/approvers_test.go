package policies

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

// panel counts the approvals of those whom it knows.
type panel struct {
	knows []string
	asked []Need
}

func (p *panel) Judge(_ context.Context, _ Entry, given []Approval, need Need) error {
	p.asked = append(p.asked, need)
	n := 0
	for _, a := range given {
		if slices.Contains(p.knows, a.By) {
			n++
		}
	}
	if n < need.Count() {
		return &fault.Error{Code: fault.Refused, Message: "nobody known has approved", NextStep: "approve it"}
	}
	return nil
}

func TestWhatNobodyKnownApprovedIsNeverPerformed(t *testing.T) {
	d := newDesk(t)
	who := &panel{knows: []string{"kim"}}
	d.Approvers = who
	e := d.approved(t, refundOf(6000))
	err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000)))
	if err == nil || !strings.Contains(err.Error(), "nobody known has approved") || d.state(t, e.ID) != Approved || len(d.sent) != 0 {
		t.Fatalf("%v, %s, sent %v", err, d.state(t, e.ID), d.sent)
	}
	if why := d.Unlawful(t.Context(), e); why == nil {
		t.Error("nothing is said against it")
	}
	who.knows = []string{"robin"}
	if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6000))); err != nil || d.state(t, e.ID) != Done {
		t.Errorf("known: %v, %s", err, d.state(t, e.ID))
	}
	if why := d.Unlawful(t.Context(), d.entry(t, e.ID)); why != nil {
		t.Errorf("against what is done: %v", why)
	}
}

// A row that says approved and names nobody is like a follow-up: judged as new.
func TestAnApprovalWithoutAPersonIsNone(t *testing.T) {
	d := newDesk(t)
	d.Approvers = &panel{knows: []string{"robin"}}
	e := d.approved(t, refundOf(6000))
	d.ledger.entries[e.ID].Approver = ""
	if err := Resume(t.Context(), d.Guard, d.entry(t, e.ID), d.refunding(refundOf(6000))); err != nil || d.state(t, e.ID) != Awaiting || len(d.sent) != 0 {
		t.Errorf("%v, %s, sent %v", err, d.state(t, e.ID), d.sent)
	}
}

func TestApprovalsMustBeEnoughForTheDecisionThatWasShown(t *testing.T) {
	d := newDesk(t)
	who := &panel{knows: []string{"robin"}}
	d.Approvers = who
	e := d.approved(t, refundOf(6000))
	d.ledger.entries[e.ID].Decision.Need = Need{Role: "finance", People: 2}
	if err := Resume(t.Context(), d.Guard, d.entry(t, e.ID), d.refunding(refundOf(6000))); err == nil || d.state(t, e.ID) != Approved || len(d.sent) != 0 {
		t.Errorf("one of two: %v, %s, sent %v", err, d.state(t, e.ID), d.sent)
	}
	if !slices.Contains(who.asked, Need{Role: "finance", People: 2}) {
		t.Errorf("asked for %v", who.asked)
	}
}

func TestOtherFactsThanThoseApprovedEndAnEntryWhoeverApproved(t *testing.T) {
	d := newDesk(t)
	d.Approvers = &panel{knows: []string{"robin"}}
	e := d.approved(t, refundOf(6000))
	if err := Resume(t.Context(), d.Guard, e, d.refunding(refundOf(6100))); err != nil || d.state(t, e.ID) != Stale || len(d.sent) != 0 {
		t.Errorf("%v, %s, sent %v", err, d.state(t, e.ID), d.sent)
	}
}

// Whoever writes to the ledger can make what waits look as if it had been sent and
// lost, which would be sent again.
func TestWhatWaitedIsNotSentAsIfItHadBeenLost(t *testing.T) {
	for name, c := range map[string]struct {
		minor  int64
		change func(*Entry)
		sent   int
	}{
		"what waits":                  {6000, func(*Entry) {}, 0},
		"what is said to be allowed":  {6000, func(e *Entry) { e.Decision.Effect = Allow }, 0},
		"of other facts":              {2000, func(e *Entry) { e.Digest = "other" }, 0},
		"what is denied":              {25000, func(e *Entry) { e.Decision.Effect = Allow }, 0},
		"what an agent may do alone":  {2000, func(*Entry) {}, 1},
		"what somebody known allowed": {6000, func(e *Entry) { e.Approver = "robin" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.Approvers = &panel{knows: []string{"robin"}}
			o, err := Enforce(t.Context(), d.Guard, d.ask(), d.failing(refundOf(c.minor), errors.New("connection reset")))
			if err != nil {
				t.Fatal(err)
			}
			e := d.ledger.entries[o.Action]
			e.State, d.sent = Executing, nil
			e.FirstSent, d.ledger.leases[e.ID] = d.clock, d.clock
			c.change(e)
			if e.Approver != "" {
				d.ledger.approvals[e.ID] = []Approval{{By: e.Approver, Verdict: Approved}}
			}
			for range looks {
				d.pass(longestPause)
				if err := Recover(t.Context(), d.Guard, *e, d.refunding(refundOf(c.minor))); err != nil {
					t.Fatal(err)
				}
			}
			want := Review
			if c.sent > 0 {
				want = Done
			}
			if len(d.sent) != c.sent || d.state(t, e.ID) != want {
				t.Errorf("sent %v, %s", d.sent, d.state(t, e.ID))
			}
		})
	}
}

// Between counting and recording the policy may come to need others.
func TestApprovalsAreCountedForTheNeedThatIsRecorded(t *testing.T) {
	d := newDesk(t)
	d.Approvers = &panel{knows: []string{"robin"}}
	e := d.approved(t, refundOf(6000))
	need := Need{}
	judge := func(Snapshot) Decision {
		return Decision{Effect: NeedsApproval, Need: need, Findings: []Finding{{Rule: "r", Effect: NeedsApproval}}}
	}
	bound, err := d.lawful(t.Context(), e, Draft{Digest: e.Digest}, judge)
	if err != nil || bound(Snapshot{}).Effect != NeedsApproval {
		t.Fatalf("the same need: %v", err)
	}
	need = Need{People: 2}
	if got := bound(Snapshot{}); got.Effect != Deny || got.Findings[0].Rule != "approvals.need" {
		t.Errorf("another need: %+v", got)
	}
}

func TestANeedIsToldInWords(t *testing.T) {
	for want, n := range map[string]Need{
		"one approval": {}, "2 approvals by finance": {Role: "finance", People: 2, Expires: time.Hour}, "one approval by lead": {Role: "lead", People: 1},
	} {
		if got := n.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheDigestOfStoredFactsIsThatOfTheAction(t *testing.T) {
	for _, a := range []Action{refundOf(6000), Reply{Message: Message{Body: "b"}}, Note{Message: Message{Body: "b"}}, SetState{State: Open}, Tag{}} {
		facts, err := encode(a)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Digest(a)
		if got, failed := DigestOf(a.Kind(), facts); err != nil || failed != nil || got != want {
			t.Errorf("%s: %q, want %q: %v", a.Kind(), got, want, failed)
		}
	}
	if _, err := DigestOf("other", nil); err == nil {
		t.Error("an unknown kind has a digest")
	}
	if _, err := DigestOf(KindRefund, []byte("{")); err == nil {
		t.Error("broken facts have a digest")
	}
}
