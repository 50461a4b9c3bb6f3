package tools_test

import (
	"fmt"
	"sync"
	"testing"

	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// twoRefunds is a policy under which a customer gets two refunds.
const twoRefunds = `version: 1
refund:
  window: 30d
  currencies: {eur: {auto: 50.00, max: 500.00}}
  budgets:
    - {scope: customer, window: 90d, count: 2}
reply: {max_chars: 4000}
`

// processes share one ledger, as clients that start a server each do.
const processes = 4

func shared(t *testing.T, policy string) []*servertest.Desk {
	t.Helper()
	desks := []*servertest.Desk{servertest.Start(t, servertest.Setup{Policy: policy})}
	for len(desks) < processes {
		desks = append(desks, desks[0].Another(servertest.Setup{Policy: policy}))
	}
	return desks
}

// atOnce makes 50 calls at the same moment, spread over the processes.
func atOnce(t *testing.T, desks []*servertest.Desk, call func(i int) args) []servertest.Answer {
	t.Helper()
	const calls = 50
	answers := make([]servertest.Answer, calls)
	errs := make([]error, calls)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			<-start
			answers[i], errs[i] = desks[i%len(desks)].Try("create_refund", call(i))
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		must(t, err)
	}
	return answers
}

func states(answers []servertest.Answer) map[policies.State]int {
	out := map[policies.State]int{}
	for _, a := range answers {
		out[a.State]++
	}
	return out
}

func TestFiftyEqualRefundsAreOne(t *testing.T) {
	t.Parallel()
	desks := shared(t, twoRefunds)
	d := desks[0]
	conversation := d.Open(servertest.Ticket{Name: "many", Charges: []stripeapi.Charge{{Amount: 5000}}})
	answers := atOnce(t, desks, func(int) args {
		return args{"conversation_id": conversation, "charge_id": "ch_many_1", "amount": "10.00 EUR", "reason": "requested_by_customer"}
	})
	fresh := 0
	for _, a := range answers {
		if a.IsError || a.Action != answers[0].Action {
			t.Errorf("answered %s", a.Text)
		}
		if !a.Replayed {
			fresh++
		}
	}
	if n := len(d.Stripe.RefundsOf("ch_many_1")); n != 1 || fresh != 1 {
		t.Errorf("there are %d refunds, and %d calls say they made one", n, fresh)
	}
	if got := d.Entries("refund"); got["done"] != 1 || len(got) != 1 {
		t.Errorf("the ledger holds %v", got)
	}
}

func TestFiftyDifferentRefundsOfOneChargeKeepTheLimit(t *testing.T) {
	t.Parallel()
	desks := shared(t, twoRefunds)
	d := desks[0]
	conversation := d.Open(servertest.Ticket{Name: "one", Charges: []stripeapi.Charge{{Amount: 50000}}})
	answers := atOnce(t, desks, func(i int) args {
		return args{"conversation_id": conversation, "charge_id": "ch_one_1", "amount": fmt.Sprintf("%d.00 EUR", i+1), "reason": "requested_by_customer"}
	})
	limited(t, d, answers)
}

func TestFiftyRefundsOfDifferentChargesKeepTheLimit(t *testing.T) {
	t.Parallel()
	desks := shared(t, twoRefunds)
	d := desks[0]
	var charges []stripeapi.Charge
	for i := range 50 {
		charges = append(charges, stripeapi.Charge{Amount: int64(1000 + i)})
	}
	conversation := d.Open(servertest.Ticket{Name: "each", Charges: charges})
	answers := atOnce(t, desks, func(i int) args {
		return args{"conversation_id": conversation, "charge_id": fmt.Sprintf("ch_each_%d", i+1), "reason": "requested_by_customer"}
	})
	limited(t, d, answers)
}

func limited(t *testing.T, d *servertest.Desk, answers []servertest.Answer) {
	t.Helper()
	if got := states(answers); got[policies.Done] != 2 || got[policies.Denied] != 48 {
		t.Errorf("the answers are %v, want 2 done and 48 denied", got)
	}
	for _, a := range answers {
		if a.State == policies.Denied && (!a.IsError || a.Rules()[0] != "budget.customer.90d") {
			t.Errorf("answered %s", a.Text)
		}
	}
	made := 0
	for _, r := range d.Stripe.Refunds() {
		if r.Metadata["operation_id"] != "" {
			made++
		}
	}
	if made != 2 {
		t.Errorf("Stripe holds %d refunds of ours, want exactly two", made)
	}
	if got := d.Entries("refund"); got["done"] != 2 || got["denied"] != 48 {
		t.Errorf("the ledger holds %v", got)
	}
	report, err := d.Ledger.Verify(t.Context())
	must(t, err)
	if !report.Sound() {
		t.Errorf("the audit log does not verify: %v", report.Problems)
	}
}
