package stripeapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"pgregory.net/rapid"

	"supportmcp/internal/sandbox/stripeapi"
)

// seedRefundCases gives the account one charge for each way a refund can go.
func (w *world) seedRefundCases() {
	no := false
	w.AddCharge(stripeapi.Charge{ID: "ch_paid", PaymentIntent: "pi_paid", Amount: 1000})
	w.AddCharge(stripeapi.Charge{ID: "ch_done", PaymentIntent: "pi_done", Amount: 1000})
	w.AddRefund(stripeapi.Refund{ID: "re_done", Charge: "ch_done"})
	w.AddCharge(stripeapi.Charge{ID: "ch_half", PaymentIntent: "pi_half", Amount: 1000})
	w.AddRefund(stripeapi.Refund{ID: "re_half", Charge: "ch_half", Amount: 600})
	w.AddCharge(stripeapi.Charge{ID: "ch_back", Amount: 1000})
	w.AddRefund(stripeapi.Refund{ID: "re_back", Charge: "ch_back", Status: "failed"})
	w.AddCharge(stripeapi.Charge{ID: "ch_wait", Amount: 1000})
	w.AddRefund(stripeapi.Refund{ID: "re_wait", Charge: "ch_wait", Amount: 900, Status: "pending"})
	w.AddCharge(stripeapi.Charge{ID: "ch_failed", PaymentIntent: "pi_failed", Amount: 1000, Status: "failed"})
	w.AddCharge(stripeapi.Charge{ID: "ch_failed_alone", Amount: 1000, Status: "failed"})
	w.AddCharge(stripeapi.Charge{ID: "ch_held", PaymentIntent: "pi_held", Amount: 1000, Uncaptured: true})
	w.AddCharge(stripeapi.Charge{ID: "ch_part", PaymentIntent: "pi_part", Amount: 1000, AmountCaptured: 700})
	w.AddCharge(stripeapi.Charge{ID: "ch_dispute", PaymentIntent: "pi_dispute", Amount: 1000})
	for _, code := range []string{"balance_insufficient", "livemode_mismatch", "testmode_charges_only", "amount_too_large", "charge_not_refundable"} {
		w.AddCharge(stripeapi.Charge{ID: "ch_" + code, Amount: 1000, Refusal: code})
	}
	w.AddDispute(stripeapi.Dispute{ID: "dp_dispute", Charge: "ch_dispute"})
	w.AddCharge(stripeapi.Charge{ID: "ch_inquiry", Amount: 1000})
	w.AddDispute(stripeapi.Dispute{ID: "dp_inquiry", Charge: "ch_inquiry", Status: "warning_needs_response"})
	w.AddCharge(stripeapi.Charge{ID: "ch_shut", Amount: 1000})
	w.AddDispute(stripeapi.Dispute{ID: "dp_shut", Charge: "ch_shut", Status: "warning_needs_response", Refundable: &no})
	w.AddCharge(stripeapi.Charge{ID: "ch_yen", Amount: 5000, Currency: "jpy"})
	w.AddCharge(stripeapi.Charge{ID: "ch_dinar", Amount: 5000, Currency: "kwd"})
	w.AddCharge(stripeapi.Charge{ID: "ch_krona", Amount: 50000, Currency: "isk"})
}

func TestRefundRules(t *testing.T) {
	for _, c := range []struct {
		name, form string
		amount     int64 // refunded, when allowed
		code       string
		param      string
		message    string // part of it, when refused
		status     int    // 400 when 0
	}{
		{name: "all that there is", form: "charge=ch_paid", amount: 1000},
		{name: "a part", form: "charge=ch_paid&amount=1", amount: 1},
		{name: "by intent", form: "payment_intent=pi_paid&amount=250", amount: 250},
		{name: "the rest after a part", form: "charge=ch_half", amount: 400},
		{name: "a failed refund gave everything back", form: "charge=ch_back", amount: 1000},
		{name: "a pending refund counts", form: "charge=ch_wait", amount: 100},
		{name: "what was captured of a part", form: "charge=ch_part", amount: 700},
		{name: "during an inquiry", form: "charge=ch_inquiry", amount: 1000},
		{name: "whole yen", form: "charge=ch_yen&amount=1", amount: 1},
		{name: "tenths of a fils", form: "charge=ch_dinar&amount=10", amount: 10},

		{name: "more than there is", form: "charge=ch_paid&amount=1001", param: "amount", message: "Refund amount (10.01 USD) is greater than unrefunded amount on charge (10.00 USD)"},
		{name: "more than is left", form: "charge=ch_half&amount=401", param: "amount", message: "greater than unrefunded amount on charge (4.00 USD)"},
		{name: "more than is left beside a pending refund", form: "charge=ch_wait&amount=101", param: "amount", message: "greater than unrefunded amount"},
		{name: "more than was captured", form: "charge=ch_part&amount=701", param: "amount", message: "greater than unrefunded amount on charge (7.00 USD)"},
		{name: "more yen than there are", form: "charge=ch_yen&amount=5001", param: "amount", message: "(5001 JPY) is greater than unrefunded amount on charge (5000 JPY)"},
		{name: "as much as an int64 holds", form: "charge=ch_paid&amount=9223372036854775807", param: "amount", message: "greater than unrefunded amount"},
		{name: "less than a dinar's step", form: "charge=ch_dinar&amount=5", code: "invalid_charge_amount", param: "amount", message: "smallest step in kwd is 10"},
		{name: "a part of a krona", form: "charge=ch_krona&amount=50", code: "invalid_charge_amount", param: "amount", message: "smallest step in isk is 100"},
		{name: "again", form: "charge=ch_done", code: "charge_already_refunded", message: "Charge ch_done has already been refunded."},
		{name: "again by intent", form: "payment_intent=pi_done&amount=1", code: "charge_already_refunded", message: "ch_done has already been refunded"},
		{name: "a chargeback", form: "charge=ch_dispute", code: "charge_disputed", message: "has been charged back; cannot issue a refund"},
		{name: "a chargeback by intent", form: "payment_intent=pi_dispute", code: "refund_disputed_payment", message: "has been charged back; cannot issue a refund"},
		{name: "an empty balance", form: "charge=ch_balance_insufficient", code: "balance_insufficient", message: "insufficient funds"},
		{name: "a charge of the other mode", form: "charge=ch_livemode_mismatch", code: "livemode_mismatch", message: "live mode"},
		{name: "an account that may only test", form: "charge=ch_testmode_charges_only", code: "testmode_charges_only", message: "test charges"},
		{name: "more than Stripe moves", form: "charge=ch_amount_too_large", code: "amount_too_large", message: "greater than the maximum"},
		{name: "a payment method without refunds", form: "charge=ch_charge_not_refundable", code: "charge_not_refundable", message: "cannot be refunded"},
		{name: "an inquiry that shuts refunds out", form: "charge=ch_shut", code: "charge_disputed", message: "charged back"},
		{name: "a failed charge", form: "charge=ch_failed", message: "This PaymentIntent (pi_failed) does not have a successful charge to refund."},
		{name: "a failed charge without an intent", form: "charge=ch_failed_alone", code: "charge_not_refundable", message: "did not succeed"},
		{name: "an intent that was never paid", form: "payment_intent=pi_failed", message: "does not have a successful charge to refund"},
		{name: "an uncaptured charge", form: "charge=ch_held", code: "charge_not_refundable", message: "has not been captured"},
		{name: "an uncaptured intent", form: "payment_intent=pi_held", code: "charge_not_refundable", message: "has not been captured"},
		{name: "an unknown charge", form: "charge=ch_none", status: 404, code: "resource_missing", param: "charge", message: "No such charge: 'ch_none'"},
		{name: "an unknown intent", form: "payment_intent=pi_none", status: 404, code: "resource_missing", param: "payment_intent", message: "No such payment_intent: 'pi_none'"},
		{name: "charge and intent", form: "charge=ch_paid&payment_intent=pi_paid", message: "only specify one of these parameters"},
		{name: "neither", form: "amount=5", code: "parameter_missing", message: "payment_intent or charge"},
		{name: "an empty charge", form: "charge=", code: "parameter_invalid_empty", param: "charge", message: "empty string"},
		{name: "nothing", form: "charge=ch_paid&amount=0", code: "parameter_invalid_integer", param: "amount", message: "greater than or equal to 1"},
		{name: "less than nothing", form: "charge=ch_paid&amount=-5", code: "parameter_invalid_integer", param: "amount", message: "greater than or equal to 1"},
		{name: "a decimal", form: "charge=ch_paid&amount=12.50", code: "parameter_invalid_integer", param: "amount", message: "Invalid integer: 12.50"},
		{name: "more than an int64 holds", form: "charge=ch_paid&amount=9223372036854775808", code: "parameter_invalid_integer", param: "amount", message: "Invalid integer"},
		{name: "an empty amount", form: "charge=ch_paid&amount=", code: "parameter_invalid_empty", param: "amount", message: "empty string"},
		{name: "a reason of its own", form: "charge=ch_paid&reason=angry", param: "reason", message: "must be one of duplicate, fraudulent, requested_by_customer"},
		{name: "an unknown parameter", form: "charge=ch_paid&amout=5", code: "parameter_unknown", param: "amout", message: "Received unknown parameter: amout"},
		{name: "a nested amount", form: "charge=ch_paid&amount[x]=5", code: "parameter_unknown", param: "amount[x]", message: "unknown parameter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.seedRefundCases()
			before := len(w.Refunds())
			got := w.send("POST", "/v1/refunds", c.form)
			if c.amount > 0 {
				if got.status != 200 || got.body["amount"] != float64(c.amount) || got.body["status"] != "succeeded" {
					t.Fatalf("%d %v", got.status, got.body)
				}
				return
			}
			if c.status == 0 {
				c.status = 400
			}
			if got.status != c.status || got.trouble("code") != c.code || got.trouble("param") != c.param || got.trouble("type") != "invalid_request_error" {
				t.Errorf("%d code %q param %q type %q", got.status, got.trouble("code"), got.trouble("param"), got.trouble("type"))
			}
			if !strings.Contains(got.trouble("message"), c.message) {
				t.Errorf("message %q, want %q in it", got.trouble("message"), c.message)
			}
			if len(w.Refunds()) != before {
				t.Error("a refused refund was made")
			}
		})
	}
}

func TestRefundChangesTheCharge(t *testing.T) {
	w := newWorld(t)
	w.seedRefundCases()
	params := &stripe.RefundParams{Charge: stripe.String("ch_paid"), Amount: stripe.Int64(400), Reason: stripe.String("duplicate")}
	params.AddMetadata("operation_id", "op1")
	r, err := w.stripe.Refunds.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "re_000001" || r.Metadata["operation_id"] != "op1" || r.Created != start().Unix() || r.PaymentIntent.ID != "pi_paid" {
		t.Errorf("%+v", r)
	}
	c := charge(t, w, "ch_paid")
	if c.AmountRefunded != 400 || c.Refunded {
		t.Errorf("refunded %d, all %v", c.AmountRefunded, c.Refunded)
	}
	if _, err := w.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String("pi_paid")}); err != nil {
		t.Fatal(err)
	}
	if c := charge(t, w, "ch_paid"); c.AmountRefunded != 1000 || !c.Refunded {
		t.Errorf("refunded %d, all %v", c.AmountRefunded, c.Refunded)
	}
	if got := w.RefundsOf("ch_paid"); len(got) != 2 || got[1].Amount != 600 {
		t.Errorf("%+v", got)
	}
}

func TestRefusalNamesTheCharge(t *testing.T) {
	w := newWorld(t)
	w.seedRefundCases()
	_, err := w.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String("ch_done")})
	e := stripeError(t, err)
	if e.ChargeID != "ch_done" || e.Code != stripe.ErrorCodeChargeAlreadyRefunded || e.RequestID == "" || !strings.Contains(e.RequestLogURL, e.RequestID) ||
		e.DocURL != "https://stripe.com/docs/error-codes/charge-already-refunded" {
		t.Errorf("%+v", e)
	}
}

func TestIntentRefundsTheChargeThatSucceeded(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch_1", PaymentIntent: "pi", Amount: 1000, Created: start().Add(-2 * time.Hour)})
	w.AddCharge(stripeapi.Charge{ID: "ch_2", PaymentIntent: "pi", Amount: 1000, Created: start().Add(-time.Hour), Status: "failed"})
	r, err := w.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String("pi")})
	if err != nil {
		t.Fatal(err)
	}
	if r.Charge.ID != "ch_1" {
		t.Errorf("refunded %s", r.Charge.ID)
	}
}

func TestPartialCaptureShowsTheReleasedRest(t *testing.T) {
	w := newWorld(t)
	w.seedRefundCases()
	if c := charge(t, w, "ch_part"); c.Amount != 1000 || c.AmountCaptured != 700 || c.AmountRefunded != 300 || c.Refunded {
		t.Errorf("%d %d %d %v", c.Amount, c.AmountCaptured, c.AmountRefunded, c.Refunded)
	}
}

func TestRefundsTakeTheCourseOfTheStory(t *testing.T) {
	for _, c := range []struct {
		name          string
		course        stripeapi.Course
		first, later  string
		failure       string
		refundedFirst int64
		refundedLater int64
	}{
		{"succeeds later", stripeapi.Course{Begin: "pending", End: "succeeded", After: 48 * time.Hour}, "pending", "succeeded", "", 1000, 1000},
		{"fails later", stripeapi.Course{Begin: "pending", End: "failed", After: 48 * time.Hour, FailureReason: "lost_or_stolen_card"}, "pending", "failed", "lost_or_stolen_card", 1000, 0},
		{"bounces after success", stripeapi.Course{End: "failed", After: 48 * time.Hour}, "succeeded", "failed", "unknown", 1000, 0},
		{"waits for ever", stripeapi.Course{Begin: "requires_action"}, "requires_action", "requires_action", "", 1000, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000, Refunding: c.course})
			r, err := w.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String("ch")})
			if err != nil {
				t.Fatal(err)
			}
			if string(r.Status) != c.first || w.AmountRefunded("ch") != c.refundedFirst {
				t.Errorf("at first %s with %d refunded", r.Status, w.AmountRefunded("ch"))
			}
			w.clock.Advance(47*time.Hour + 59*time.Minute)
			if r, _ = w.stripe.Refunds.Get(r.ID, nil); string(r.Status) != c.first {
				t.Errorf("too early: %s", r.Status)
			}
			w.clock.Advance(time.Minute)
			if r, err = w.stripe.Refunds.Get(r.ID, nil); err != nil {
				t.Fatal(err)
			}
			if string(r.Status) != c.later || string(r.FailureReason) != c.failure || w.AmountRefunded("ch") != c.refundedLater {
				t.Errorf("later %s (%s) with %d refunded", r.Status, r.FailureReason, w.AmountRefunded("ch"))
			}
		})
	}
}

func TestChargebackFailsAPendingRefund(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	w.AddRefund(stripeapi.Refund{ID: "re", Charge: "ch", Status: "pending"})
	w.AddDispute(stripeapi.Dispute{ID: "dp", Charge: "ch"})
	r, err := w.stripe.Refunds.Get("re", nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != stripe.RefundStatusFailed || r.FailureReason != "charge_for_pending_refund_disputed" {
		t.Errorf("%s %s", r.Status, r.FailureReason)
	}
}

func TestOnlyARefundWaitingForActionCanBeCanceled(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	for _, status := range []string{"requires_action", "pending", "succeeded", "failed", "canceled"} {
		w.AddRefund(stripeapi.Refund{ID: "re_" + status, Charge: "ch", Amount: 100, Status: status})
		r, err := w.stripe.Refunds.Cancel("re_"+status, &stripe.RefundCancelParams{})
		switch {
		case status == "requires_action" && (err != nil || r.Status != stripe.RefundStatusCanceled):
			t.Errorf("%s: %v", status, err)
		case status != "requires_action" && stripeError(t, err).HTTPStatusCode != 400:
			t.Errorf("%s: %v", status, err)
		}
	}
	if got := w.AmountRefunded("ch"); got != 200 {
		t.Errorf("refunded %d, want those pending and succeeded only", got)
	}
}

func TestConcurrentRefundsNeverExceedTheCharge(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	w.together(50, func(i int) {
		w.send("POST", "/v1/refunds", "charge=ch&amount=300", "Idempotency-Key", fmt.Sprintf("key-%d", i))
	})
	if got := w.RefundsOf("ch"); len(got) != 3 || w.AmountRefunded("ch") != 900 {
		t.Errorf("%d refunds of %d together", len(got), w.AmountRefunded("ch"))
	}
}

func TestConcurrentRequestsWithOneKeyMakeOneRefund(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	var mu sync.Mutex
	statuses := map[int]int{}
	w.together(50, func(int) {
		got := w.send("POST", "/v1/refunds", "charge=ch&amount=10", "Idempotency-Key", "same")
		mu.Lock()
		defer mu.Unlock()
		statuses[got.status]++
	})
	if len(w.Refunds()) != 1 || statuses[200] == 0 || statuses[200]+statuses[409] != 50 {
		t.Errorf("%d refunds, answers %v", len(w.Refunds()), statuses)
	}
}

// Whatever is asked in whatever order, the money refunded is the sum of the
// refunds that count, and never more than was captured.
func TestRefundedIsAlwaysTheSumOfRefunds(t *testing.T) {
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		id := fmt.Sprintf("ch_%d", n)
		captured := rapid.Int64Range(1, 1000).Draw(rt, "captured")
		status := rapid.SampledFrom([]string{"succeeded", "pending", "failed", "requires_action"}).Draw(rt, "begin")
		w.AddCharge(stripeapi.Charge{ID: id, Amount: 1000, AmountCaptured: captured, Refunding: stripeapi.Course{Begin: status}})
		for range rapid.IntRange(1, 6).Draw(rt, "requests") {
			amount := rapid.Int64Range(-10, 1200).Draw(rt, "amount")
			w.send("POST", "/v1/refunds", fmt.Sprintf("charge=%s&amount=%d", id, amount))
		}
		sum := int64(0)
		for _, r := range w.RefundsOf(id) {
			if r.Amount <= 0 {
				rt.Fatalf("a refund of %d", r.Amount)
			}
			if r.Status != "failed" {
				sum += r.Amount
			}
		}
		if sum > captured || w.AmountRefunded(id) != sum+1000-captured {
			rt.Fatalf("captured %d, refunds of %d, amount_refunded %d", captured, sum, w.AmountRefunded(id))
		}
	})
}

// together runs n calls at the same time.
func (w *world) together(n int, call func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { call(i) })
	}
	wg.Wait()
}

func charge(t *testing.T, w *world, id string) *stripe.Charge {
	t.Helper()
	c, err := w.stripe.Charges.Get(id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
