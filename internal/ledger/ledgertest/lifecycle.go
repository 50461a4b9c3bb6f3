package ledgertest

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func filter(states ...policies.State) ledger.Filter { return ledger.Filter{States: states} }

// leases says who may take over an entry, and when.
func leases(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	e := d.begin(refund(charged, 100), policies.Allow)
	sent := d.clock.Now()
	due := func(want int) {
		t.Helper()
		got, err := d.Due(t.Context(), policies.DueLapsed, 10)
		if err != nil || len(got) != want {
			t.Fatalf("%d entries have lapsed, want %d: %v", len(got), want, err)
		}
	}
	take := func(want bool) policies.Entry {
		t.Helper()
		got, ok, err := d.Claim(t.Context(), e.ID, lease)
		if err != nil || ok != want {
			t.Fatalf("claimed %v, want %v: %v", ok, want, err)
		}
		return got
	}

	d.clock.Advance(lease - time.Millisecond)
	due(0)
	take(false)
	d.clock.Advance(time.Millisecond)
	due(1)
	if got := take(true); got.State != policies.InDoubt || got.Looks != 0 || !got.FirstSent.Equal(sent) {
		t.Errorf("claimed entry is %s after %d looks, first sent %s", got.State, got.Looks, got.FirstSent)
	}
	due(0)
	take(false)

	looked := settlement(policies.InDoubt)
	looked.Looked = true
	if got := d.stored(must(t)(d.Settle(t.Context(), e.ID, looked))); got.Looks != 1 || got.State != policies.InDoubt {
		t.Errorf("after an answered look it is %s after %d looks", got.State, got.Looks)
	}
	if got := d.settle(e.ID, policies.InDoubt); got.Looks != 1 || !got.FirstSent.Equal(sent) {
		t.Errorf("an attempt in doubt counts as %d looks, first sent %s", got.Looks, got.FirstSent)
	}
	due(0) // it stays in doubt, and with whoever has claimed it
	d.clock.Advance(lease)
	due(1)
	if got := take(true); got.Looks != 1 {
		t.Errorf("claiming counts as a look: %d", got.Looks)
	}
	looked.State = policies.Review
	if _, err := d.Settle(t.Context(), e.ID, looked); fault.CodeOf(err) != fault.Internal {
		t.Errorf("a look that ends an entry: %v", err)
	}
	d.settle(e.ID, policies.Review)
	d.clock.Advance(time.Hour)
	due(0)
	take(false)

	first := d.begin(refund("ch_first", 100), policies.Allow)
	d.settle(first.ID, policies.InDoubt)
	due(1) // the first attempt is over, and its lease with it

	if _, _, err := d.Claim(t.Context(), "act_none", lease); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("claiming what does not exist: %v", err)
	}
}

// resuming judges approved entries anew.
func resuming(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	approved := func(charge string) policies.Entry {
		t.Helper()
		e := d.begin(refund(charge, 100), policies.NeedsApproval)
		return must(t)(d.Approve(t.Context(), e.ID, "person", ""))
	}
	again := func(e policies.Entry, draft policies.Draft, effect policies.Effect) policies.Entry {
		t.Helper()
		return d.stored(must(t)(d.Resume(t.Context(), e.ID, draft, says(effect))))
	}

	t.Run("a person's yes stands for needs_approval", func(t *testing.T) {
		e := again(approved("ch_yes"), refund("ch_yes", 100), policies.NeedsApproval)
		if e.State != policies.Executing || e.FirstSent.IsZero() || e.Approver != "person" {
			t.Errorf("got %s, first sent %s, approved by %q", e.State, e.FirstSent, e.Approver)
		}
	})
	t.Run("a person's yes does not overrule a denial", func(t *testing.T) {
		e := again(approved("ch_no"), refund("ch_no", 100), policies.Deny)
		if e.State != policies.Stale || e.Failure == nil || e.Decision.Effect != policies.Deny {
			t.Errorf("got %s with %v", e.State, e.Failure)
		}
	})
	t.Run("other facts were not approved", func(t *testing.T) {
		draft := refund("ch_other", 100)
		e := approved("ch_other")
		draft.Digest = "changed"
		if e = again(e, draft, policies.Allow); e.State != policies.Stale || e.Digest != "facts of ch_other" {
			t.Errorf("got %s, bound to %q", e.State, e.Digest)
		}
	})
	t.Run("a busy target leaves it approved", func(t *testing.T) {
		e := approved("ch_busy")
		d.begin(refund("ch_busy", 50), policies.Allow)
		_, err := d.Resume(t.Context(), e.ID, refund("ch_busy", 100), says(policies.Allow))
		wantCode(t, err, fault.Busy)
		if e = d.stored(e); e.State != policies.Approved {
			t.Errorf("got %s", e.State)
		}
	})
	t.Run("too late", func(t *testing.T) {
		e := approved("ch_late")
		d.clock.Advance(expires)
		if e = again(e, refund("ch_late", 100), policies.Allow); e.State != policies.Expired {
			t.Errorf("got %s", e.State)
		}
	})
	t.Run("another action in its place is refused", func(t *testing.T) {
		e := approved("ch_swap")
		draft := refund("ch_swap", 100)
		draft.Principal = "somebody else"
		_, err := d.Resume(t.Context(), e.ID, draft, says(policies.Allow))
		wantCode(t, err, fault.Internal)
		d.stored(e)
	})
}

// resumedByTwo lets two workers resume one entry: whoever comes second is told
// that it is not his to perform.
func resumedByTwo(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	ledgers := []*ledger.Ledger{d.Ledger, d.open()}
	e := must(t)(approve(d, d.begin(refund(charged, 100), policies.NeedsApproval)))
	var ours atomic.Int64
	parallel(8, func(i int) {
		got, ok, err := ledgers[i%2].Resume(t.Context(), e.ID, e.Draft, says(policies.Allow))
		if err != nil || got.State != policies.Executing {
			t.Errorf("resume: %s, %v", got.State, err)
		}
		if ok {
			ours.Add(1)
		}
	})
	if ours.Load() != 1 {
		t.Errorf("%d of 8 may perform it, want one", ours.Load())
	}
}

// followups are queued with the settlement, judged on their own, and never taken
// for a repeat.
func followups(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	queue := func(charge string) policies.Entry {
		t.Helper()
		e := d.begin(refund(charge, 100), policies.Allow)
		s := settlement(policies.Done)
		s.Follow = []policies.Draft{{Kind: policies.KindNote, Principal: "agent", Parent: e.ID, Input: json.RawMessage(`{"body":"receipt"}`), Lease: lease, Expires: expires}}
		must(t)(d.Settle(t.Context(), e.ID, s))
		must(t)(d.Settle(t.Context(), e.ID, s)) // a second settlement queues nothing
		due, err := d.Due(t.Context(), policies.DueApproved, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%d follow-ups are queued: %v", len(due), err)
		}
		if due[0].Parent != e.ID || due[0].Facts != nil || string(due[0].Input) != `{"body":"receipt"}` {
			t.Errorf("queued %+v", due[0])
		}
		return due[0]
	}
	for effect, want := range map[policies.Effect]policies.State{
		policies.Allow: policies.Executing, policies.NeedsApproval: policies.Awaiting, policies.Deny: policies.Denied,
	} {
		t.Run(effect.String(), func(t *testing.T) {
			e := queue("ch_" + effect.String())
			note := message(policies.KindNote, "receipt")
			note.Parent = e.Parent
			got := d.stored(must(t)(d.Resume(t.Context(), e.ID, note, says(effect))))
			if got.State != want || got.Subject != note.Subject || string(got.Facts) != string(note.Facts) || got.Digest != note.Digest {
				t.Errorf("got %s, want %s: %+v", got.State, want, got)
			}
			if got.State.InFlight() {
				d.settle(e.ID, policies.Failed)
			}
		})
	}
	t.Run("nobody's turn came", func(t *testing.T) {
		e := queue("ch_late")
		d.clock.Advance(expires)
		if _, err := d.Due(t.Context(), policies.DueApproved, 10); err != nil {
			t.Fatal(err)
		}
		if got := must(t)(d.Entry(t.Context(), e.ID)); got.State != policies.Expired {
			t.Errorf("got %s", got.State)
		}
	})
	t.Run("an equal request is not answered by a follow-up", func(t *testing.T) {
		e := queue("ch_equal")
		note := message(policies.KindNote, "equal")
		note.Parent = e.Parent
		must(t)(d.Resume(t.Context(), e.ID, note, says(policies.Allow)))
		note.Parent = ""
		if own := d.begin(note, policies.Allow); own.ID == e.ID {
			t.Error("the follow-up answered")
		}
	})
}

// approvals are given by people, about others' actions, in time.
func approvals(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	e := d.begin(refund(charged, 100), policies.NeedsApproval)
	for _, by := range []string{"", " \t", "agent", "AGENT", " agent "} {
		for _, decide := range []func() (policies.Entry, error){
			func() (policies.Entry, error) { return d.Approve(t.Context(), e.ID, by, "") },
			func() (policies.Entry, error) { return d.Reject(t.Context(), e.ID, by, "") },
		} {
			if _, err := decide(); fault.CodeOf(err) != fault.Refused {
				t.Errorf("%q may decide: %v", by, err)
			}
		}
	}
	if _, err := d.Approve(t.Context(), "act_none", "person", ""); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("approving what does not exist: %v", err)
	}
	d.clock.Advance(expires - time.Millisecond)
	got := d.stored(must(t)(d.Approve(t.Context(), e.ID, " person ", "seen the invoice")))
	if got.Approver != "person" || got.Note != "seen the invoice" || !got.UpdatedAt.Equal(d.clock.Now()) {
		t.Errorf("approved as %+v", got)
	}
	if _, err := d.Reject(t.Context(), e.ID, "person", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("rejected after it was approved: %v", err)
	}

	late := d.begin(refund("ch_late", 100), policies.NeedsApproval)
	d.clock.Advance(expires)
	if _, err := d.Approve(t.Context(), late.ID, "person", ""); fault.CodeOf(err) != fault.Refused {
		t.Errorf("approved after it expired: %v", err)
	}
}

// expiry ends what waits too long, and nothing else.
func expiry(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	waiting := d.begin(refund("ch_waiting", 100), policies.NeedsApproval)
	flying := d.begin(refund("ch_flying", 100), policies.Allow)
	approved := d.begin(refund("ch_approved", 100), policies.NeedsApproval)
	must(t)(approve(d, approved))

	d.clock.Advance(expires - time.Millisecond)
	due, err := d.Due(t.Context(), policies.DueApproved, 10)
	if err != nil || len(due) != 1 || due[0].ID != approved.ID {
		t.Fatalf("approved and in time: %v, %v", due, err)
	}
	d.clock.Advance(time.Millisecond)
	if due, err = d.Due(t.Context(), policies.DueApproved, 10); err != nil || len(due) != 0 {
		t.Fatalf("approved and too late: %v, %v", due, err)
	}
	for id, want := range map[string]policies.State{waiting.ID: policies.Expired, approved.ID: policies.Expired, flying.ID: policies.Executing} {
		if e := must(t)(d.Entry(t.Context(), id)); e.State != want {
			t.Errorf("%s is %s, want %s", id, e.State, want)
		}
	}
	if next := d.begin(refund("ch_waiting", 100), policies.Allow); next.Ordinal != 1 {
		t.Errorf("the next attempt has ordinal %d", next.Ordinal)
	}
	listed, err := d.List(t.Context(), filter(policies.Expired))
	if err != nil || len(listed) != 2 {
		t.Errorf("listed %d expired entries: %v", len(listed), err)
	}
}

// An approval that is found to be over stays over when the request that found it
// is denied.
func expiryFoundByADenial(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	draft := refund("ch_1", 100)
	draft.Expires = time.Hour
	waiting := d.begin(draft, policies.NeedsApproval)
	d.clock.Advance(time.Hour)
	denied := d.begin(draft, policies.Deny)
	if denied.State != policies.Denied || denied.ID == waiting.ID {
		t.Errorf("the second request is %s, %s", denied.ID, denied.State)
	}
	if e := must(t)(d.Entry(t.Context(), waiting.ID)); e.State != policies.Expired {
		t.Errorf("the first request is %s", e.State)
	}
}
