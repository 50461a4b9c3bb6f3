package ledgertest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// erasing says what of an action goes when its texts are erased, and what stays.
func erasing(t *testing.T, fresh Fresh) {
	t.Run("by state", func(t *testing.T) { erasingByState(newDesk(t, fresh)) })
	t.Run("a refund's texts go, its money stays", func(t *testing.T) { erasedRefund(newDesk(t, fresh)) })
	t.Run("a message answers equal ones first", func(t *testing.T) { erasedMessage(newDesk(t, fresh)) })
	t.Run("an erasure is no change of its target", func(t *testing.T) { erasedTarget(newDesk(t, fresh)) })
	t.Run("a foreign charge stays hidden", func(t *testing.T) { erasedHidden(newDesk(t, fresh)) })
	t.Run("whose texts go", func(t *testing.T) { whoseTexts(newDesk(t, fresh)) })
	t.Run("a dry run erases nothing", func(t *testing.T) { erasingRehearsed(newDesk(t, fresh)) })
	t.Run("what cannot be asked for", func(t *testing.T) { erasingWrongly(newDesk(t, fresh)) })
	t.Run("many at once", func(t *testing.T) { erasingMany(newDesk(t, fresh)) })
	t.Run("what Stripe turns out to have done", func(t *testing.T) { erasedAdopted(newDesk(t, fresh)) })
	t.Run("while others work", func(t *testing.T) { erasingMeanwhile(newDesk(t, fresh)) })
}

func (d *desk) erase(data ledger.Data) ledger.Erasure {
	d.t.Helper()
	e, err := d.Erase(d.t.Context(), data, "officer", false)
	if err != nil || e.Lingers {
		d.t.Fatalf("erase: lingers %v, %v", e.Lingers, err)
	}
	return e
}

func ofCustomer(id string) ledger.Data { return ledger.Data{Customer: id} }

// erasingByState wants the texts of exactly what is settled to go, once.
func erasingByState(d *desk) {
	for state := range ways() {
		d.t.Run(string(state), func(t *testing.T) {
			d := d.in(t)
			d.sweep()
			e := d.reach(state, "ch_"+string(state))
			before := d.erase(ledger.Data{Conversations: []string{"conv_1"}})
			events := d.events()
			got := must(t)(d.Entry(t.Context(), e.ID))
			if !state.Final() {
				if plain(got) != plain(e) || len(before.Kept) == 0 || before.Kept[len(before.Kept)-1].ID != e.ID {
					t.Errorf("erased with %+v: %s", before, plain(got))
				}
				d.away(e)
				return
			}
			if before.Erased != 1 || got.Input != nil || got.Facts != nil || got.Digest != "" || got.Note != "" || !got.ErasedAt.Equal(d.clock.Now()) {
				t.Errorf("erased %d, left %s", before.Erased, plain(got))
			}
			if got.State != state || got.Subject != e.Subject || got.Approver != e.Approver || !got.UpdatedAt.Equal(e.UpdatedAt) {
				t.Errorf("from %s to %s", plain(e), plain(got))
			}
			d.countsAs(got)
			if again := d.erase(ofCustomer("cus_1")); again.Erased != 0 || again.Earlier == 0 || d.events() != events {
				t.Errorf("erased a second time: %+v", again)
			}
		})
	}
}

// away settles and erases what is live, so that it is in nobody's way.
func (d *desk) away(e policies.Entry) {
	d.t.Helper()
	if e.State.InFlight() {
		d.settle(e.ID, policies.Failed)
	}
	d.sweep()
	d.erase(ofCustomer("cus_1"))
}

// whoseTexts wants a customer's refunds, what followed from them and the messages
// of their conversations to go, and no one else's.
func whoseTexts(d *desk) {
	begin := func(conversation, customer string, change ...func(*policies.Draft)) policies.Entry {
		draft := refund("ch_"+conversation+customer, 100)
		draft.Subject.Conversation, draft.Subject.Customer = conversation, customer
		for _, c := range change {
			c(&draft)
		}
		return d.begin(draft, policies.Deny)
	}
	of := func(parent policies.Entry) func(*policies.Draft) {
		return func(d *policies.Draft) {
			d.Kind, d.Parent, d.Subject = policies.KindNote, parent.ID, policies.Subject{}
		}
	}
	saying := func(d *policies.Draft) {
		d.Kind, d.Subject = policies.KindReply, policies.Subject{Conversation: d.Subject.Conversation}
	}
	foreign := func(conversation, customer string) policies.Entry {
		draft := refund("ch_foreign", 100)
		draft.Subject.Conversation, draft.Subject.Customer = conversation, customer
		e, _, err := d.Begin(d.t.Context(), draft, func(policies.Snapshot) policies.Decision {
			return policies.Decision{Effect: policies.Deny, Findings: []policies.Finding{{Rule: "owner_match", Effect: policies.Deny}}}
		})
		if err != nil {
			d.t.Fatal(err)
		}
		return e
	}
	mine, theirs := begin("mine", "cus_me"), begin("theirs", "cus_they")
	for name, c := range map[string]struct {
		entry policies.Entry
		gone  bool
	}{
		"my refund":                            {mine, true},
		"what followed from it":                {begin("", "", of(mine)), true},
		"a reply to me":                        {begin("mine", "", saying), true},
		"another's refund":                     {theirs, false},
		"what followed from another's":         {begin("", "", of(theirs)), false},
		"a reply to another":                   {begin("theirs", "", saying), false},
		"another's attempt on my charge":       {foreign("theirs", "cus_me"), true},
		"a conversation without money":         {begin("quiet", "", saying), false},
		"another conversation that is named":   {begin("named", "", saying), true},
		"an action that is nobody's in no one": {begin("", "", func(d *policies.Draft) { d.Subject = policies.Subject{} }), false},
	} {
		d.erase(ledger.Data{Customer: "cus_me", Conversations: []string{"named"}})
		if got := must(d.t)(d.Entry(d.t.Context(), c.entry.ID)); got.ErasedAt.IsZero() == c.gone {
			d.t.Errorf("%s: erased at %v", name, got.ErasedAt)
		}
	}
	var said string
	err := d.db.QueryRowContext(d.t.Context(), `SELECT body FROM event WHERE entry_id = $1 ORDER BY seq DESC LIMIT 1`, mine.ID).Scan(&said)
	if want := `"erased":{"by":"officer","for":"customer cus_me, conversation named"}`; err != nil || !strings.Contains(said, want) || !strings.Contains(said, d.clock.Now().Format(time.RFC3339Nano)) {
		d.t.Errorf("the event does not tell %s: %s, %v", want, said, err)
	}
}

func erasingRehearsed(d *desk) {
	e := d.reach(policies.Done, charged)
	d.reach(policies.Executing, "ch_2")
	events, before := d.events(), plain(must(d.t)(d.Entry(d.t.Context(), e.ID)))
	got, err := d.Erase(d.t.Context(), ofCustomer("cus_1"), "officer", true)
	if err != nil || got.Erased != 1 || len(got.Kept) != 1 {
		d.t.Errorf("would erase %+v: %v", got, err)
	}
	if after := plain(must(d.t)(d.Entry(d.t.Context(), e.ID))); after != before || d.events() != events {
		d.t.Errorf("a dry run left %s", after)
	}
}

func erasingWrongly(d *desk) {
	d.reach(policies.Done, charged)
	long := strings.Repeat("x", 1001)
	for name, c := range map[string]struct {
		data ledger.Data
		by   string
		want fault.Code
	}{
		"nobody is named":        {ledger.Data{}, "officer", fault.Invalid},
		"an empty conversation":  {ledger.Data{Customer: "cus_1", Conversations: []string{""}}, "officer", fault.Invalid},
		"nobody erases":          {ofCustomer("cus_1"), " ", fault.Refused},
		"a name that is no text": {ofCustomer("cus_1"), "a\x00", fault.Invalid},
		"a flood":                {ofCustomer(long), "officer", fault.Invalid},
	} {
		if _, err := d.Erase(d.t.Context(), c.data, c.by, false); fault.CodeOf(err) != c.want {
			d.t.Errorf("%s: %v", name, err)
		}
	}
	if got := d.erase(ofCustomer("cus_none")); got.Erased+got.Earlier+len(got.Kept) != 0 {
		d.t.Errorf("of nobody: %+v", got)
	}
}

// erasingMany takes more than one transaction.
func erasingMany(d *desk) {
	const many = 120
	for i := range many {
		d.begin(refund(charge(i), 100), policies.Deny)
	}
	if got := d.erase(ofCustomer("cus_1")); got.Erased != many {
		d.t.Errorf("erased %d of %d", got.Erased, many)
	}
	r, err := d.Verify(d.t.Context())
	if err != nil || r.Erased != many || r.Entries != many || r.Events != 2*many {
		d.t.Errorf("verified %+v: %v", r, err)
	}
}

// erasingMeanwhile erases again and again what another process settles: nobody is
// refused, and in the end nothing is left.
func erasingMeanwhile(d *desk) {
	const workers, each = 4, 10
	other := d.open()
	var working sync.WaitGroup
	for w := range workers {
		working.Go(func() {
			for i := range each {
				e, _, err := other.Begin(d.t.Context(), refund(charge(each*w+i), 100), says(policies.Allow))
				if err == nil {
					_, err = other.Settle(d.t.Context(), e.ID, settlement(policies.Done))
				}
				if err != nil {
					d.t.Errorf("a worker: %v", err)
				}
			}
		})
	}
	erased := 0
	for range 5 {
		got, err := d.Erase(d.t.Context(), ofCustomer("cus_1"), "officer", false)
		if erased += got.Erased; err != nil {
			d.t.Errorf("erase: %v", err)
		}
	}
	working.Wait()
	if erased += d.erase(ofCustomer("cus_1")).Erased; erased != workers*each || d.count(24*time.Hour) != workers*each {
		d.t.Errorf("erased %d of %d, of which %d count", erased, workers*each, d.count(24*time.Hour))
	}
}
