package tools_test

import (
	"testing"

	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// What Stripe refuses for reasons of its own ends as failed, moves no money, and
// tells the agent what to do.
func TestARefusalOfStripeEndsAsFailed(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"balance_insufficient", "livemode_mismatch", "testmode_charges_only", "amount_too_large", "charge_not_refundable"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			conversation := d.Open(servertest.Ticket{Name: "refused", Message: "my money", Charges: []stripeapi.Charge{{ID: "ch_refused", Amount: 2000, Currency: "eur", Refusal: code}}})
			before := d.Look()
			a := d.Call("create_refund", args{"conversation_id": conversation, "charge_id": "ch_refused", "reason": "requested_by_customer"})
			if a.State != policies.Failed || !a.IsError || a.Code == "" || a.NextStep == "" {
				t.Errorf("answered %s", a.Text)
			}
			if e := onlyEntry(t, d); e.State != policies.Failed || e.Failure == nil {
				t.Errorf("recorded %s", e.State)
			}
			d.VendorsUnchanged(t, before)
		})
	}
}
