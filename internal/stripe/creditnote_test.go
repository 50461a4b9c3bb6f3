package stripe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// withInvoice has a charge of 119.00 EUR that paid an invoice with tax.
func withInvoice(t *testing.T) *bench {
	t.Helper()
	b := withMaria(t)
	b.account.AddInvoice(stripeapi.Invoice{ID: "in_maria", Customer: "cus_maria", Currency: "eur", Lines: []stripeapi.Line{{Amount: 10000, Tax: 1900}}})
	b.account.AddCharge(stripeapi.Charge{ID: "ch_billed", Customer: "cus_maria", PaymentIntent: "pi_billed", Invoice: "in_maria", Amount: 11900, Currency: "eur"})
	return b
}

func billed(minor int64) policies.Refund { return refundOf("ch_billed", eur(minor), eur(11900)) }

func TestAChargeThatPaidAnInvoiceIsRefundedByCreditNote(t *testing.T) {
	b := withInvoice(t)
	got, err := refund(t, b.Client, "act_1", billed(1190))
	want := stripe.Refund{
		ID: "re_000001", Charge: "ch_billed", Amount: eur(1190), Status: "succeeded", Reason: "requested_by_customer", CreatedAt: start(), CreditNote: "cn_000001",
	}
	if err != nil || got != want {
		t.Errorf("receipt %+v, %v; want %+v", got, err, want)
	}
	const body = "invoice=in_maria&amount=1190&refund_amount=1190&reason=order_change&metadata[operation_id]=act_1&metadata[conversation]=conv_1&expand[0]=refund"
	if sent := b.writes(); len(sent) != 1 || sent[0].Path != "/v1/credit_notes" || sent[0].IdempotencyKey != "act_1" || sent[0].Body != body {
		t.Errorf("sent %+v", sent)
	}
	if n := b.account.CreditNotes(); len(n) != 1 || n[0].Total != 1190 || b.account.AmountRefunded("ch_billed") != 1190 {
		t.Errorf("%+v, %d refunded", n, b.account.AmountRefunded("ch_billed"))
	}
}

func TestReasonsAreMappedForCreditNotesAndBack(t *testing.T) {
	for reason, note := range map[policies.Reason]string{policies.Duplicate: "duplicate", policies.RequestedByCustomer: "order_change", "": ""} {
		b := withInvoice(t)
		a := billed(100)
		a.Reason, a.Twins = reason, []policies.Twin{{Charge: "ch_twin", CreatedAt: a.Charge.CreatedAt}}
		got, err := refund(t, b.Client, "act_1", a)
		if n := b.account.CreditNotes(); err != nil || got.Reason != string(reason) || len(n) != 1 || n[0].Reason != note {
			t.Errorf("%q: %+v, %v, %+v", reason, got, err, n)
		}
	}
}

func TestACreditNoteIsMadeInOneRequestOnceItsChargeWasRead(t *testing.T) {
	b := withInvoice(t)
	if _, err := b.Charges(t.Context(), "cus_maria", "", 10); err != nil {
		t.Fatal(err)
	}
	before := b.asked("GET")
	if _, err := refund(t, b.Client, "act_1", billed(100)); err != nil || b.asked("GET") != before || len(b.account.CreditNotes()) != 1 {
		t.Errorf("%d reads more, %v", b.asked("GET")-before, err)
	}
}

func TestTheSameKeyIsOneCreditNote(t *testing.T) {
	b := withInvoice(t)
	for i := range 5 {
		if got, err := refund(t, b.Client, "act_1", billed(11900)); err != nil || got.ID != "re_000001" || got.Replayed != (i > 0) {
			t.Fatalf("try %d: %+v, %v", i, got, err)
		}
	}
	if n := len(b.account.CreditNotes()); n != 1 || b.account.AmountRefunded("ch_billed") != 11900 {
		t.Errorf("%d credit notes, %d refunded", n, b.account.AmountRefunded("ch_billed"))
	}
}

func TestAFailedCreditNoteIsFoundOrNot(t *testing.T) {
	for _, c := range []struct {
		kind   control.Kind
		status int
		took   fault.Took
		made   bool
	}{
		{control.RateLimit, 0, fault.NotYet, false},
		{control.ErrorBefore, 500, fault.Unknown, false},
		{control.ErrorAfter, 500, fault.Unknown, true},
		{control.CutAfter, 0, fault.Unknown, true},
		{control.Half, 0, fault.Unknown, true},
	} {
		b := withInvoice(t)
		b.Client = onFreshConnections(t, b.url)
		b.inject(t, control.Fault{Method: "POST", Kind: c.kind, Status: c.status})
		if _, err := refund(t, b.Client, "act_1", billed(1190)); fault.TookOf(err) != c.took {
			t.Errorf("%s: took %v, %v", c.kind, fault.TookOf(err), err)
		}
		got, found, err := b.FindRefund(t.Context(), billed(1190), "act_1")
		if err != nil || found != c.made || found && (got.Amount != eur(1190) || got.CreditNote == "" || got.Reason != "requested_by_customer") {
			t.Errorf("%s: found %v %+v, %v", c.kind, found, got, err)
		}
		if _, found, _ := b.FindRefund(t.Context(), billed(1190), "act_2"); found {
			t.Errorf("%s: another key's refund is found", c.kind)
		}
	}
}

// Earlier refunds count, whether a credit note made them or not.
func TestACreditNoteIsNeverMoreThanIsLeft(t *testing.T) {
	b := withInvoice(t)
	b.account.AddRefund(stripeapi.Refund{ID: "re_plain", Charge: "ch_billed", Amount: 11000})
	if _, err := refund(t, b.Client, "act_1", billed(1000)); fault.TookOf(err) != fault.No || fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), "more than what is left") {
		t.Errorf("%v", err)
	}
	if _, err := refund(t, b.Client, "act_2", billed(900)); err != nil {
		t.Error(err)
	}
	if n := b.account.AmountRefunded("ch_billed"); n != 11900 {
		t.Errorf("%d are refunded", n)
	}
}

func TestAChargeThatCannotBeReadIsNotRefunded(t *testing.T) {
	b := withInvoice(t)
	b.inject(t, control.Fault{Method: "GET", Path: "/v1/charges/*", Kind: control.ErrorBefore, Times: 3})
	if _, err := refund(t, b.Client, "act_1", billed(100)); fault.TookOf(err) != fault.No || len(b.writes()) != 0 {
		t.Errorf("took %v: %v, sent %v", fault.TookOf(err), err, b.writes())
	}
}

func TestCreditNotesOfOurLedgerAreOurs(t *testing.T) {
	b := withInvoice(t)
	ours, theirs := marked(t, b, "led_ours"), marked(t, b, "led_theirs")
	for key, c := range map[string]*stripe.Client{"act_ours": ours, "act_theirs": theirs} {
		if _, err := refund(t, c, key, billed(100)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := refund(t, ours, "act_plain", refundOf("ch_maria", eur(200), eur(10000))); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := ours.Made(t.Context(), start().Add(-time.Hour), func(m stripe.Made) error {
		got = append(got, fmt.Sprint(m.Key, " ", m.Conversation, " ", m.Amount, " ", m.Charge))
		return nil
	})
	if fmt.Sprint(got) != "[act_plain conv_1 2.00 EUR ch_maria act_ours conv_1 1.00 EUR ch_billed]" || err != nil {
		t.Errorf("made %q: %v", got, err)
	}
}
