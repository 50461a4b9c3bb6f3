package tools_test

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// A refund of all that remained is known again as that, and one whose mark says
// what cannot be is told and left alone.
func TestALostRefundIsAdoptedAsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	rest := args{"conversation_id": maria, "charge_id": "ch_maria_2", "reason": "duplicate"}
	lost := servertest.Start(t, servertest.Setup{Policy: policy}).Call("create_refund", rest)
	mark := func(action string) map[string]string {
		return map[string]string{"ledger": d.Ledger.ID(), "operation_id": action, "conversation": maria}
	}
	d.Stripe.AddRefund(stripeapi.Refund{ID: "re_lost", Charge: "ch_maria_2", Amount: 2000, Reason: "duplicate", Metadata: mark(lost.Action)})
	d.Stripe.AddRefund(stripeapi.Refund{ID: "re_strange", Charge: "ch_tom_1", Amount: 100, Metadata: mark("act_" + strings.Repeat("0", 24))})
	client, err := stripe.New(stripe.Config{Key: sandbox.StripeKey, BaseURL: d.StripeURL, Now: d.Clock.Now, Ledger: d.Ledger.ID()})
	must(t, err)
	adopt := func(adopted int) {
		t.Helper()
		a, err := tools.AdoptRefunds(t.Context(), tools.Deps{Guard: d.Guard, Stripe: client}, d.Clock.Now().Add(-time.Hour))
		if err != nil || len(a.Adopted) != adopted || len(a.Strange) != 1 || !strings.Contains(a.Strange[0].Error(), "re_strange") {
			t.Errorf("%+v: %v", a, err)
		}
	}
	adopt(1)
	adopt(0)
	again := d.Call("create_refund", rest)
	if !again.Replayed || again.Action != lost.Action || again.State != policies.Done || !strings.Contains(string(again.Receipt), "re_lost") {
		t.Errorf("the same request is answered %s", again.Text)
	}
	if got := headroom(t, d, maria); got != "280.00 EUR" {
		t.Errorf("the headroom is %s", got)
	}
	if e := onlyEntry(t, d); e.Principal != policies.Adopted || e.Subject.Customer != "cus_maria" {
		t.Errorf("adopted as %+v", e)
	}
}

// What was refunded to a caller has no conversation, and is known again all the same.
func TestALostRefundOfACallerIsAdopted(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: callers})
	call := args{"charge_id": "ch_maria_2", "reason": "requested_by_customer"}
	lost := servertest.Start(t, servertest.Setup{Policy: callers}).Call("create_refund", call)
	d.Stripe.AddRefund(stripeapi.Refund{ID: "re_lost", Charge: "ch_maria_2", Amount: 2000, Reason: "requested_by_customer", Metadata: map[string]string{
		"ledger": d.Ledger.ID(), "operation_id": lost.Action,
	}})
	client, err := stripe.New(stripe.Config{Key: sandbox.StripeKey, BaseURL: d.StripeURL, Now: d.Clock.Now, Ledger: d.Ledger.ID()})
	must(t, err)
	a, err := tools.AdoptRefunds(t.Context(), tools.Deps{Guard: d.Guard, Stripe: client}, d.Clock.Now().Add(-time.Hour))
	if err != nil || len(a.Adopted) != 1 || a.Adopted[0].ID != lost.Action {
		t.Errorf("%+v: %v", a, err)
	}
	if again := d.Call("create_refund", call); !again.Replayed || again.State != policies.Done {
		t.Errorf("the same request is answered %s", again.Text)
	}
}
