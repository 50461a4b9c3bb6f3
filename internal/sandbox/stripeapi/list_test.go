package stripeapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

func customer(id, email string, deleted bool) stripeapi.Customer {
	return stripeapi.Customer{ID: id, Email: email, Deleted: deleted}
}

// fiveCharges are ch_1 to ch_5, an hour apart, the odd ones of cus_odd.
func fiveCharges(t *testing.T) *world {
	w := newWorld(t)
	w.AddCustomer(customer("cus_odd", "", false))
	w.AddCustomer(customer("cus_even", "", false))
	for i := 1; i <= 5; i++ {
		owner := "cus_odd"
		if i%2 == 0 {
			owner = "cus_even"
		}
		w.AddCharge(stripeapi.Charge{ID: fmt.Sprintf("ch_%d", i), Customer: owner, Amount: 100, Created: start().Add(time.Duration(i-10) * time.Hour)})
	}
	return w
}

func TestPages(t *testing.T) {
	w := fiveCharges(t)
	at := func(i int) int64 { return start().Add(time.Duration(i-10) * time.Hour).Unix() }
	for query, want := range map[string]struct {
		ids  string
		more bool
	}{
		"":                                      {"[ch_5 ch_4 ch_3 ch_2 ch_1]", false},
		"limit=2":                               {"[ch_5 ch_4]", true},
		"limit=5":                               {"[ch_5 ch_4 ch_3 ch_2 ch_1]", false},
		"limit=2&starting_after=ch_4":           {"[ch_3 ch_2]", true},
		"limit=2&starting_after=ch_2":           {"[ch_1]", false},
		"starting_after=ch_1":                   {"[]", false},
		"limit=2&ending_before=ch_1":            {"[ch_3 ch_2]", true},
		"limit=2&ending_before=ch_4":            {"[ch_5]", false},
		"customer=cus_odd":                      {"[ch_5 ch_3 ch_1]", false},
		"customer=cus_odd&limit=2":              {"[ch_5 ch_3]", true},
		"customer=cus_odd&starting_after=ch_4":  {"[ch_3 ch_1]", false},
		"customer=cus_even&limit=1":             {"[ch_4]", true},
		fmt.Sprintf("created[gte]=%d", at(4)):   {"[ch_5 ch_4]", false},
		fmt.Sprintf("created[gt]=%d", at(4)):    {"[ch_5]", false},
		fmt.Sprintf("created[lt]=%d", at(2)):    {"[ch_1]", false},
		fmt.Sprintf("created[lte]=%d", at(2)):   {"[ch_2 ch_1]", false},
		fmt.Sprintf("created=%d", at(3)):        {"[ch_3]", false},
		"created%5Bgte%5D=0&created%5Blt%5D=10": {"[]", false},
	} {
		got := w.send("GET", "/v1/charges?"+query, "")
		if fmt.Sprint(got.ids()) != want.ids || got.body["has_more"] != want.more || got.body["object"] != "list" || got.body["url"] != "/v1/charges" {
			t.Errorf("%q: %v more %v, want %v", query, got.ids(), got.body["has_more"], want)
		}
	}
}

func TestBadPages(t *testing.T) {
	w := fiveCharges(t)
	for query, want := range map[string][2]string{
		"limit=0":                                {"parameter_invalid_integer", "limit"},
		"limit=101":                              {"parameter_invalid_integer", "limit"},
		"limit=-1":                               {"parameter_invalid_integer", "limit"},
		"limit=ten":                              {"parameter_invalid_integer", "limit"},
		"limit=":                                 {"parameter_invalid_empty", "limit"},
		"starting_after=ch_x":                    {"resource_missing", "starting_after"},
		"ending_before=ch_x":                     {"resource_missing", "ending_before"},
		"starting_after=ch_1&ending_before=ch_2": {"", ""},
		"customer=cus_x":                         {"resource_missing", "customer"},
		"customer=":                              {"parameter_invalid_empty", "customer"},
		"payment_intent=x":                       {"resource_missing", "payment_intent"},
		"status=succeeded":                       {"parameter_unknown", "status"},
		"created[since]=1":                       {"parameter_unknown", "created[since]"},
		"created[gte]=today":                     {"parameter_invalid_integer", "created[gte]"},
		"created[gte]=99999999999999999999":      {"parameter_invalid_integer", "created[gte]"},
	} {
		got := w.send("GET", "/v1/charges?"+query, "")
		if got.status != 400 || got.trouble("code") != want[0] || got.trouble("param") != want[1] {
			t.Errorf("%q: %d %v", query, got.status, got.body)
		}
	}
}

func TestStripesClientWalksAllPages(t *testing.T) {
	w := fiveCharges(t)
	params := &stripe.ChargeListParams{}
	params.Limit = stripe.Int64(2)
	var ids []string
	for it := w.stripe.Charges.List(params); it.Next(); {
		ids = append(ids, it.Charge().ID)
	}
	if want := []string{"ch_5", "ch_4", "ch_3", "ch_2", "ch_1"}; !slices.Equal(ids, want) {
		t.Errorf("%v", ids)
	}
}

func TestYoungestOfOneSecondComesFirst(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"cus_a", "cus_b", "cus_c"} {
		w.AddCustomer(customer(id, "", false))
	}
	if got := w.send("GET", "/v1/customers", "").ids(); !slices.Equal(got, []string{"cus_c", "cus_b", "cus_a"}) {
		t.Errorf("%v", got)
	}
}

func TestCustomersAreListedByTheExactEmail(t *testing.T) {
	w := newWorld(t)
	w.AddCustomer(customer("cus_1", "Maria@example.com", false))
	w.AddCustomer(customer("cus_2", "maria@example.com", false))
	w.AddCustomer(customer("cus_3", "maria@example.com", false))
	for email, want := range map[string][]string{
		"Maria@example.com": {"cus_1"},
		"maria@example.com": {"cus_3", "cus_2"},
		"MARIA@example.com": nil,
		"maria@example":     nil,
	} {
		if got := w.send("GET", "/v1/customers?email="+url.QueryEscape(email), "").ids(); !slices.Equal(got, want) {
			t.Errorf("%s: %v", email, got)
		}
	}
}

func TestListsByOwner(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	w.AddCustomer(stripeapi.Customer{ID: "cus_other", Card: &stripeapi.Card{}})
	w.AddCharge(stripeapi.Charge{ID: "ch_other", Customer: "cus_other", PaymentIntent: "pi_other", Amount: 100})
	w.AddRefund(stripeapi.Refund{ID: "re_other", Charge: "ch_other"})
	w.AddDispute(stripeapi.Dispute{ID: "dp_other", Charge: "ch_other"})
	w.AddInvoice(stripeapi.Invoice{ID: "in_open", Customer: "cus_maria", Status: "open"})
	for path, want := range map[string][]string{
		"/v1/charges?payment_intent=pi_maria":               {"ch_maria_2", "ch_maria_1"},
		"/v1/payment_intents?customer=cus_maria":            {"pi_maria"},
		"/v1/refunds?charge=ch_maria_2":                     {"re_maria"},
		"/v1/refunds?payment_intent=pi_other":               {"re_other"},
		"/v1/refunds":                                       {"re_other", "re_maria"},
		"/v1/disputes?charge=ch_maria_2":                    {"dp_maria"},
		"/v1/disputes?payment_intent=pi_other":              {"dp_other"},
		"/v1/invoices?customer=cus_maria":                   {"in_open", "in_maria"},
		"/v1/invoices?customer=cus_maria&status=paid":       {"in_maria"},
		"/v1/invoices?subscription=sub_maria":               {"in_maria"},
		"/v1/payment_methods?customer=cus_maria&type=card":  {"pm_maria"},
		"/v1/payment_methods?customer=cus_maria&type=link":  nil,
		"/v1/customers/cus_other/payment_methods":           {"pm_other"},
		"/v1/customers/cus_other/payment_methods?type=card": {"pm_other"},
	} {
		if got := w.send("GET", path, ""); got.status != 200 || !slices.Equal(got.ids(), want) {
			t.Errorf("%s: %d %v, want %v", path, got.status, got.ids(), want)
		}
	}
	if got := w.send("GET", "/v1/customers/cus_none/payment_methods", ""); got.status != 404 {
		t.Errorf("payment methods of nobody: %d", got.status)
	}
}

func TestEmptyListIsAnArray(t *testing.T) {
	w := newWorld(t)
	got := w.send("GET", "/v1/refunds", "").body
	if d := cmp.Diff(map[string]any{"object": "list", "url": "/v1/refunds", "has_more": false, "data": []any{}}, got); d != "" {
		t.Error(d)
	}
}
