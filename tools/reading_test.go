package tools_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tiktoken-go/tokenizer"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/server/servertest"
)

// ask calls a reading tool and reads its answer.
func ask[T any](t *testing.T, d *servertest.Desk, tool string, call args) T {
	t.Helper()
	a := d.Call(tool, call)
	if a.IsError {
		t.Fatalf("%s answered %s", tool, a.Text)
	}
	var out T
	a.Into(t, &out)
	return out
}

type paymentTold struct {
	Charge   string `json:"charge_id"`
	Intent   string `json:"payment_intent_id"`
	Invoice  string `json:"invoice_id"`
	Card     string
	Failure  string
	Dispute  string
	Tries    []string `json:"other_attempts"`
	Returned []struct {
		Refund    string `json:"refund_id"`
		Status    string
		Reference string `json:"bank_reference"`
		Where     string `json:"where_the_money_is"`
	} `json:"refund_details"`
	Omitted  int `json:"refunds_omitted"`
	Disputed []struct {
		Dispute    string `json:"dispute_id"`
		Refundable bool   `json:"still_refundable"`
	} `json:"dispute_details"`
}

func TestAPaymentTellsWhereTheMoneyIs(t *testing.T) {
	t.Parallel()
	d := desk(t)
	conversation := d.Open(servertest.Ticket{Name: "where", Charges: []stripeapi.Charge{{Amount: 9000, Invoice: "in_where", PaymentIntent: "pi_where"}}})
	d.Stripe.AddCharge(stripeapi.Charge{ID: "ch_where_0", PaymentIntent: "pi_where", Customer: "cus_where", Amount: 9000, Currency: "eur", Status: "failed", Created: d.Clock.Now().AddDate(0, 0, -20)})
	for i, r := range []stripeapi.Refund{
		{Status: "succeeded", Reference: "74000001"},
		{Status: "succeeded"},
		{Status: "pending"},
		{Status: "requires_action"},
		{Status: "failed", FailureReason: "expired_or_canceled_card"},
		{Status: "canceled"},
	} {
		r.ID, r.Charge, r.Amount, r.Created = fmt.Sprint("re_where_", i), "ch_where_1", 100, d.Clock.Now().Add(time.Duration(-i)*time.Minute)
		d.Stripe.AddRefund(r)
	}
	d.Stripe.AddDispute(stripeapi.Dispute{ID: "dp_where", Charge: "ch_where_1", Status: "warning_needs_response"})
	byCharge := ask[paymentTold](t, d, "get_payment", args{"conversation_id": conversation, "charge_id": "ch_where_1"})
	byIntent := ask[paymentTold](t, d, "get_payment", args{"conversation_id": conversation, "payment_intent_id": "pi_where"})
	same(t, "the payment by charge and by intent", byCharge, byIntent)
	p := byCharge
	if p.Invoice != "in_where" || p.Intent != "pi_where" || p.Card != "visa 4242" || !slices.Equal(p.Tries, []string{"ch_where_0 failed"}) || len(p.Disputed) != 1 || !p.Disputed[0].Refundable {
		t.Errorf("%+v", p)
	}
	want := []string{"by the bank reference", "no bank reference yet", "under way", "waits for the customer", "came back: expired or canceled card", "canceled"}
	for i, words := range want {
		if len(p.Returned) != len(want) || !strings.Contains(p.Returned[i].Where, words) {
			t.Fatalf("refund %d: %+v, want %q", i, p.Returned, words)
		}
	}
	if p.Returned[0].Reference != "74000001" {
		t.Errorf("%+v", p.Returned[0])
	}
}

func TestAPaymentOfSomebodyElseIsAnsweredLikeNone(t *testing.T) {
	t.Parallel()
	d := desk(t)
	viktor := sandbox.Conversation("other-customers-charge")
	for foreign, unknown := range map[string]string{"charge_id ch_maria_1": "charge_id ch_nobody", "payment_intent_id pi_maria_1": "payment_intent_id pi_nobody"} {
		answers := map[string]string{}
		for _, which := range []string{foreign, unknown} {
			field, id, _ := strings.Cut(which, " ")
			a := d.Call("get_payment", args{"conversation_id": viktor, field: id})
			if !a.IsError || a.Code != "not_found" {
				t.Errorf("%s: %s", which, a.Text)
			}
			answers[which] = string(a.Text)
		}
		if answers[foreign] != answers[unknown] {
			t.Errorf("%s and %s differ: %v", foreign, unknown, answers)
		}
	}
}

type paymentsTold struct {
	Customer string `json:"customer_id"`
	Payments []struct {
		Charge string `json:"charge_id"`
		Status string
	}
	Looked int    `json:"payments_looked_at"`
	Next   string `json:"next_cursor"`
}

func TestPaymentsAreListedByStatusAndDate(t *testing.T) {
	t.Parallel()
	d := desk(t)
	conversation := d.Open(servertest.Ticket{Name: "many"})
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		c := stripeapi.Charge{ID: fmt.Sprintf("ch_many_%03d", i), Customer: "cus_many", Amount: 500, Currency: "eur", Created: at.AddDate(0, 0, i)}
		if i%10 == 0 {
			c.Status = "failed"
		}
		d.Stripe.AddCharge(c)
	}
	for name, c := range map[string]struct {
		call args
		want int
	}{
		"all":           {args{}, 100},
		"failed":        {args{"status": "failed"}, 10},
		"one day":       {args{"since": "2026-06-11", "until": "2026-06-11"}, 1},
		"from a day on": {args{"since": "2026-09-01"}, 8},
		"up to a day":   {args{"until": "2026-06-03", "status": "succeeded"}, 2},
		"pending":       {args{"status": "pending"}, 0},
	} {
		call, seen := with(c.call, "conversation_id", conversation), map[string]bool{}
		for range 10 {
			p := ask[paymentsTold](t, d, "list_payments", call)
			for _, one := range p.Payments {
				seen[one.Charge] = true
			}
			if p.Next == "" {
				break
			}
			call = with(call, "cursor", p.Next)
		}
		if len(seen) != c.want {
			t.Errorf("%s: %d payments, want %d", name, len(seen), c.want)
		}
	}
	for _, bad := range []args{{"since": "2026-13-01"}, {"since": "2026-09-02", "until": "2026-09-01"}, {"customer_id": "cus_maria"}, {"status": "refunded"}, {"cursor": made("l." + conversation + ".cus_maria..0.")}} {
		if a := d.Call("list_payments", with(bad, "conversation_id", conversation)); !a.IsError {
			t.Errorf("%v: answered %s", bad, a.Text)
		}
	}
}

func TestSeveralCustomersHaveToBeToldApart(t *testing.T) {
	t.Parallel()
	d := desk(t)
	sam := sandbox.Conversation("two-customers-one-email")
	for _, tool := range []string{"list_payments", "list_invoices"} {
		if a := d.Call(tool, args{"conversation_id": sam}); !a.IsError || !strings.Contains(a.NextStep, "cus_sam_new, cus_sam_old") {
			t.Errorf("%s: %s", tool, a.Text)
		}
		if p := ask[paymentsTold](t, d, tool, args{"conversation_id": sam, "customer_id": "cus_sam_old"}); p.Customer != "cus_sam_old" {
			t.Errorf("%s: %+v", tool, p)
		}
		if a := d.Call(tool, args{"conversation_id": sandbox.Conversation("no-stripe-customer")}); a.Code != "not_found" {
			t.Errorf("%s: %s", tool, a.Text)
		}
	}
}

type invoicesTold struct {
	Invoices []struct {
		Invoice   string `json:"invoice_id"`
		Status    string
		Remaining string `json:"still_to_pay"`
		Credited  string
		For       string
	}
	Next string `json:"next_cursor"`
}

func TestInvoicesAreListedByStatusAndSubscription(t *testing.T) {
	t.Parallel()
	d := desk(t)
	conversation := d.Open(servertest.Ticket{Name: "bills"})
	for i := range 45 {
		status := []string{"paid", "open", "void"}[i%3]
		d.Stripe.AddInvoice(stripeapi.Invoice{
			ID: fmt.Sprintf("in_bills_%02d", i), Customer: "cus_bills", Currency: "eur", Status: status, Created: d.Clock.Now().AddDate(0, 0, -i),
			Subscription: []string{"sub_bills", ""}[i%2], Lines: []stripeapi.Line{{Description: "Team", Amount: 2000}},
		})
	}
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_bills", Customer: "cus_bills", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
	for name, c := range map[string]struct {
		call args
		want int
	}{
		"all": {args{}, 45}, "open": {args{"status": "open"}, 15}, "of a subscription": {args{"subscription_id": "sub_bills"}, 23},
		"of somebody else's": {args{"subscription_id": "sub_maria"}, 0}, "of none": {args{"subscription_id": "sub_nobody"}, 0},
	} {
		call, seen := with(c.call, "conversation_id", conversation), map[string]bool{}
		for range 10 {
			p := ask[invoicesTold](t, d, "list_invoices", call)
			for _, one := range p.Invoices {
				seen[one.Invoice] = true
				if (one.Remaining == "20.00 EUR") != (one.Status == "open" || one.Status == "void") {
					t.Errorf("%+v", one)
				}
			}
			if p.Next == "" {
				break
			}
			call = with(call, "cursor", p.Next)
		}
		if len(seen) != c.want {
			t.Errorf("%s: %d invoices, want %d", name, len(seen), c.want)
		}
	}
	foreign := made("i." + conversation + ".cus_bills.in_nobody.0.")
	if a := d.Call("list_invoices", args{"conversation_id": conversation, "cursor": foreign}); a.Code != "invalid" {
		t.Errorf("a mark of nobody's: %s", a.Text)
	}
	if a := d.Call("list_invoices", args{"conversation_id": conversation, "subscription_id": "pi_1"}); a.Code != "invalid" || !strings.Contains(a.Message, "payment intent") {
		t.Errorf("an id of another kind: %s", a.Text)
	}
}

type customersTold struct {
	Customers []struct {
		Customer string `json:"customer_id"`
		Email    string
		Stale    bool `json:"may_be_stale"`
	}
	More bool
	Note string
}

func (c customersTold) ids() string {
	var out []string
	for _, one := range c.Customers {
		out = append(out, one.Customer)
	}
	return strings.Join(out, " ")
}

func TestCustomersAreFoundByEmailNameOrID(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for name, c := range map[string]struct {
		call      args
		ids, note string
	}{
		"address in another case": {args{"email": "SAM.porter@example.com"}, "cus_sam_new cus_sam_old", "2 customers have this address"},
		"name":                    {args{"name": "porter"}, "cus_sam_old cus_sam_new", "search lags"},
		"id":                      {args{"customer_id": "cus_maria"}, "cus_maria", ""},
		"nobody's address":        {args{"email": "nobody@example.com"}, "", "nobody was found"},
		"nobody's id":             {args{"customer_id": "cus_nobody"}, "", "nobody was found"},
	} {
		got := ask[customersTold](t, d, "find_customers", c.call)
		if got.ids() != c.ids || !strings.HasPrefix(got.Note, c.note) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := ask[customersTold](t, d, "find_customers", args{"email": "Sam.Porter@example.com"}); got.Customers[0].Email != "s***@example.com" || got.Customers[1].Email != "S***@example.com" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []args{{}, {"email": "a@b.c", "name": "abc"}, {"name": "ab"}, {"customer_id": "sub_1"}, {"email": "nobody"}} {
		if a := d.Call("find_customers", bad); a.Code != "invalid" {
			t.Errorf("%v: answered %s", bad, a.Text)
		}
	}
}

func TestThePolicySaysHowMuchOfACustomerIsShown(t *testing.T) {
	t.Parallel()
	for level, want := range map[string][2]string{"none": {"", ""}, "masked": {"Maria J.", "m***@example.com"}, "full": {"Maria Jensen", "maria.jensen@example.com"}} {
		d := servertest.Start(t, servertest.Setup{Policy: "version: 1\nlookup: {customers: 30, personal_data: " + level + "}\n"})
		got := ask[struct {
			Customers []struct{ Name, Email string }
		}](t, d, "find_customers", args{"customer_id": "cus_maria"}).Customers
		if len(got) != 1 || got[0].Name != want[0] || got[0].Email != want[1] {
			t.Errorf("%s: %+v", level, got)
		}
	}
	d := servertest.Start(t, servertest.Setup{Policy: "version: 1\n"})
	if a := d.Call("find_customers", args{"customer_id": "cus_maria"}); a.Code != "refused" || len(d.Stripe.Desk.Requests()) != 0 {
		t.Errorf("without the section: %s", a.Text)
	}
}

func TestWhatSearchAloneFoundMayBeStale(t *testing.T) {
	t.Parallel()
	d := desk(t)
	d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_odd", Email: "OdD@example.com"})
	got := ask[customersTold](t, d, "find_customers", args{"email": "odd@example.com"})
	if got.ids() != "cus_odd" || !got.Customers[0].Stale {
		t.Errorf("%+v", got)
	}
	d.Stripe.SetSearchLag(time.Hour)
	if got := ask[customersTold](t, d, "find_customers", args{"email": "odd@example.com"}); got.ids() != "" {
		t.Errorf("%+v", got)
	}
}

// A customer as most are: two plans, one with a discount, six payments, an open
// invoice. The answer stays under 600 tokens.
func TestAnOrdinaryOverviewIsUnder600Tokens(t *testing.T) {
	t.Parallel()
	d := desk(t)
	var charges []stripeapi.Charge
	for i := range 6 {
		charges = append(charges, stripeapi.Charge{Amount: 2000, Description: "Team monthly", Created: d.Clock.Now().AddDate(0, -i, -3)})
	}
	conversation := d.Open(servertest.Ticket{Name: "usual", Charges: charges})
	d.Stripe.AddCoupon(stripeapi.Coupon{ID: "STAY20", PercentOff: 20, Duration: "forever"})
	d.Stripe.AddSubscription(stripeapi.Subscription{
		ID: "sub_usual", Customer: "cus_usual", Items: []stripeapi.Item{{Price: "price_team_monthly"}}, Discounts: []stripeapi.Discount{{ID: "di_usual", Coupon: "STAY20"}},
	})
	d.Stripe.AddInvoice(stripeapi.Invoice{ID: "in_usual", Customer: "cus_usual", Currency: "eur", Status: "open", Lines: []stripeapi.Line{{Amount: 900}}})
	a := d.Call("get_billing_overview", args{"conversation_id": conversation})
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	must(t, err)
	n, err := codec.Count(string(a.Text))
	must(t, err)
	t.Logf("%d tokens", n)
	var b struct {
		Customers []struct {
			Subscriptions []struct{ Discount string }
			Open          []struct {
				Remaining string `json:"still_to_pay"`
			} `json:"open_invoices"`
		}
	}
	must(t, json.Unmarshal(a.Text, &b))
	if c := b.Customers[0]; n >= 600 || c.Subscriptions[0].Discount != "20% off forever" || len(c.Open) != 1 || c.Open[0].Remaining != "9.00 EUR" {
		t.Errorf("%d tokens: %s", n, a.Text)
	}
}

func TestAFailureIsToldWithWhatHelps(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for code, words := range map[string]string{
		"insufficient_funds": "lacks money", "expired_card": "has expired", "incorrect_cvc": "enter the card again", "authentication_required": "confirm",
		"fraudulent": "looked risky", "processing_error": "try again", "card_not_supported": "does not allow", "card_velocity_exceeded": "limit", "stolen_card": "gave no reason",
		"a_new_code": "a_new_code Words of Stripe.",
	} {
		name := strings.ReplaceAll(code, "_", "")
		conversation := d.Open(servertest.Ticket{Name: name, Charges: []stripeapi.Charge{{Amount: 500, Status: "failed", FailureCode: code, FailureMessage: "Words of Stripe."}}})
		got := ask[paymentsTold](t, d, "list_payments", args{"conversation_id": conversation})
		p := ask[paymentTold](t, d, "get_payment", args{"conversation_id": conversation, "charge_id": got.Payments[0].Charge})
		if !strings.Contains(p.Failure, words) || strings.Contains(p.Failure, "stolen") {
			t.Errorf("%s: %q", code, p.Failure)
		}
	}
}
