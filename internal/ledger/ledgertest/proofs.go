package ledgertest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

// proofs are for people who have nothing but the public key.
func proofs(t *testing.T, fresh Fresh) {
	d, by := soundDesk(t, fresh), signer(t)
	all, err := d.List(t.Context(), ledger.Filter{})
	if err != nil || len(all) != 4 {
		t.Fatalf("%d entries: %v", len(all), err)
	}
	known, err := checkpoint.ParseVerifier(by.Keys()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		proof, err := d.Prove(t.Context(), e.ID, by)
		if err != nil {
			t.Fatal(err)
		}
		under, said, err := known.Check(proof)
		if err != nil || under.Size != 7 || len(said) == 0 {
			t.Fatalf("checked %s: %+v, %v", e.ID, said, err)
		}
		last := said[len(said)-1]
		if last.Action != e.ID || last.To != string(e.State) || last.Principal != string(e.Principal) || !last.At.Equal(e.UpdatedAt) {
			t.Errorf("the last event of %s says %+v", e.ID, last)
		}
		if _, _, err := signer(t).Check(proof); err == nil {
			t.Errorf("the proof of %s is good for another key", e.ID)
		}
	}
	_, err = d.Prove(t.Context(), "act_none", by)
	wantCode(t, err, fault.NotFound)
	for _, change := range []string{
		`UPDATE event SET body = body || ' ' WHERE seq = 1`,
		`DELETE FROM event_node WHERE idx = 0`,
		`DELETE FROM event WHERE seq = 2`,
	} {
		d.sql(change)
		two := slices.IndexFunc(all, func(e policies.Entry) bool { return e.Subject.Charge == "ch_2" })
		_, err = d.Prove(t.Context(), all[two].ID, by)
		wantCode(t, err, fault.Refused)
	}
}

// exports pass on what was recorded, and only that.
func exports(t *testing.T, fresh Fresh) {
	d := soundDesk(t, fresh)
	began := d.clock.Now()
	d.clock.Advance(lease)
	five := d.begin(refund("ch_5", 500), policies.Allow)
	d.begin(message(policies.KindNote, "hello"), policies.Allow)
	take := func(which ledger.Selection) (places []int64) {
		t.Helper()
		err := d.Export(t.Context(), which, func(e ledger.Exported) error {
			if e.Leaf != tlog.RecordHash([]byte(e.Body)) {
				t.Errorf("event %d has another leaf", e.Seq)
			}
			places = append(places, e.Seq)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return places
	}
	for name, c := range map[string]struct {
		which ledger.Selection
		want  []int64
	}{
		"everything":        {ledger.Selection{}, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		"from a time on":    {ledger.Selection{Since: d.clock.Now()}, []int64{7, 8}},
		"before a time":     {ledger.Selection{Until: d.clock.Now()}, []int64{0, 1, 2, 3, 4, 5, 6}},
		"in no time":        {ledger.Selection{Since: began, Until: began}, nil},
		"an action":         {ledger.Selection{Action: five.ID}, []int64{7}},
		"a kind":            {ledger.Selection{Kinds: []policies.Kind{policies.KindNote}}, []int64{8}},
		"two kinds":         {ledger.Selection{Kinds: []policies.Kind{policies.KindNote, policies.KindRefund}, Since: d.clock.Now()}, []int64{7, 8}},
		"states":            {ledger.Selection{States: []policies.State{policies.Done, policies.Denied}}, []int64{3, 4}},
		"a charge":          {ledger.Selection{Charge: "ch_2"}, []int64{1, 2, 3}},
		"a customer":        {ledger.Selection{Customer: "cus_1", Since: d.clock.Now()}, []int64{7}},
		"another customer":  {ledger.Selection{Customer: "cus_2"}, nil},
		"a conversation":    {ledger.Selection{Conversation: "conv_1", States: []policies.State{policies.Denied}}, []int64{4}},
		"another principal": {ledger.Selection{Principal: "somebody"}, nil},
	} {
		if got := take(c.which); !slices.Equal(got, c.want) {
			t.Errorf("%s: exported %v, want %v", name, got, c.want)
		}
	}
	if err := d.Export(t.Context(), ledger.Selection{}, func(ledger.Exported) error { return io.ErrClosedPipe }); !errors.Is(err, io.ErrClosedPipe) || fault.CodeOf(err) != fault.Internal {
		t.Errorf("a reader who went away: %v", err)
	}
	for _, change := range []string{`UPDATE event SET body = replace(body, 'ch_2', 'ch_3') WHERE seq = 2`, `DELETE FROM event WHERE seq = 1`} {
		d.sql(change)
		err := d.Export(t.Context(), ledger.Selection{}, func(e ledger.Exported) error {
			if e.Seq == 2 {
				t.Error("a changed event is exported")
			}
			return nil
		})
		wantCode(t, err, fault.Refused)
	}
}

// unrecorded work is not done: without its event a transaction leaves nothing.
func unrecorded(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	sent := d.begin(refund("ch_sent", 100), policies.Allow)
	asked := d.begin(refund("ch_asked", 100), policies.NeedsApproval)
	fails := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != fault.Internal || fault.TookOf(err) != fault.No || !strings.Contains(err.Error(), "nothing is allowed") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, table := range []string{"event", "event_node", "event_head"} {
		d.sql(`ALTER TABLE ` + table + ` RENAME TO elsewhere`)
		_, _, err := d.Begin(t.Context(), refund("ch_new", 100), says(policies.Allow))
		fails("begin", err)
		_, err = d.Settle(t.Context(), sent.ID, settlement(policies.Done))
		fails("settle", err)
		_, err = d.Approve(t.Context(), asked.ID, "person", "")
		fails("approve", err)
		d.sql(`ALTER TABLE elsewhere RENAME TO ` + table)
	}
	if got := d.stored(sent); got.State != policies.Executing {
		t.Errorf("settled without a record, as %s", got.State)
	}
	if got := d.stored(asked); got.State != policies.Awaiting {
		t.Errorf("decided without a record, as %s", got.State)
	}
	if n := d.count(lease); n != 1 {
		t.Errorf("%d refunds count", n)
	}
	d.settle(sent.ID, policies.Done)
	d.begin(refund("ch_new", 100), policies.Allow)
}

// filling makes a large ledger that is as sound as one that was recorded.
func filling(t *testing.T, fresh Fresh) {
	url := fresh(t)
	const refunds = 5000 // more than one stretch of the log, and more than one span of ids
	Fill(t, url, refunds)
	d, by := openDesk(t, url), signer(t)
	c := d.checkpoint(by)
	r, err := d.Verify(t.Context(), ledger.Evidence{Signed: by.Verifier})
	if err != nil || !r.Sound() || r.Events != 2*refunds || r.Entries != refunds || r.Checkpoints != 1 || r.Root != c.Root.String() {
		t.Fatalf("%d events, %d entries, %d problems such as %q: %v", r.Events, r.Entries, len(r.Problems), r.Problems[:min(1, len(r.Problems))], err)
	}
	d.sql(`UPDATE event SET body = body || ' '`, `UPDATE hold SET minor = 1`)
	if r, err = d.Verify(t.Context()); err != nil || len(r.Problems) != 1000 || r.More < refunds {
		t.Errorf("listed %d problems, and %d more: %v", len(r.Problems), r.More, err)
	}
}
