package tools_test

import (
	"net/http"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// Everything that Stripe can answer to a refund, from the tool call to the words
// that the agent reads, for a plain charge and for one that paid an invoice. What
// Stripe has not looked at yet is still under way: the worker sends it again. What
// may have been done is never called failed.
func TestEveryAnswerOfStripeIsToldToTheAgent(t *testing.T) {
	t.Parallel()
	fault := func(kind control.Kind, status int) func(*servertest.Desk) error {
		return func(d *servertest.Desk) error {
			return d.Stripe.Desk.Inject(control.Fault{Method: "POST", Kind: kind, Status: status, Times: -1})
		}
	}
	for name, c := range map[string]struct {
		refusal     string
		arrange     func(*servertest.Desk) error
		state       policies.State
		says, after string // the message, and what to do next
	}{
		"already refunded":    {refusal: "charge_already_refunded", state: policies.Failed, says: "nothing is left to refund", after: "tell the customer"},
		"disputed":            {refusal: "charge_disputed", state: policies.Failed, says: "the charge is disputed", after: "person"},
		"disputed, by intent": {refusal: "refund_disputed_payment", state: policies.Failed, says: "the charge is disputed", after: "person"},
		"too large":           {refusal: "amount_too_large", state: policies.Failed, says: "more than what is left", after: "get_billing_overview"},
		"invalid amount":      {refusal: "invalid_charge_amount", state: policies.Failed, says: "does not accept this amount", after: "get_billing_overview"},
		"no integer":          {refusal: "parameter_invalid_integer", state: policies.Failed, says: "does not accept this amount", after: "get_billing_overview"},
		"not refundable":      {refusal: "charge_not_refundable", state: policies.Failed, says: "cannot refund this charge", after: "person"},
		"not there":           {refusal: "resource_missing", state: policies.Failed, says: "Stripe has no charge", after: "check the id"},
		"of the other mode":   {refusal: "livemode_mismatch", state: policies.Failed, says: "Stripe has no charge", after: "test and live ids differ"},
		"test charges only":   {refusal: "testmode_charges_only", state: policies.Failed, says: "Stripe has no charge", after: "test and live ids differ"},
		"balance too low":     {refusal: "balance_insufficient", state: policies.Failed, says: "balance is too low", after: "operator"},
		"no permission": {arrange: func(d *servertest.Desk) error {
			d.Stripe.Restrict(sandbox.StripeKey, "charge_write", "credit_note_write")
			return nil
		}, state: policies.Failed, says: "lacks the permission rak_", after: "operator"},
		"wrong key":      {arrange: fault(control.ErrorBefore, http.StatusUnauthorized), state: policies.Executing, after: "do not repeat it"},
		"locked":         {arrange: fault(control.ErrorBefore, http.StatusLocked), state: policies.Executing, after: "do not repeat it"},
		"rate limited":   {arrange: fault(control.RateLimit, 0), state: policies.Executing, after: "do not repeat it"},
		"conflict":       {arrange: fault(control.ErrorBefore, http.StatusConflict), state: policies.Executing, after: "do not repeat it"},
		"error":          {arrange: fault(control.ErrorBefore, http.StatusInternalServerError), state: policies.InDoubt, says: "an error of its own", after: "do not repeat it"},
		"error after":    {arrange: fault(control.ErrorAfter, http.StatusInternalServerError), state: policies.InDoubt, says: "an error of its own", after: "do not repeat it"},
		"half an answer": {arrange: fault(control.Half, 0), state: policies.InDoubt, says: "no readable answer", after: "do not repeat it"},
	} {
		for _, invoice := range []string{"", "in_answer"} {
			t.Run(strings.TrimSpace(name+" "+invoice), func(t *testing.T) {
				t.Parallel()
				d := desk(t)
				conversation := d.Open(servertest.Ticket{Name: "answer", Charges: []stripeapi.Charge{{Amount: 2000, Currency: "eur", Refusal: c.refusal, Invoice: invoice}}})
				d.Stripe.AddInvoice(stripeapi.Invoice{ID: "in_answer", Customer: "cus_answer", Currency: "eur", Lines: []stripeapi.Line{{Amount: 2000}}})
				if c.arrange != nil {
					must(t, c.arrange(d))
				}
				a := d.Call("create_refund", args{"conversation_id": conversation, "charge_id": "ch_answer_1", "reason": "requested_by_customer"})
				if a.State != c.state || !strings.Contains(a.Message, c.says) || !strings.Contains(a.NextStep, c.after) {
					t.Errorf("answered %s", a.Text)
				}
				if a.State == policies.Failed && d.Stripe.AmountRefunded("ch_answer_1") != 0 {
					t.Errorf("called failed, and %d are refunded", d.Stripe.AmountRefunded("ch_answer_1"))
				}
			})
		}
	}
}
