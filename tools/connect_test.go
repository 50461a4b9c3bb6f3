package tools_test

import (
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// Money that went on to a connected account comes back only in the way that the
// policy names.
func TestAPaymentWithAConnectedAccountIsRefundedAsThePolicySays(t *testing.T) {
	t.Parallel()
	for connect, want := range map[string]struct {
		state                 policies.State
		reversed, feeRefunded bool
	}{
		"":                               {state: policies.Denied},
		"  connect: deny\n":              {state: policies.Denied},
		"  connect: platform\n":          {state: policies.Done},
		"  connect: connected_account\n": {state: policies.Done, reversed: true, feeRefunded: true},
	} {
		t.Run(strings.TrimSpace(connect), func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(policy, "\nrefund:\n", "\nrefund:\n"+connect, 1)
			d := servertest.Start(t, servertest.Setup{Policy: text})
			a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("marketplace"), "charge_id": "ch_gwen_1", "amount": "10.00 EUR", "reason": "requested_by_customer"})
			if a.State != want.state || want.state == policies.Denied && a.Decision.Against()[0].Rule != "refund.connect" {
				t.Fatalf("answered %s", a.Text)
			}
			made := d.Stripe.RefundsOf("ch_gwen_1")
			if (len(made) == 1) != (want.state == policies.Done) {
				t.Fatalf("refunds %+v", made)
			}
			if len(made) == 1 && (made[0].Reversed != want.reversed || made[0].FeeRefunded != want.feeRefunded) {
				t.Errorf("%+v", made[0])
			}
		})
	}
}
