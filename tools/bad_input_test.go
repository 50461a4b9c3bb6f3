package tools_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// answer is one of Stripe's to a write.
type answer struct {
	status             int
	typ, code, message string
}

// refusing is a desk whose Stripe answers every write as it is told, and a way to tell it.
func refusing(t *testing.T) (*servertest.Desk, *atomic.Pointer[answer]) {
	t.Helper()
	place := desk(t)
	to, err := url.Parse(place.StripeURL)
	must(t, err)
	var now atomic.Pointer[answer]
	through := httputil.NewSingleHostReverseProxy(to)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := now.Load()
		if a == nil || r.Method == http.MethodGet {
			through.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Request-Id", "req_told")
		w.WriteHeader(a.status)
		_, _ = fmt.Fprintf(w, `{"error":{"type":%q,"code":%q,"message":%q}}`, a.typ, a.code, a.message)
	}))
	t.Cleanup(front.Close)
	return place.Another(servertest.Setup{Policy: policy, StripeURL: front.URL}), &now
}

// billed are a call of each write at Stripe, on a ticket of its own.
func billed(d *servertest.Desk, name string) map[string]args {
	where := d.Open(servertest.Ticket{Name: name, Charges: []stripeapi.Charge{{Amount: 2000}}})
	d.Stripe.UpdateCard("cus_"+name, stripeapi.Card{})
	for _, id := range []string{"sub_", "sub_ends_", "sub_off_"} {
		d.Stripe.AddSubscription(stripeapi.Subscription{ID: id + name, Customer: "cus_" + name, Items: []stripeapi.Item{{Price: "price_team_monthly"}}, CancelAtPeriodEnd: id == "sub_ends_"})
	}
	d.Stripe.AddInvoice(stripeapi.Invoice{ID: "in_" + name, Customer: "cus_" + name, Currency: "eur", Status: "open", Lines: []stripeapi.Line{{Amount: 2000}}})
	return map[string]args{
		"create_refund":       {"conversation_id": where, "charge_id": "ch_" + name + "_1", "reason": "requested_by_customer"},
		"cancel_subscription": {"conversation_id": where, "subscription_id": "sub_" + name, "how": "at_period_end"},
		"resume_subscription": {"conversation_id": where, "subscription_id": "sub_ends_" + name},
		"apply_discount":      {"conversation_id": where, "subscription_id": "sub_off_" + name, "coupon": "STAY20"},
		"grant_credit":        {"conversation_id": where, "amount": "5.00 EUR"},
		"retry_invoice":       {"conversation_id": where, "invoice_id": "in_" + name},
	}
}

// What Stripe can answer to any write, at every write there is, from the tool call to
// the words that the agent reads. What may have been done is never called failed.
func TestEveryWriteTellsWhatStripeAnswers(t *testing.T) {
	t.Parallel()
	d, now := refusing(t)
	const again = "do not repeat it"
	for name, c := range map[string]struct {
		answer
		state       policies.State
		says, after string
	}{
		"missing":    {answer{404, "invalid_request_error", "resource_missing", "No such object"}, policies.Failed, "Stripe has no ", "check the id"},
		"mode":       {answer{404, "invalid_request_error", "livemode_mismatch", "a similar object exists in live mode"}, policies.Failed, "Stripe has no ", "test and live ids differ"},
		"testonly":   {answer{404, "invalid_request_error", "testmode_charges_only", "activate the account"}, policies.Failed, "Stripe has no ", "test and live ids differ"},
		"permission": {answer{403, "invalid_request_error", "", "Having the 'rak_some_write' permission would allow this"}, policies.Failed, "lacks the permission rak_some_write", "operator"},
		"key":        {answer{401, "invalid_request_error", "api_key_expired", "Expired API Key"}, policies.Executing, "", again},
		"used":       {answer{400, "idempotency_error", "", "Keys can only be used with the same parameters"}, policies.InDoubt, "used with other parameters", again},
		"busykey":    {answer{409, "idempotency_error", "idempotency_key_in_use", "in progress"}, policies.Executing, "", again},
		"locked":     {answer{429, "invalid_request_error", "lock_timeout", "accessed by another request"}, policies.Executing, "", again},
		"limited":    {answer{429, "invalid_request_error", "rate_limit", "slow down"}, policies.Executing, "", again},
		"broken":     {answer{500, "api_error", "", "An unknown error occurred"}, policies.InDoubt, "an error of its own", again},
		"new":        {answer{400, "invalid_request_error", "something_new", "jane@example.com"}, policies.Failed, "(something_new)", ""},
	} {
		now.Store(nil)
		for tool, call := range billed(d, name) {
			now.Store(&c.answer)
			a := d.Call(tool, call)
			if a.State != c.state || !strings.Contains(a.Message, c.says) || !strings.Contains(a.NextStep, c.after) || a.IsError != (c.state == policies.Failed) {
				t.Errorf("%s: %s answered %s", name, tool, a.Text)
			}
			if strings.Contains(string(a.Text), "jane") || c.message != "" && strings.Contains(string(a.Text), c.message) {
				t.Errorf("%s: %s tells Stripe's own words: %s", name, tool, a.Text)
			}
		}
	}
}

// Ids of the wrong kind, of nobody or of the other mode, and what can no longer be done.
func TestBadInputIsToldApart(t *testing.T) {
	t.Parallel()
	d := desk(t)
	where := d.Open(servertest.Ticket{Name: "bad", Charges: []stripeapi.Charge{
		{ID: "ch_bad", Amount: 2000}, {ID: "ch_back", Amount: 2000}, {ID: "ch_taken", Amount: 2000}, {ID: "ch_method", Amount: 2000, Refusal: "charge_not_refundable"},
	}})
	d.Stripe.AddRefund(stripeapi.Refund{ID: "re_back", Charge: "ch_back", Amount: 2000})
	d.Stripe.AddDispute(stripeapi.Dispute{ID: "dp_taken", Charge: "ch_taken", Status: "needs_response"})
	d.Stripe.AddCoupon(stripeapi.Coupon{ID: "SORRY5", AmountOff: 500, Currency: "usd"})
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_bad", Customer: "cus_bad", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_over", Customer: "cus_bad", Status: "canceled", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
	refund := args{"reason": "requested_by_customer"}
	for _, c := range []struct {
		tool  string
		args  args
		says  string
		after string
	}{
		{"create_refund", with(refund, "charge_id", "pi_bad"), "payment intent, not of a charge", "begins with ch_"},
		{"create_refund", with(refund, "payment_intent_id", "sub_bad"), "subscription, not of a payment intent", "begins with pi_"},
		{"create_refund", with(refund, "charge_id", "ch_live_1Abc"), "no such charge", "get_billing_overview"},
		{"create_refund", with(refund, "charge_id", "ch_maria_1"), "no such charge", "get_billing_overview"},
		{"create_refund", with(with(refund, "charge_id", "ch_bad"), "amount", "5.00 USD"), "the charge is in EUR", "currency of the charge"},
		{"create_refund", with(refund, "charge_id", "ch_back"), "nothing is left to refund", "tell the customer"},
		{"create_refund", with(refund, "charge_id", "ch_taken"), "taken the money back in a dispute", "disputes"},
		{"create_refund", with(refund, "charge_id", "ch_method"), "Stripe cannot refund this charge", "person"},
		{"cancel_subscription", args{"how": "now", "subscription_id": "in_bad"}, "invoice, not of a subscription", "begins with sub_"},
		{"cancel_subscription", args{"how": "now", "subscription_id": "sub_live_1Abc"}, "no such subscription", "get_billing_overview"},
		{"cancel_subscription", args{"how": "now", "subscription_id": "sub_over"}, "has ended already", "since when"},
		{"resume_subscription", args{"subscription_id": "sub_over"}, "has ended already", "since when"},
		{"apply_discount", args{"subscription_id": "sub_bad", "coupon": "SORRY5"}, "currency", "another discount"},
		{"grant_credit", args{"amount": "5.00 USD"}, "billed in EUR", "customer's currency"},
		{"grant_credit", args{"amount": "5.00 EUR", "customer_id": "ch_bad"}, "no such customer", "get_billing_overview"},
		{"retry_invoice", args{"invoice_id": "ch_bad"}, "charge, not of a", "begins with in_"},
		{"retry_invoice", args{"invoice_id": "in_live_1Abc"}, "no such invoice", "get_billing_overview"},
		{"get_payment", args{"charge_id": "ch_live_1Abc"}, "no such charge", "get_billing_overview"},
		{"list_invoices", args{"subscription_id": "ch_bad"}, "charge, not of a subscription", "begins with sub_"},
	} {
		if a := d.Call(c.tool, with(c.args, "conversation_id", where)); !a.IsError || !strings.Contains(a.Message, c.says) || !strings.Contains(a.NextStep, c.after) {
			t.Errorf("%s %v: answered %s", c.tool, c.args, a.Text)
		}
	}
	if n := d.Stripe.AmountRefunded("ch_bad"); n != 0 {
		t.Errorf("%d are refunded", n)
	}
}
