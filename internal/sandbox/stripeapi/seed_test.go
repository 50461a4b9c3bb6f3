package stripeapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

func TestSeedingAgainReplaces(t *testing.T) {
	w := newWorld(t)
	w.AddCustomer(customer("cus", "old@example.com", false))
	w.AddCustomer(customer("cus", "new@example.com", false))
	if got := w.send("GET", "/v1/customers", "").ids(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if c, ok := w.Customer("cus"); !ok || c.Email != "new@example.com" {
		t.Errorf("%+v", c)
	}
	if _, ok := w.Customer("cus_none"); ok {
		t.Error("found nobody")
	}
}

func TestChargeNeedsLittleToBeWhole(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", PaymentIntent: "pi", Amount: 1000})
	got, _ := w.Charge("ch")
	want := stripeapi.Charge{
		ID: "ch", PaymentIntent: "pi", Amount: 1000, AmountCaptured: 1000, Currency: "usd", Created: start(), Status: "succeeded",
		Outcome: stripeapi.Outcome{RiskLevel: "normal", SellerMessage: "Payment complete."},
		Card:    &stripeapi.Card{Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2034, Country: "US", Funding: "credit"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestChargeIsPaidWithTheCardItNames(t *testing.T) {
	w := newWorld(t)
	w.AddCustomer(stripeapi.Customer{ID: "cus", Card: &stripeapi.Card{Last4: "1111"}})
	w.AddPaymentMethod(stripeapi.PaymentMethod{ID: "pm_second", Customer: "cus", Card: stripeapi.Card{Last4: "2222"}})
	w.AddCharge(stripeapi.Charge{ID: "ch_default", Customer: "cus", Amount: 1})
	w.AddCharge(stripeapi.Charge{ID: "ch_second", Customer: "cus", Amount: 1, PaymentMethod: "pm_second"})
	w.AddCharge(stripeapi.Charge{ID: "ch_once", Customer: "cus", Amount: 1, Card: &stripeapi.Card{Last4: "3333"}})
	for id, last4 := range map[string]string{"ch_default": "1111", "ch_second": "2222", "ch_once": "3333"} {
		if got := charge(t, w, id).PaymentMethodDetails.Card.Last4; got != last4 {
			t.Errorf("%s was paid with %s", id, got)
		}
	}
}

func TestPaymentIntentStatusFollowsItsCharges(t *testing.T) {
	w := newWorld(t)
	w.AddPaymentIntent(stripeapi.PaymentIntent{ID: "pi_new", Amount: 500})
	w.AddPaymentIntent(stripeapi.PaymentIntent{ID: "pi_canceled", Amount: 500, Status: "canceled"})
	w.AddCharge(stripeapi.Charge{ID: "ch_held", PaymentIntent: "pi_held", Amount: 500, Uncaptured: true})
	w.AddCharge(stripeapi.Charge{ID: "ch_failed", PaymentIntent: "pi_failed", Amount: 500, Status: "failed"})
	w.AddCharge(stripeapi.Charge{ID: "ch_part", PaymentIntent: "pi_part", Amount: 500, AmountCaptured: 200})
	for id, want := range map[string]struct {
		status    stripe.PaymentIntentStatus
		received  int64
		capturing int64
		failure   stripe.ErrorCode
	}{
		"pi_new":      {status: stripe.PaymentIntentStatusRequiresPaymentMethod},
		"pi_canceled": {status: stripe.PaymentIntentStatusCanceled},
		"pi_held":     {status: stripe.PaymentIntentStatusRequiresCapture, capturing: 500},
		"pi_failed":   {status: stripe.PaymentIntentStatusRequiresPaymentMethod, failure: stripe.ErrorCodeCardDeclined},
		"pi_part":     {status: stripe.PaymentIntentStatusSucceeded, received: 200},
	} {
		i, err := w.stripe.PaymentIntents.Get(id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if i.Status != want.status || i.AmountReceived != want.received || i.AmountCapturable != want.capturing {
			t.Errorf("%s: %s, received %d, capturable %d", id, i.Status, i.AmountReceived, i.AmountCapturable)
		}
		if want.failure != "" && i.LastPaymentError.Code != want.failure {
			t.Errorf("%s: %+v", id, i.LastPaymentError)
		}
	}
}

func TestDraftAndOpenInvoices(t *testing.T) {
	w := newWorld(t)
	lines := []stripeapi.Line{{Amount: 900}, {Amount: -200, Proration: true}}
	w.AddInvoice(stripeapi.Invoice{ID: "in_draft", Customer: "cus", Status: "draft", Lines: lines})
	w.AddInvoice(stripeapi.Invoice{ID: "in_open", Customer: "cus", Status: "open", Lines: lines, Due: start()})
	draft, err := w.stripe.Invoices.Get("in_draft", nil)
	if err != nil {
		t.Fatal(err)
	}
	if draft.HostedInvoiceURL != "" || draft.Number != "" {
		t.Errorf("a draft has a page: %+v", draft)
	}
	open, err := w.stripe.Invoices.Get("in_open", nil)
	if err != nil {
		t.Fatal(err)
	}
	if open.AmountRemaining != 700 || open.AmountPaid != 0 || open.Paid || open.DueDate != start().Unix() || open.Lines.Data[1].Type != stripe.InvoiceLineItemTypeInvoiceItem {
		t.Errorf("%+v", open)
	}
}
