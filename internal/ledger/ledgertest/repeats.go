package ledgertest

import (
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// repeats says which earlier entry answers an equal request, and which does not.
func repeats(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	year := 365 * 24 * time.Hour
	t.Run("by state", func(t *testing.T) {
		for state := range ways() {
			d := d.in(t)
			e := d.reach(state, "ch_"+string(state))
			got, replayed, err := d.Begin(t.Context(), refund("ch_"+string(state), 100), says(policies.Deny))
			answers := state.Live() || state == policies.Done
			if err != nil || replayed != answers || (got.ID == e.ID) != answers {
				t.Errorf("%s: replayed %v by %s, want %v: %v", state, replayed, got.ID, answers, err)
			}
			if !answers && got.Ordinal != e.Ordinal+1 {
				t.Errorf("%s: the next attempt has ordinal %d after %d", state, got.Ordinal, e.Ordinal)
			}
		}
	})
	for _, c := range []struct {
		name  string
		draft policies.Draft
		after time.Duration
		want  bool
	}{
		{"a refund, ten years on", refund("ch_r", 100), 10 * year, true},
		{"a reply, just within a day", message(policies.KindReply, "r1"), 24*time.Hour - time.Millisecond, true},
		{"a reply, a day on", message(policies.KindReply, "r2"), 24 * time.Hour, false},
		{"a note, just within a day", message(policies.KindNote, "n1"), 24*time.Hour - time.Millisecond, true},
		{"a note, a day on", message(policies.KindNote, "n2"), 24 * time.Hour, false},
		{"a state, at once", message(policies.KindState, ""), 0, false},
		{"a tag, at once", message(policies.KindTag, ""), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := d.begin(c.draft, policies.Allow)
			d.clock.Advance(time.Minute)
			d.settle(first.ID, policies.Done)
			d.clock.Advance(c.after)
			got, replayed, err := d.Begin(t.Context(), c.draft, says(policies.Allow))
			if err != nil || replayed != c.want || (got.ID == first.ID) != c.want {
				t.Fatalf("replayed %v, want %v: %v", replayed, c.want, err)
			}
			if c.want && string(got.Receipt) != `{"id":"re_1"}` {
				t.Errorf("the receipt is %s", got.Receipt)
			}
		})
	}
}

// identity says which requests are equal, and what they are called.
func identity(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	t.Run("a live desired state never answers", func(t *testing.T) {
		first := d.begin(message(policies.KindTag, ""), policies.Allow)
		if second := d.begin(message(policies.KindTag, ""), policies.Allow); second.ID == first.ID {
			t.Error("two actions have one id")
		}
	})
	t.Run("what differs", func(t *testing.T) {
		base := message(policies.KindReply, "text")
		first := d.begin(base, policies.Allow)
		for name, change := range map[string]func(*policies.Draft){
			"kind":         func(d *policies.Draft) { d.Kind = policies.KindNote },
			"conversation": func(d *policies.Draft) { d.Subject.Conversation = "conv_2" },
			"request":      func(d *policies.Draft) { d.Subject.Same = "text " },
		} {
			other := base
			change(&other)
			if e := d.begin(other, policies.Allow); e.ID == first.ID {
				t.Errorf("another %s has the same id", name)
			}
		}
		other := base
		other.Principal, other.Facts, other.Digest = "another agent", nil, "other"
		if _, replayed, err := d.Begin(t.Context(), other, says(policies.Allow)); !replayed {
			t.Errorf("who asks and what was resolved make no difference: %v", err)
		}
	})
	t.Run("an overdue approval does not answer", func(t *testing.T) {
		first := d.begin(refund("ch_overdue", 100), policies.NeedsApproval)
		d.clock.Advance(expires)
		second := d.begin(refund("ch_overdue", 100), policies.Allow)
		if e := must(t)(d.Entry(t.Context(), first.ID)); e.State != policies.Expired || second.Ordinal != 1 {
			t.Errorf("the first is %s, the second has ordinal %d", e.State, second.Ordinal)
		}
	})
	t.Run("ids come from what is asked", func(t *testing.T) {
		other := newDesk(t, fresh)
		mine, theirs := d.begin(refund("ch_id", 100), policies.Deny), other.begin(refund("ch_id", 100), policies.Deny)
		if mine.ID != theirs.ID || len(mine.ID) != len("act_")+24 {
			t.Errorf("two ledgers name one request %s and %s", mine.ID, theirs.ID)
		}
	})
}

// repeatOf says what repeating on purpose may name, and that a retried repeat is
// one repeat.
func repeatOf(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	draft := refund(charged, 100)
	first := d.begin(draft, policies.Allow)
	again := draft
	again.RepeatOf = first.ID

	refuses := func(name string, draft policies.Draft) {
		t.Helper()
		_, _, err := d.Begin(t.Context(), draft, says(policies.Allow))
		if wantCode(t, err, fault.Invalid); t.Failed() {
			t.Fatal(name)
		}
	}
	refuses("not done yet", again)
	d.settle(first.ID, policies.Done)
	for name, change := range map[string]func(*policies.Draft){
		"an unknown id":        func(d *policies.Draft) { d.RepeatOf = "act_000000000000000000000000" },
		"another kind":         func(d *policies.Draft) { d.Kind = policies.KindNote },
		"another conversation": func(d *policies.Draft) { d.Subject.Conversation = "conv_2" },
		"another request":      func(d *policies.Draft) { d.Subject.Same = "ch_1 rest" },
	} {
		wrong := again
		change(&wrong)
		refuses(name, wrong)
	}

	second := d.begin(again, policies.NeedsApproval)
	if second.Ordinal != 1 || second.RepeatOf != first.ID {
		t.Fatalf("the repeat is %+v", second)
	}
	answered := func(draft policies.Draft, want policies.Entry) {
		t.Helper()
		e, replayed, err := d.Begin(t.Context(), draft, says(policies.Allow))
		if err != nil || !replayed || e.ID != want.ID {
			t.Fatalf("replayed %v by ordinal %d, want %d: %v", replayed, e.Ordinal, want.Ordinal, err)
		}
	}
	answered(again, second)
	answered(draft, first)
	must(t)(approve(d, second))
	must(t)(d.Resume(t.Context(), second.ID, again, says(policies.NeedsApproval)))
	d.settle(second.ID, policies.Done)
	answered(again, second)
	answered(draft, first)

	more := draft
	more.RepeatOf = second.ID
	if third := d.begin(more, policies.Deny); third.Ordinal != 2 {
		t.Errorf("the repeat of the repeat has ordinal %d", third.Ordinal)
	}
	if fourth := d.begin(more, policies.Allow); fourth.Ordinal != 3 {
		t.Errorf("after a denied repeat comes ordinal %d", fourth.Ordinal)
	}
}
