package stripeapi_test

import (
	"testing"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

// billed has a paid invoice of 100.00 with 19.00 tax and the charge that paid it,
// and an open one of 50.00.
func billed(t *testing.T) *world {
	w := newWorld(t)
	w.AddCustomer(stripeapi.Customer{ID: "cus", Card: &stripeapi.Card{}})
	w.AddInvoice(stripeapi.Invoice{ID: "in_paid", Customer: "cus", Lines: []stripeapi.Line{{Amount: 10000, Tax: 1900}}})
	w.AddCharge(stripeapi.Charge{ID: "ch", PaymentIntent: "pi", Customer: "cus", Invoice: "in_paid", Amount: 11900})
	w.AddInvoice(stripeapi.Invoice{ID: "in_open", Customer: "cus", Status: "open", Lines: []stripeapi.Line{{Amount: 5000}}})
	return w
}

func TestACreditNoteRefundsWhatItTakesOff(t *testing.T) {
	w := billed(t)
	n, err := w.stripe.CreditNotes.New(&stripe.CreditNoteParams{
		Invoice: stripe.String("in_paid"), Amount: stripe.Int64(1190), RefundAmount: stripe.Int64(1190),
		Reason: stripe.String("duplicate"), Metadata: map[string]string{"operation_id": "act_1"},
	})
	if err != nil || n.Total != 1190 || n.Refund == nil || n.Type != stripe.CreditNoteTypePostPayment || n.TaxAmounts[0].Amount != 190 || n.Metadata["operation_id"] != "act_1" {
		t.Fatalf("%+v %v", n, err)
	}
	if got := w.RefundsOf("ch"); len(got) != 1 || got[0].ID != n.Refund.ID || got[0].Amount != 1190 {
		t.Errorf("%+v", got)
	}
	if i, _ := w.stripe.Invoices.Get("in_paid", nil); i.PostPaymentCreditNotesAmount != 1190 {
		t.Errorf("%+v", i)
	}
}

func TestAPreviewComputesTaxAndKeepsNothing(t *testing.T) {
	w := billed(t)
	n, err := w.stripe.CreditNotes.Preview(&stripe.CreditNotePreviewParams{
		Invoice: stripe.String("in_paid"), RefundAmount: stripe.Int64(5950),
		Lines: []*stripe.CreditNotePreviewLineParams{{
			Type: stripe.String("invoice_line_item"), InvoiceLineItem: stripe.String("il_paid_1"), Amount: stripe.Int64(5000),
		}},
	})
	if err != nil || n.Total != 5950 || n.Subtotal != 5000 || n.TaxAmounts[0].Amount != 950 {
		t.Fatalf("%+v %v", n, err)
	}
	if len(w.CreditNotes()) != 0 || len(w.Refunds()) != 0 {
		t.Error("a preview was kept")
	}
}

func TestACreditNoteGivesNoMoreThanWasPaid(t *testing.T) {
	w := billed(t)
	w.AddRefund(stripeapi.Refund{ID: "re_plain", Charge: "ch", Amount: 10000})
	for form, param := range map[string]string{
		"invoice=in_paid&amount=12000&refund_amount=12000": "amount",
		"invoice=in_paid&amount=1000&refund_amount=500":    "",
		"invoice=in_paid&amount=1000":                      "",
		"invoice=in_paid&amount=2000&refund_amount=2000":   "amount", // 19.00 are left after the plain refund
		"invoice=in_open&amount=1000&refund_amount=1000":   "refund_amount",
		"invoice=in_open&amount=6000":                      "amount",
		"invoice=in_none&amount=1000":                      "invoice",
		"invoice=in_paid":                                  "",
		"invoice=in_paid&lines[0][type]=invoice_line_item&lines[0][invoice_line_item]=il_none&refund_amount=1": "lines[0][invoice_line_item]",
		"invoice=in_paid&amount=1000&refund_amount=1000&reason=requested_by_customer":                          "reason",
		"invoice=in_paid&amount=1000&refund=re_none":                                                           "refund",
	} {
		if got := w.send("POST", "/v1/credit_notes", form); got.status != 400 || got.trouble("param") != param {
			t.Errorf("%s: %d %v", form, got.status, got.body)
		}
	}
	if len(w.CreditNotes()) != 0 || len(w.Refunds()) != 1 {
		t.Error("a refused credit note was kept")
	}
	for form := range map[string]bool{
		"invoice=in_open&amount=1000": true, "invoice=in_paid&amount=1000&credit_amount=1000": true,
		"invoice=in_paid&amount=900&out_of_band_amount=900": true, "invoice=in_paid&amount=10000&refund=re_plain": true,
	} {
		if got := w.send("POST", "/v1/credit_notes", form); got.status != 200 {
			t.Errorf("%s: %v", form, got.body)
		}
	}
	if c, _ := w.Customer("cus"); c.Balance != -1000 {
		t.Errorf("the balance is %d", c.Balance)
	}
	if i, _ := w.stripe.Invoices.Get("in_open", nil); i.AmountRemaining != 4000 {
		t.Errorf("%+v", i)
	}
}

func TestADisputedInvoiceIsNotRefundedByCreditNoteEither(t *testing.T) {
	w := billed(t)
	w.AddDispute(stripeapi.Dispute{ID: "dp", Charge: "ch"})
	if got := w.send("POST", "/v1/credit_notes", "invoice=in_paid&amount=1000&refund_amount=1000"); got.trouble("code") != "charge_disputed" {
		t.Errorf("%v", got.body)
	}
}
