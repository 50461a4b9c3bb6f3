package tools_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// fixed is a call about the invoice that is still open after the card was fixed.
func fixed() args {
	return args{"conversation_id": sandbox.Conversation("card-fixed"), "invoice_id": "in_yara_2"}
}

// owing opens a ticket of somebody who has an open invoice of 20 euros, in a, and a card.
func owing(d *servertest.Desk, name string, i stripeapi.Invoice, card *stripeapi.Card) args {
	conversation := d.Open(servertest.Ticket{Name: name})
	if card != nil {
		d.Stripe.UpdateCard("cus_"+name, *card)
	}
	i.ID, i.Customer, i.Currency, i.Lines = "in_"+name, "cus_"+name, "eur", []stripeapi.Line{{Amount: 2000}}
	if i.Status == "" {
		i.Status = "open"
	}
	d.Stripe.AddInvoice(i)
	return args{"conversation_id": conversation, "invoice_id": i.ID}
}

func TestAnOpenInvoiceIsPaidOnceAndEverybodyIsTold(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*control.Fault{
		"nothing breaks": nil, "the answer is lost": {Method: "POST", Path: "/v1/invoices", Kind: control.CutAfter},
		"it never arrives": {Method: "POST", Path: "/v1/invoices", Kind: control.CutBefore}, "locked at first": {Method: "POST", Path: "/v1/invoices", Kind: control.ErrorBefore, Status: http.StatusLocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			call := with(fixed(), "then_reply", "Your payment went through.")
			before := d.Look()
			if a := d.Call("retry_invoice", with(call, "dry_run", true)); a.State != policies.Previewed || a.IsError {
				t.Errorf("the dry run is answered %s", a.Text)
			}
			d.Unchanged(t, before)
			if f != nil {
				must(t, d.Stripe.Desk.Inject(*f))
			}
			first := d.Call("retry_invoice", call)
			if first.IsError {
				t.Errorf("answered %s", first.Text)
			}
			d.Settle()
			paidOnce(t, d, d.Call("retry_invoice", call), first.Action)
		})
	}
}

func paidOnce(t *testing.T, d *servertest.Desk, again servertest.Answer, action string) {
	t.Helper()
	var receipt struct {
		Invoice, Status, Amount, Charge string
		PaidAt                          time.Time `json:"paid_at"`
	}
	must(t, json.Unmarshal(again.Receipt, &receipt))
	if !again.Replayed || again.Action != action || receipt.Invoice != "in_yara_2" || receipt.Status != "paid" || receipt.Amount != "20.00 EUR" || receipt.Charge == "" {
		t.Errorf("asked again: %s", again.Text)
	}
	sub, _ := d.Stripe.Subscription("sub_yara")
	if n := len(d.Stripe.Payments("in_yara_2")); n != 1 || sub.Status != "active" {
		t.Errorf("paid %d times, and the plan is %s", n, sub.Status)
	}
	where := sandbox.Conversation("card-fixed")
	if notes := d.Parts(where, "note"); len(notes) != 1 || !strings.Contains(notes[0], "Invoice in_yara_2 was paid with visa 4242: 20.00 EUR (ch_") {
		t.Errorf("colleagues read %q", notes)
	}
	if got := d.Parts(where, "comment"); len(got) != 1 || got[0] != "Your payment went through." {
		t.Errorf("the customer reads %q", got)
	}
	got := d.Intercom.Events("64f0" + strings.Repeat("0", 5) + where)
	if len(got) != 1 || got[0].Name != "invoice-paid" || !got[0].At.Equal(receipt.PaidAt) || got[0].Metadata["invoice"] != "in_yara_2" {
		t.Errorf("Intercom has %+v", got)
	}
}

// What cannot be collected is told apart, and Stripe is asked for nothing.
func TestOnlyAnOpenInvoiceWithAWorkingCardIsTried(t *testing.T) {
	t.Parallel()
	d := desk(t)
	card, now := &stripeapi.Card{}, d.Clock.Now()
	for name, c := range map[string]struct {
		invoice stripeapi.Invoice
		card    *stripeapi.Card
		rule    string
	}{
		"paid":          {stripeapi.Invoice{Status: "paid"}, card, "structure.invoice"},
		"draft":         {stripeapi.Invoice{Status: "draft"}, card, "structure.invoice"},
		"void":          {stripeapi.Invoice{Status: "void"}, card, "structure.invoice"},
		"uncollectible": {stripeapi.Invoice{Status: "uncollectible"}, card, "structure.invoice"},
		"sent":          {stripeapi.Invoice{Sent: true}, card, "structure.invoice"},
		"cardless":      {stripeapi.Invoice{}, nil, "structure.card"},
		"expired":       {stripeapi.Invoice{}, &stripeapi.Card{ExpMonth: 1, ExpYear: 2020}, "structure.card"},
	} {
		a := d.Call("retry_invoice", owing(d, name, c.invoice, c.card))
		if rules := a.Rules(); a.State != policies.Denied || len(rules) != 1 || rules[0] != c.rule {
			t.Errorf("%s: answered %s", name, a.Text)
		}
	}
	call := owing(d, "tried", stripeapi.Invoice{}, card)
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_tried", Customer: "cus_tried", Invoice: "in_tried", Amount: 2000, Currency: "eur", Status: "failed", Created: now.Add(-time.Hour)})
	if a := d.Call("retry_invoice", call); a.State != policies.Denied || a.Rules()[0] != "retry.cooldown" || !a.Decision.Against()[0].RetryAfter.Equal(now.Add(23*time.Hour).Truncate(time.Second)) {
		t.Errorf("tried an hour ago: answered %s", a.Text)
	}
	for name, i := range map[string]stripeapi.Invoice{"own": {Card: "pm_new"}, "planned": {Subscription: "sub_planned"}} { // they go before the customer's
		d.Stripe.AddPaymentMethod(stripeapi.PaymentMethod{ID: "pm_new", Customer: "cus_" + name})
		d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_planned", Customer: "cus_planned", PaymentMethod: "pm_new", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
		call := owing(d, name, i, &stripeapi.Card{ExpMonth: 1, ExpYear: 2020})
		if a := d.Call("retry_invoice", with(call, "dry_run", true)); a.IsError {
			t.Errorf("a card of %s: answered %s", name, a.Text)
		}
	}
	if sent := changes(d); len(sent) != 0 {
		t.Errorf("Stripe was asked %v", sent)
	}
	d.Use(strings.Replace(policy, "retry: {", "#", 1))
	if a := d.Call("retry_invoice", fixed()); a.State != policies.Denied || a.Rules()[0] != "retry.section" {
		t.Errorf("without a section: answered %s", a.Text)
	}
}

// Every answer of Stripe to a payment, from the tool call to the words that the
// agent reads. An attempt that was declined can be repeated once it has rested.
func TestEveryRefusalOfAPaymentIsToldToTheAgent(t *testing.T) {
	t.Parallel()
	fault := func(kind control.Kind, status int) *control.Fault {
		return &control.Fault{Method: "POST", Kind: kind, Status: status, Times: -1}
	}
	for name, c := range map[string]struct {
		card        stripeapi.Card
		fault       *control.Fault
		lacks       string
		state       policies.State
		says, after string
	}{
		"declined":             {card: stripeapi.Card{Declines: "insufficient_funds"}, state: policies.Failed, says: "nothing was taken: the card was declined (card_declined)", after: "get_billing_overview"},
		"wants the customer":   {card: stripeapi.Card{Confirms: true}, state: policies.Failed, says: "the bank wants the customer to confirm", after: "open the invoice"},
		"no permission":        {lacks: "invoice_write", state: policies.Failed, says: "lacks the permission rak_invoice_write", after: "operator"},
		"wrong key":            {fault: fault(control.ErrorBefore, http.StatusUnauthorized), state: policies.Executing, after: "do not repeat it"},
		"locked":               {fault: fault(control.ErrorBefore, http.StatusLocked), state: policies.Executing, after: "do not repeat it"},
		"rate limited":         {fault: fault(control.RateLimit, 0), state: policies.Executing, after: "do not repeat it"},
		"conflict":             {fault: fault(control.ErrorBefore, http.StatusConflict), state: policies.Executing, after: "do not repeat it"},
		"error":                {fault: fault(control.ErrorBefore, http.StatusInternalServerError), state: policies.InDoubt, says: "an error of its own", after: "do not repeat it"},
		"time-out after it":    {fault: fault(control.CutAfter, 0), state: policies.InDoubt, after: "do not repeat it"},
		"half an answer to it": {fault: fault(control.Half, 0), state: policies.InDoubt, says: "no readable answer", after: "do not repeat it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			call := owing(d, "answer", stripeapi.Invoice{}, &c.card)
			if c.fault != nil {
				must(t, d.Stripe.Desk.Inject(*c.fault))
			}
			if c.lacks != "" {
				d.Stripe.Restrict(sandbox.StripeKey, c.lacks)
			}
			a := d.Call("retry_invoice", with(call, "then_reply", "Paid."))
			if a.State != c.state || !strings.Contains(a.Message, c.says) || !strings.Contains(a.NextStep, c.after) {
				t.Errorf("answered %s", a.Text)
			}
			if said := d.Parts(call["conversation_id"].(string), "comment"); len(said) != 0 {
				t.Errorf("the customer reads %q", said)
			}
		})
	}
}

func TestADeclinedInvoiceIsTriedAgainOnlyAfterItsRest(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := owing(d, "again", stripeapi.Invoice{}, &stripeapi.Card{Declines: "do_not_honor"})
	declined := d.Call("retry_invoice", call)
	d.Stripe.UpdateCard("cus_again", stripeapi.Card{})
	if a := d.Call("retry_invoice", call); declined.State != policies.Failed || a.State != policies.Denied || a.Rules()[0] != "retry.cooldown" {
		t.Errorf("at once: %s, then %s", declined.Text, a.Text)
	}
	d.Clock.Advance(24 * time.Hour)
	if a := d.Call("retry_invoice", call); a.State != policies.Done || a.Action == declined.Action || len(d.Stripe.Payments("in_again")) != 1 {
		t.Errorf("a day later: %s", a.Text)
	}
}

// Invoices of others are answered like invoices that do not exist, in words about invoices.
func TestAForeignInvoiceIsAnsweredAsAnUnknownOne(t *testing.T) {
	t.Parallel()
	d := desk(t)
	viktor := args{"conversation_id": sandbox.Conversation("other-customers-charge")}
	before := d.Look()
	for _, dry := range []bool{false, true} {
		call := with(viktor, "dry_run", dry)
		foreign, unknown := d.Call("retry_invoice", with(call, "invoice_id", "in_yara_2")), d.Call("retry_invoice", with(call, "invoice_id", "in_nobody"))
		if string(foreign.Text) != string(unknown.Text) || foreign.Code != "not_found" || !strings.Contains(foreign.Message, "no such invoice") {
			t.Errorf("a foreign invoice is answered %s, an unknown one %s", foreign.Text, unknown.Text)
		}
	}
	if a := d.Call("retry_invoice", with(viktor, "invoice_id", "sub_yara")); a.Code != "invalid" || !strings.Contains(a.Message, "subscription, not of a") {
		t.Errorf("an id of the wrong kind: %s", a.Text)
	}
	d.VendorsUnchanged(t, before)
}
