package policies

import (
	"testing"
	"time"

	"supportmcp/internal/money"
)

func TestWhatNobodyIsTiedToIsHiddenOnceItIsDenied(t *testing.T) {
	d := newDesk(t)
	guest := refundOf(2000)
	guest.Charge.Customer = ""
	o := enforce(t, d, d.ask(), d.refunding(guest))
	if o.State != Awaiting {
		t.Errorf("a charge without customer is %s", o.State)
	}
	for name, change := range map[string]func(*Refund){
		"more than there is":  func(r *Refund) { r.Amount.Minor = 50000 },
		"asked for by nobody": func(r *Refund) { r.Asker.Contact, r.Asker.Identity = "", Unidentified },
	} {
		r := guest
		change(&r)
		if _, err := Enforce(t.Context(), d.Guard, d.ask(), d.refunding(r)); err == nil || err.Error() != UnknownCharge().Error() {
			t.Errorf("%s: answered %v", name, err)
		}
	}
}

func TestOutsideAConversationTheApprovalMustNameWhoVerifiedTheCaller(t *testing.T) {
	p := testPolicy(t)
	p.Approvals.WithoutConversation = NeedsApproval
	r := refundOf(2000)
	need := func() Need {
		reads, judge := p.plan(r, Request{Principal: "agent"})
		return judge(Snapshot{Now: noon(), Usage: make([]Usage, len(reads.Queries))}).Need
	}
	r.Amount = money.Of(6000, "eur")
	if need().Verified {
		t.Error("a conversation shows who asks, and still somebody must have verified it")
	}
	r.Asker = Asker{}
	if !need().Verified {
		t.Error("nobody need have verified the caller")
	}
}

// An approval must not go stale because a policy began to look at a fact, or
// ceased to: the rules look at it again.
func TestAnApprovalIsNotBoundToFactsThatOnlySomePoliciesRead(t *testing.T) {
	r := refundOf(2000)
	before, err := Digest(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Since, r.Traits = noon().Add(-time.Hour), Traits{Known: true, Channel: "email"}
	if after, err := Digest(r); err != nil || after != before {
		t.Errorf("%s became %s, %v", before, after, err)
	}
	r.Asker.Identity = Claimed
	if after, err := Digest(r); err != nil || after == before {
		t.Errorf("who asks is not bound: %s, %v", after, err)
	}
}
