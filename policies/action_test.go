package policies

import (
	"testing"
	"time"

	"supportmcp/internal/money"
)

func TestEveryKindHasAVendorASectionAndItsOwnPatience(t *testing.T) {
	for k, want := range map[Kind]struct {
		vendor         Vendor
		section        string
		replay, repeat time.Duration
		lost           State
	}{
		KindRefund: {Stripe, "refund", forever, 23 * time.Hour, Review},
		KindRetry:  {Stripe, "retry", forever, 23 * time.Hour, Review},
		KindReply:  {Intercom, "reply", 24 * time.Hour, 0, Failed},
		KindNote:   {Intercom, "reply", 24 * time.Hour, 0, Failed},
		KindState:  {Intercom, "reply", 0, forever, Review},
		KindTag:    {Intercom, "tag", 0, forever, Review},
		KindLink:   {"", "identity", 0, forever, Review},
		KindAssign: {Intercom, "reply", 0, forever, Review},

		KindTagContact: {Intercom, "tag", 0, forever, Review},
		KindContact:    {Intercom, "contact", 0, forever, Review},
		KindEvent:      {Intercom, "reply", 0, forever, Review},
		KindLookup:     {"", "lookup", 0, forever, Review},
		KindNewContact: {Intercom, "contact", 0, 0, Review},
		"wire":         {Intercom, "", 0, 0, Review},
	} {
		if k.Vendor() != want.vendor || k.section() != want.section {
			t.Errorf("%s: %s, %q", k, k.Vendor(), k.section())
		}
		if k.ReplayFor() != want.replay || k.repeatFor() != want.repeat || k.lost() != want.lost {
			t.Errorf("%s: replayed for %s, repeated for %s, lost is %s", k, k.ReplayFor(), k.repeatFor(), k.lost())
		}
	}
}

func TestRefundsAreTheSameAsAskedAndNotAsResolved(t *testing.T) {
	same := func(change func(*Refund)) string {
		r := refundOf(2000)
		change(&r)
		return r.Subject().Same
	}
	rest := same(func(r *Refund) { r.Rest = true })
	less := same(func(r *Refund) { r.Rest = true; r.Amount.Minor, r.Charge.Remaining.Minor = 1, 1 })
	part := same(func(*Refund) {})
	if rest != less || rest == part {
		t.Errorf("%q, %q, %q", rest, less, part)
	}
	for name, change := range map[string]func(*Refund){
		"amount":   func(r *Refund) { r.Amount.Minor++ },
		"currency": func(r *Refund) { r.Amount = money.Of(2000, "usd") },
		"charge":   func(r *Refund) { r.Charge.ID = "ch_2" },
	} {
		if same(change) == part {
			t.Errorf("another %s is the same refund", name)
		}
	}
	if a := same(func(r *Refund) { r.Reason = Duplicate }); a != part {
		t.Error("a reason made another refund of it")
	}
}

func TestAReplyThatClosesIsAnotherReply(t *testing.T) {
	m := Message{Asker: Asker{Conversation: "1"}, Body: "Hello"}
	stays, closes := Reply{Message: m}.Subject(), Reply{Message: m, Close: true}.Subject()
	if stays.Same == closes.Same || stays.Exclusive != closes.Exclusive {
		t.Errorf("%+v, %+v", stays, closes)
	}
}

func TestADesiredStateIsNeverARepeat(t *testing.T) {
	for _, a := range []Action{Tag{Add: []string{"billing"}}, SetState{State: Closed}, Assign{Team: "1"}, TagContact{Contact: "c1"}} {
		if s := a.Subject(); s.Same != "" || s.Exclusive != "" {
			t.Errorf("%s: %+v", a.Kind(), s)
		}
	}
}
