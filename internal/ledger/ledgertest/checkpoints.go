package ledgertest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

// signer is a new key for checkpoints.
func signer(t testing.TB) checkpoint.Signer {
	t.Helper()
	file, err := checkpoint.Generate(checkpoint.Verifier{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoint.ParseSigner(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *desk) checkpoint(by checkpoint.Signer) checkpoint.Checkpoint {
	d.t.Helper()
	c, err := d.Checkpoint(d.t.Context(), by)
	if err != nil {
		d.t.Fatalf("checkpoint: %v", err)
	}
	return c
}

// problems is what Verify finds, given a key and checkpoints that were kept.
func (d *desk) problems(by checkpoint.Signer, kept ...checkpoint.Checkpoint) string {
	d.t.Helper()
	r, err := d.Verify(d.t.Context(), ledger.Evidence{Signed: by.Verifier, Kept: kept})
	if err != nil {
		d.t.Fatalf("verify: %v", err)
	}
	return strings.Join(r.Problems, "\n")
}

// checkpoints are signed over the log as it grows, and never over one that was changed.
func checkpoints(t *testing.T, fresh Fresh) {
	t.Run("one for each state of the log", func(t *testing.T) {
		d, by := newDesk(t, fresh), signer(t)
		if c := d.checkpoint(by); c != (checkpoint.Checkpoint{}) {
			t.Errorf("an empty log has the checkpoint %+v", c)
		}
		var kept []checkpoint.Checkpoint
		for i := range 5 {
			e := d.begin(refund(charge(i), 100), policies.Allow)
			d.settle(e.ID, policies.Done)
			kept = append(kept, d.checkpoint(by))
			if again := d.checkpoint(by); again != kept[i] || again.Size != int64(2*i+2) {
				t.Errorf("checkpoint %d covers %d events, and then it is %+v", i, kept[i].Size, again)
			}
		}
		r, err := d.Verify(t.Context(), ledger.Evidence{Signed: by.Verifier, Kept: append(kept, kept...)})
		if err != nil || !r.Sound() || r.Checkpoints != len(kept) || r.Root != kept[4].Root.String() {
			t.Errorf("verified %+v: %v", r, err)
		}
	})
	t.Run("the same from many at once", func(t *testing.T) {
		d, by := newDesk(t, fresh), signer(t)
		d.begin(refund(charged, 100), policies.Allow)
		var all sync.WaitGroup
		var got [8]checkpoint.Checkpoint
		for i := range got {
			l := d.open()
			all.Go(func() { got[i], _ = l.Checkpoint(t.Context(), by) })
		}
		all.Wait()
		for _, c := range got {
			if c != got[0] || c.Size != 1 {
				t.Errorf("got %+v and %+v", got[0], c)
			}
		}
	})
	t.Run("another key is refused", func(t *testing.T) {
		d, by, other := newDesk(t, fresh), signer(t), signer(t)
		d.begin(refund(charged, 100), policies.Allow)
		kept := d.checkpoint(by)
		_, err := d.Checkpoint(t.Context(), other)
		for _, err := range []error{err, d.CheckTail(t.Context(), other.Verifier)} {
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Refused || !strings.Contains(f.NextStep, "SUPPORTMCP_AUDIT_KEY_FILE") {
				t.Errorf("got %v", err)
			}
		}
		if p := d.problems(other, kept); !strings.Contains(p, "signed with another key") {
			t.Errorf("verified with another key: %q", p)
		}
	})
	t.Run("a changed log", changedTail(fresh))
	t.Run("what only a kept checkpoint shows", onlyKept(fresh))
}

// changedTail changes what a start looks at.
func changedTail(fresh Fresh) func(*testing.T) {
	return func(t *testing.T) {
		d, by := soundDesk(t, fresh), signer(t)
		d.checkpoint(by) // of 7 events
		five := d.begin(refund("ch_5", 500), policies.Allow)
		d.settle(five.ID, policies.Done)
		d.keep()
		if err := d.CheckTail(t.Context(), by.Verifier); err != nil {
			t.Fatalf("a sound log: %v", err)
		}
		for name, statements := range map[string][]string{
			"an event behind the checkpoint":   {`UPDATE event SET body = body || ' ' WHERE seq = 7`},
			"the last event removed":           {`DELETE FROM event WHERE seq = 8`},
			"the last event cut off":           {`DELETE FROM event WHERE seq = 8`, `UPDATE event_head SET size = 6`},
			"an event more than there are":     {`INSERT INTO event SELECT 9, entry_id, body FROM event WHERE seq = 8`},
			"the head set back":                {`UPDATE event_head SET size = 8`},
			"no head":                          {`DELETE FROM event_head`},
			"a node behind the checkpoint":     {`UPDATE event_node SET hash = (SELECT hash FROM event_node WHERE idx = 0) WHERE idx = 15`},
			"a node that the checkpoint needs": {`UPDATE event_node SET hash = (SELECT hash FROM event_node WHERE idx = 0) WHERE idx = 6`},
			"a node that is gone":              {`DELETE FROM event_node WHERE idx = 6`},
			"a node cut short":                 {`UPDATE event_node SET hash = '' WHERE idx = 6`},
			"a checkpoint of other events":     {`UPDATE checkpoint SET size = 8`},
			"a checkpoint with another text":   {`UPDATE checkpoint SET note = replace(note, '7', '8')`},
		} {
			t.Run(name, func(t *testing.T) {
				d := d.in(t)
				defer d.restore()
				d.sql(statements...)
				_, err := d.Checkpoint(t.Context(), by)
				for _, err := range []error{err, d.CheckTail(t.Context(), by.Verifier)} {
					if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Refused || f.NextStep == "" {
						t.Errorf("got %v", err)
					}
				}
			})
		}
	}
}

// onlyKept replaces everything by what is whole in itself.
func onlyKept(fresh Fresh) func(*testing.T) {
	return func(t *testing.T) {
		d, by := openDesk(t, fresh(t)), signer(t)
		d.begin(refund("ch_1", 100), policies.Deny)
		early := d.checkpoint(by)
		d.keep()
		d.begin(refund("ch_2", 100), policies.Deny)
		late := d.checkpoint(by)
		if p := d.problems(by, early, late); p != "" {
			t.Fatalf("a sound ledger: %s", p)
		}
		d.restore() // as somebody does who puts an old copy in the place of the ledger
		if p := d.problems(by, early); p != "" {
			t.Errorf("an older state is whole in itself: %s", p)
		}
		if p := d.problems(by, early, late); !strings.Contains(p, "its end was cut off") {
			t.Errorf("found %q", p)
		}
		d.begin(refund("ch_3", 100), policies.Deny) // and goes on with it
		d.checkpoint(by)
		if p := d.problems(by, early, late); !strings.Contains(p, "not those for which a checkpoint was signed") {
			t.Errorf("found %q", p)
		}
	}
}
