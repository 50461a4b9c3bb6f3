package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"supportmcp/policies"
)

// history tells later what was read at each moment: the same budgets, and the same
// denials.
func history(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	asked := reads(
		policies.Query{Scope: "customer:cus_1", Currency: "eur", Window: 3 * time.Hour},
		policies.Query{Scope: "charge:ch_3", Currency: "eur", Window: time.Hour},
		policies.Query{Scope: "charge:ch_2", Also: []policies.Scope{"charge:ch_4", "customer:cus_1"}, Window: 2 * time.Hour},
		policies.Query{Scope: "customer:cus_other", Currency: "eur", Window: time.Hour},
	)
	asked.Conversation, asked.Denials, asked.DeniedWithin = "conv_1", 100, 2*time.Hour
	var then []policies.Snapshot
	look := func() {
		s, err := d.Read(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		then = append(then, s)
		d.clock.Advance(17 * time.Minute)
	}
	for i := range 24 {
		effect := policies.Allow
		if i%5 == 4 {
			effect = policies.Deny
		}
		e := d.begin(refund(fmt.Sprintf("ch_%d", i), int64(100+i)), effect)
		look()
		if effect == policies.Allow && i%7 != 6 { // the others stay under way
			d.settle(e.ID, policies.Done)
			look()
		}
	}
	entries, err := d.History(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	h := policies.NewHistory(entries)
	for i, want := range then {
		got := h.At(asked, want.Now, "")
		got.Waiting = want.Waiting // which no judgement of a policy looks at
		for _, s := range []*policies.Snapshot{&got, &want} {
			slices.SortFunc(s.Denied, time.Time.Compare)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("moment %d (-read +told):\n%s", i, diff)
		}
	}
	late, err := d.History(t.Context(), then[len(then)-3].Now)
	if err != nil || len(late) >= len(entries) || len(late) < 4 {
		t.Errorf("%d of %d entries are of late: %v", len(late), len(entries), err)
	}
}
