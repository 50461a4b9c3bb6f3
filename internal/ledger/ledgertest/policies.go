package ledgertest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
)

// acceptedPolicies wants one history, whoever adds to it.
func acceptedPolicies(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	accept := func(seq int64, body string) error {
		return d.Accept(t.Context(), ledger.Accepted{Seq: seq, Body: body, By: "robin"})
	}
	if last, err := d.LastPolicy(t.Context()); last != 0 || err != nil {
		t.Errorf("at first the last is %d, %v", last, err)
	}
	for _, seq := range []int64{0, 2, -1} {
		if err := accept(seq, "x"); fault.CodeOf(err) != fault.Busy {
			t.Errorf("the first one as number %d: %v", seq, err)
		}
	}
	if err := accept(1, "version: 1\n# \x00é"); err == nil {
		t.Error("text that not every database can hold was accepted")
	}
	if err := accept(1, "version: 1\n# é"); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var busy sync.WaitGroup
	for i := range 8 {
		busy.Go(func() {
			if err := accept(2, strconv.Itoa(i)); err == nil {
				won.Add(1)
			} else if fault.CodeOf(err) != fault.Busy {
				t.Error(err)
			}
		})
	}
	busy.Wait()
	all, err := d.Policies(t.Context())
	if err != nil || len(all) != 2 || won.Load() != 1 {
		t.Fatalf("%d were accepted at once, and %d are there: %v", won.Load(), len(all), err)
	}
	if a := all[0]; a.Seq != 1 || a.Body != "version: 1\n# é" || a.By != "robin" || !a.At.Equal(d.clock.Now()) {
		t.Errorf("the first is %+v", a)
	}
}
