package tools_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// Every story of plans and credit is resolved as the policy and Stripe's rules
// say, and the sandbox holds exactly what the answer says.
func TestThePlansOfTheStories(t *testing.T) {
	t.Parallel()
	const done, awaiting, denied = policies.Done, policies.Awaiting, policies.Denied
	for _, c := range []struct {
		story, tool string
		args        args
		state       policies.State
		rule        string // the first that did not allow
		note        string // what colleagues read
	}{
		{"unused-time", "cancel_subscription", args{"how": "now_with_refund"}, done, "", "131.22 EUR for unused time"},
		{"unused-time", "cancel_subscription", args{"how": "at_period_end"}, done, "", "Subscription sub_anne ends on"},
		{"unused-time", "cancel_subscription", args{"how": "now"}, awaiting, "cancel.now", ""},
		{"two-plans", "cancel_subscription", args{"how": "at_period_end", "subscription_id": "sub_ivan_b"}, done, "", "sub_ivan_b ends on"},
		{"trialing", "cancel_subscription", args{"how": "now_with_refund"}, denied, "structure.amount", ""},
		{"trialing", "cancel_subscription", args{"how": "at_period_end"}, done, "", "sub_kim ends on"},
		{"past-due", "cancel_subscription", args{"how": "at_period_end"}, done, "", "sub_rosa ends on"},
		{"wants-to-stay", "resume_subscription", args{}, done, "", "sub_tara goes on"},
		{"too-expensive", "apply_discount", args{"coupon": "STAY20"}, done, "", "STAY20 now, worth 12.00 EUR"},
		{"too-expensive", "apply_discount", args{"coupon": "SORRY5"}, done, "", "SORRY5 now, worth 5.00 EUR"},
		{"too-expensive", "apply_discount", args{"coupon": "WELCOME10"}, denied, "structure.coupon", ""},
		{"too-expensive", "apply_discount", args{"coupon": "HALFPRICE"}, denied, "discount.coupons", ""},
		{"discounted-already", "apply_discount", args{"coupon": "SORRY5"}, awaiting, "discount.stack", ""},
		{"discounted-already", "apply_discount", args{"coupon": "STAY20"}, denied, "structure.coupon", ""},
		{"discounted-already", "apply_discount", args{"coupon": "STAY20", "remove": true}, done, "", "STAY20 was taken off"},
		{"too-expensive", "apply_discount", args{"coupon": "STAY20", "remove": true}, denied, "structure.coupon", ""},
		{"dispute-won", "grant_credit", args{"amount": "10.00 EUR"}, done, "", "Credit of 10.00 EUR was given to cus_otto"},
		{"dispute-won", "grant_credit", args{"amount": "10.01 EUR"}, awaiting, "credit.limit", ""},
		{"dispute-won", "grant_credit", args{"amount": "10.00 USD"}, denied, "structure.amount", ""},
		{"has-credit", "grant_credit", args{"amount": "5.00 EUR"}, done, "", "the balance is -20.00 EUR now"},
	} {
		t.Run(c.story+" "+c.tool+" "+text(t, c.args), func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			call := with(c.args, "conversation_id", sandbox.Conversation(c.story))
			before := d.Look()
			preview := d.Call(c.tool, with(call, "dry_run", true))
			d.Unchanged(t, before)
			writes := len(changes(d))
			a := d.Call(c.tool, call)
			rule := ""
			if against := a.Rules(); len(against) > 0 {
				rule = against[0]
			}
			if a.State != c.state || rule != c.rule || a.IsError != (c.state == denied) || !slices.Equal(preview.Rules(), a.Rules()) {
				t.Errorf("answered %s, want %s by %q; the dry run said %v", a.Text, c.state, c.rule, preview.Rules())
			}
			if done := len(changes(d)) > writes; done != (c.state == policies.Done) {
				t.Errorf("something was sent to Stripe: %v", done)
			}
			d.Settle()
			if notes := strings.Join(d.Parts(sandbox.Conversation(c.story), "note"), " "); !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
				t.Errorf("colleagues read %q, want %q", notes, c.note)
			}
		})
	}
}

// changes are the writes that Stripe was sent.
func changes(d *servertest.Desk) []control.Request {
	return slices.DeleteFunc(d.Stripe.Desk.Requests(), func(r control.Request) bool { return r.Method == "GET" })
}

func TestACancellationWithRefundEndsThePlanAndPaysOnce(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := args{"conversation_id": sandbox.Conversation("unused-time"), "how": "now_with_refund"}
	a := d.Call("cancel_subscription", call)
	var receipt struct {
		Refund     string
		RefundID   string `json:"refund_id"`
		CreditNote string `json:"credit_note"`
		Status     string
	}
	must(t, json.Unmarshal(a.Receipt, &receipt))
	sub, _ := d.Stripe.Subscription("sub_anne")
	if receipt.Refund != "131.22 EUR" || receipt.Status != "canceled" || receipt.CreditNote == "" || sub.Status != "canceled" || d.Stripe.AmountRefunded("ch_anne_1") != 13122 {
		t.Errorf("%+v, %s, %d refunded", receipt, sub.Status, d.Stripe.AmountRefunded("ch_anne_1"))
	}
	if again := d.Call("cancel_subscription", with(call, "subscription_id", "sub_anne")); again.State != policies.Denied || again.Rules()[0] != "structure.subscription" || d.Stripe.AmountRefunded("ch_anne_1") != 13122 {
		t.Errorf("asked again: %s", again.Text)
	}
}

// Whatever breaks on the way, the worker completes the cancellation and the money
// goes once.
func TestABrokenCancellationIsCompletedByTheWorker(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]control.Fault{
		"the refund's answer is lost": {Method: "POST", Path: "/v1/credit_notes", Kind: control.Half},
		"the end is refused for now":  {Method: "DELETE", Kind: control.ErrorBefore},
		"the end's answer is lost":    {Method: "DELETE", Kind: control.Half},
	} {
		d := desk(t)
		must(t, d.Stripe.Desk.Inject(f))
		a := d.Call("cancel_subscription", args{"conversation_id": sandbox.Conversation("unused-time"), "how": "now_with_refund"})
		d.Settle()
		e, err := d.Ledger.Entry(t.Context(), a.Action)
		must(t, err)
		if sub, _ := d.Stripe.Subscription("sub_anne"); e.State != policies.Done || sub.Status != "canceled" || d.Stripe.AmountRefunded("ch_anne_1") != 13122 || len(d.Stripe.CreditNotes()) != 1 {
			t.Errorf("%s: first %s, then %s; %s, %d refunded", name, a.Text, e.State, sub.Status, d.Stripe.AmountRefunded("ch_anne_1"))
		}
	}
}

func TestSeveralPlansHaveToBeToldApart(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	a := d.Call("cancel_subscription", args{"conversation_id": sandbox.Conversation("two-plans"), "how": "at_period_end"})
	if !a.IsError || a.Code != "invalid" || !strings.Contains(a.NextStep, "sub_ivan_a (Northwind Notes Team)") || !strings.Contains(a.NextStep, "sub_ivan_b") {
		t.Errorf("answered %s", a.Text)
	}
	if a := d.Call("cancel_subscription", args{"conversation_id": sandbox.Conversation("no-stripe-customer"), "how": "now"}); a.Code != "not_found" {
		t.Errorf("nobody's: %s", a.Text)
	}
	d.Unchanged(t, before)
}

// What the customer says about leaving goes to Stripe and into the receipt, and no
// number of a card with it.
func TestWhySomebodyLeavesIsRecorded(t *testing.T) {
	t.Parallel()
	d := desk(t)
	call := args{"conversation_id": sandbox.Conversation("trialing"), "how": "at_period_end", "feedback": "too_complex", "reason": "Nobody here understood it."}
	for wrong, code := range map[string]args{"denied": with(call, "reason", "Use 4242 4242 4242 4242 instead"), "invalid": with(call, "feedback", "bored")} {
		if a := d.Call("cancel_subscription", code); string(a.State)+a.Code != map[string]string{"denied": "deniedrefused", "invalid": "invalid"}[wrong] {
			t.Errorf("%v: answered %s", code, a.Text)
		}
	}
	a := d.Call("cancel_subscription", call)
	var receipt struct{ Reason, Feedback string }
	must(t, json.Unmarshal(a.Receipt, &receipt))
	sub, _ := d.Stripe.Subscription("sub_kim")
	if receipt.Reason != "cancellation_requested" || receipt.Feedback != "too_complex" || sub.Feedback != "too_complex" || sub.Comment != "Nobody here understood it." || strings.Contains(string(a.Text), "understood") {
		t.Errorf("%s; Stripe has %q %q", a.Text, sub.Feedback, sub.Comment)
	}
}

// Ids of others and of the wrong kind, and plans that have ended.
func TestAPlanThatIsNotTheAskersIsAnsweredLikeNone(t *testing.T) {
	t.Parallel()
	d := desk(t)
	viktor := sandbox.Conversation("other-customers-charge")
	before := d.Look()
	for tool, call := range map[string]args{
		"cancel_subscription": {"how": "now_with_refund"}, "resume_subscription": {}, "apply_discount": {"coupon": "STAY20"},
	} {
		call = with(call, "conversation_id", viktor)
		foreign, unknown := d.Call(tool, with(call, "subscription_id", "sub_anne")), d.Call(tool, with(call, "subscription_id", "sub_nobody"))
		if string(foreign.Text) != string(unknown.Text) || foreign.Code != "not_found" || !strings.Contains(foreign.Message, "no such subscription") {
			t.Errorf("%s: a foreign plan is answered %s, an unknown one %s", tool, foreign.Text, unknown.Text)
		}
		if a := d.Call(tool, with(call, "subscription_id", "pi_viktor_1")); a.Code != "invalid" || !strings.Contains(a.Message, "payment intent, not of a subscription") {
			t.Errorf("%s: %s", tool, a.Text)
		}
	}
	if a := d.Call("grant_credit", args{"conversation_id": viktor, "customer_id": "cus_anne", "amount": "1.00 EUR"}); a.Code != "not_found" {
		t.Errorf("credit for somebody else: %s", a.Text)
	}
	d.VendorsUnchanged(t, before)
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_over", Customer: "cus_viktor", Status: "canceled", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
	if a := d.Call("cancel_subscription", args{"conversation_id": viktor, "how": "now", "subscription_id": "sub_over"}); a.State != policies.Denied || a.Rules()[0] != "structure.subscription" {
		t.Errorf("one that has ended: %s", a.Text)
	}
}

// Promotion codes that the policy does not list are not even looked up.
func TestPromotionCodesCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	d := desk(t)
	d.Call("apply_discount", args{"conversation_id": sandbox.Conversation("too-expensive"), "coupon": "SPRING"})
	for _, r := range d.Stripe.Desk.Requests() {
		if strings.Contains(r.Path, "promotion_codes") || strings.Contains(r.Path, "coupons") {
			t.Errorf("asked %s", r.Path)
		}
	}
}

// What time and Stripe make of it: the discount is on the next bill, the credit
// pays a part, and a plan that was to end ends.
func TestWhatWasDoneShowsOnTheNextBill(t *testing.T) {
	t.Parallel()
	d := desk(t)
	cleo := sandbox.Conversation("too-expensive")
	d.Call("apply_discount", args{"conversation_id": cleo, "coupon": "STAY20"})
	d.Call("grant_credit", args{"conversation_id": cleo, "amount": "10.00 EUR"})
	d.Clock.Advance(31 * 24 * 3600 * 1e9)
	var charged int64
	for _, i := range ask[invoicesTold](t, d, "list_invoices", args{"conversation_id": cleo}).Invoices {
		if inv, ok := d.Stripe.Invoice(i.Invoice); ok && inv.Subscription == "sub_cleo" {
			charged = inv.FromBalance
			if i.Status != "paid" || inv.Off != 400 {
				t.Errorf("%+v %+v", i, inv)
			}
		}
	}
	if charged != 1000 {
		t.Errorf("%d came from the balance", charged)
	}
}

// What was done makes word of it true, and word of something else not.
func TestAReplyMaySayWhatCreditsDiscountsAndCancellationsDid(t *testing.T) {
	t.Parallel()
	d := desk(t)
	otto, anne, cleo := sandbox.Conversation("dispute-won"), sandbox.Conversation("unused-time"), sandbox.Conversation("too-expensive")
	replies := []struct{ where, text string }{
		{otto, "I have credited 10.00 EUR to your account; it comes off your next invoice."},
		{anne, "We cancelled your plan and refunded 131.22 EUR."},
		{cleo, "I have credited 5.00 EUR to your account; it comes off your next invoice."},
	}
	for _, r := range replies {
		if a := d.Call("reply_to_conversation", args{"conversation_id": r.where, "body": r.text}); a.State != policies.Denied || a.Rules()[0] != "reply.promise" {
			t.Errorf("before it was done: %s", a.Text)
		}
	}
	for _, a := range []servertest.Answer{
		d.Call("grant_credit", args{"conversation_id": otto, "amount": "10.00 EUR"}),
		d.Call("cancel_subscription", args{"conversation_id": anne, "how": "now_with_refund"}),
		d.Call("apply_discount", args{"conversation_id": cleo, "coupon": "SORRY5"}),
	} {
		if a.State != policies.Done {
			t.Fatalf("answered %s", a.Text)
		}
	}
	d.Stripe.Desk.Forget()
	for _, r := range replies {
		if a := d.Call("reply_to_conversation", args{"conversation_id": r.where, "body": r.text}); a.State != policies.Done {
			t.Errorf("after it was done: %s", a.Text)
		}
	}
	if n := len(d.Stripe.Desk.Requests()); n != 0 {
		t.Errorf("the ledger shows it, and Stripe was asked %d times", n)
	}
	if a := d.Call("reply_to_conversation", args{"conversation_id": cleo, "body": "We have refunded 5.00 EUR."}); a.State != policies.Denied || a.Rules()[0] != "reply.promise" {
		t.Errorf("a discount called a refund: %s", a.Text)
	}
}
