package stripe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
)

func TestACustomerComesWithBalanceAndDefaultCard(t *testing.T) {
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{
		ID: "cus_1", Name: "Maria", Email: "Maria@example.com", Currency: "eur", Balance: -250,
		Delinquent: true, Card: &stripeapi.Card{Brand: "amex", Last4: "0005", ExpMonth: 1, ExpYear: 2027},
	})
	got, err := b.Customer(t.Context(), "cus_1")
	want := stripe.Customer{
		ID: "cus_1", Name: "Maria", Email: "Maria@example.com", Balance: eur(-250), Currency: "eur", Delinquent: true, Created: start(),
		Card: &stripe.Card{Brand: "amex", Last4: "0005", ExpMonth: 1, ExpYear: 2027},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestACustomerThatIsGoneIsNotFound(t *testing.T) {
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_gone", Deleted: true})
	for _, id := range []string{"cus_gone", "cus_never"} {
		if _, err := b.Customer(t.Context(), id); fault.CodeOf(err) != fault.NotFound || fault.TookOf(err) != fault.No {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestOddCustomers(t *testing.T) {
	const card = `{"id":"card_1","object":"card","brand":"Visa","last4":"4242","exp_month":2,"exp_year":2030}`
	for name, c := range map[string]struct {
		body string
		want stripe.Customer
		fail bool
	}{
		"no currency":       {`{"id":"cus_1","currency":null,"balance":0}`, stripe.Customer{ID: "cus_1"}, false},
		"balance in none":   {`{"id":"cus_1","currency":null,"balance":5}`, stripe.Customer{}, true},
		"unknown currency":  {`{"id":"cus_1","currency":"zzz"}`, stripe.Customer{}, true},
		"yen":               {`{"id":"cus_1","currency":"jpy","balance":-1200}`, stripe.Customer{ID: "cus_1", Balance: money.Of(-1200, "jpy"), Currency: "jpy"}, false},
		"empty":             {`{}`, stripe.Customer{}, true},
		"card of old":       {`{"id":"cus_1","default_source":` + card + `}`, stripe.Customer{ID: "cus_1", Card: &stripe.Card{Brand: "Visa", Last4: "4242", ExpMonth: 2, ExpYear: 2030}}, false},
		"source is no card": {`{"id":"cus_1","default_source":"src_1","invoice_settings":{"default_payment_method":"pm_1"}}`, stripe.Customer{ID: "cus_1"}, false},
	} {
		h, _ := answering(200, c.body)
		client, _ := against(t, h)
		got, err := client.Customer(t.Context(), "cus_1")
		if (err != nil) != c.fail {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); err == nil && d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestCustomersAreFoundByTheirAddressInAnyCase(t *testing.T) {
	b := newBench(t)
	for id, email := range map[string]string{"cus_b": "Jane@Example.com", "cus_a": "jane@example.com", "cus_c": "JANE@example.com", "cus_d": "jane@example.org", "cus_k": "kim@example.com"} {
		b.account.AddCustomer(stripeapi.Customer{ID: id, Email: email})
	}
	for email, want := range map[string]string{
		"Jane@Example.com":       "cus_a cus_b cus_c",
		"jane@example.com":       "cus_a cus_b cus_c",
		"JANE@example.com":       "cus_a cus_b cus_c",
		"nobody@example.com":     "",
		"KIM@example.com":        "cus_k",
		"\u212aim@example.com":   "", // the Kelvin sign, which becomes a k in Unicode's lower case
		"jane+x@example.com":     "",
		"a&limit=1@example.com":  "",
		`x"OR"a@example.com`:     "",
		`jane@example.com\`:      "",
		`jane@example.com"`:      "",
		`"-email:"x@example.com`: "",
	} {
		if got := b.idsByEmail(t, email); got != want {
			t.Errorf("%s: %s; want %s", email, got, want)
		}
	}
}

func TestCustomersAreFoundWhereSearchLagsOrIsMissing(t *testing.T) {
	b := newBench(t)
	b.account.SetSearchLag(time.Hour)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_new", Email: "jane@example.com"})
	if got := b.idsByEmail(t, "Jane@example.com"); got != "cus_new" {
		t.Errorf("search lags: %s", got)
	}
	if err := b.account.Desk.Inject(control.Fault{Path: "/v1/customers/search", Kind: control.ErrorBefore, Status: 400}); err != nil {
		t.Fatal(err)
	}
	if got := b.idsByEmail(t, "jane@example.com"); got != "cus_new" {
		t.Errorf("no search: %s", got)
	}
	if err := b.account.Desk.Inject(control.Fault{Path: "/v1/customers/search", Kind: control.ErrorBefore, Times: -1}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.CustomersByEmail(t.Context(), "jane@example.com"); fault.CodeOf(err) != fault.Upstream {
		t.Errorf("a failing search: %v, %v", got, err)
	}
}

func (b *bench) idsByEmail(t *testing.T, email string) string {
	t.Helper()
	got, err := b.CustomersByEmail(t.Context(), email)
	if err != nil || got == nil {
		t.Fatalf("%s: %v, %v", email, got, err)
	}
	var ids []string
	for _, c := range got {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, " ")
}

func TestManyCustomersOfOneAddressAreAllFound(t *testing.T) {
	b := newBench(t)
	for i := range 150 {
		b.account.AddCustomer(stripeapi.Customer{ID: fmt.Sprintf("cus_%03d", i), Email: "a@b.c"})
	}
	if got, err := b.CustomersByEmail(t.Context(), "a@b.c"); err != nil || len(got) != 150 || got[149].ID != "cus_149" {
		t.Errorf("%d, %v", len(got), err)
	}
}

func TestWhatIsNoAddressAsksNothing(t *testing.T) {
	b := newBench(t)
	for _, email := range []string{"", "@", "jane", "jane@", "@example.com", "jane @example.com", "jane@example.com\n", "a@" + strings.Repeat("b", 600)} {
		if _, err := b.CustomersByEmail(t.Context(), email); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", email, err)
		}
	}
	if n := b.asked("GET"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestIDsOfAWrongKindAskNothing(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	for id, says := range map[string]string{
		"":                               "this is no charge id",
		"ch_":                            "this is no charge id",
		"ch_1/../customers":              "this is no charge id",
		"ch_1?expand[]=x":                "this is no charge id",
		"ch_é":                           "this is no charge id",
		"xx_1":                           "this is no charge id",
		"ch_" + strings.Repeat("a", 300): "this is no charge id",
		"pi_1":                           "pi_1 is the id of a payment intent, not of a charge",
		"cus_1":                          "cus_1 is the id of a customer, not of a charge",
		"re_1":                           "re_1 is the id of a refund, not of a charge",
		"pyr_1":                          "pyr_1 is the id of a refund, not of a charge",
	} {
		_, err := b.Charge(ctx, id)
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) || len(err.Error()) > 120 {
			t.Errorf("%q: %v", id, err)
		}
	}
	_, err1 := b.Customer(ctx, "ch_1")
	_, err2 := b.ChargeOfPaymentIntent(ctx, "ch_1")
	_, err3 := b.Charges(ctx, "ch_1", "", 1)
	_, err4 := b.Subscriptions(ctx, "sub_1")
	for _, err := range []error{err1, err2, err3, err4} {
		if fault.CodeOf(err) != fault.Invalid || fault.TookOf(err) != fault.No {
			t.Error(err)
		}
	}
	if n := b.asked("GET"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestPyChargesAreCharges(t *testing.T) {
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_1"})
	b.account.AddCharge(stripeapi.Charge{ID: "py_1", Customer: "cus_1", Amount: 5})
	if got, err := b.Charge(t.Context(), "py_1"); err != nil || got.ID != "py_1" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRunningSubscriptionsAreTold(t *testing.T) {
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_1", Card: &stripeapi.Card{Last4: "1881"}})
	b.account.AddProduct(stripeapi.Product{ID: "prod_pro", Name: "Pro"})
	b.account.AddProduct(stripeapi.Product{ID: "prod_seat", Name: "Extra seat"})
	b.account.AddPrice(stripeapi.Price{ID: "price_pro", Product: "prod_pro", Amount: 2900, Currency: "eur", Interval: "month"})
	b.account.AddPrice(stripeapi.Price{ID: "price_seat", Product: "prod_seat", Amount: 500, Currency: "eur", Interval: "month"})
	b.account.AddPrice(stripeapi.Price{ID: "price_q", Product: "prod_lost", Nickname: "Quarterly", Amount: 1000, Currency: "jpy", Interval: "month", IntervalCount: 3})
	add := func(id, status string, s stripeapi.Subscription) {
		s.ID, s.Customer, s.Status = id, "cus_1", status
		if s.Items == nil {
			s.Items = []stripeapi.Item{{Price: "price_pro"}}
		}
		b.account.AddSubscription(s)
	}
	for _, status := range []string{"active", "past_due", "unpaid", "paused", "canceled", "incomplete", "incomplete_expired"} {
		add("sub_"+status, status, stripeapi.Subscription{Created: start().Add(-time.Hour)})
	}
	trial := start().AddDate(0, 0, 14)
	add("sub_trial", "trialing", stripeapi.Subscription{
		TrialEnd: trial, Created: start(), CancelAtPeriodEnd: true,
		Items: []stripeapi.Item{{Price: "price_pro"}, {Price: "price_seat", Quantity: 3}}, PaymentMethod: "pm_1",
	})
	add("sub_q", "active", stripeapi.Subscription{Items: []stripeapi.Item{{Price: "price_q"}}, Created: start().Add(-time.Minute)})
	got, err := b.Subscriptions(t.Context(), "cus_1")
	if err != nil || len(got) != 6 {
		t.Fatalf("%+v, %v", got, err)
	}
	visa := &stripe.Card{Brand: "visa", Last4: "1881", ExpMonth: 12, ExpYear: 2034}
	want := stripe.Subscription{
		ID: "sub_trial", Customer: "cus_1", EndsAt: trial, Status: "trialing", Plan: "Pro + Extra seat", Amount: eur(4400), Interval: "month",
		PeriodEnd: trial, CancelAtPeriodEnd: true, TrialEnd: trial, Card: visa,
	}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Error(d)
	}
	if q := got[1]; q.ID != "sub_q" || q.Plan != "Quarterly" || q.Interval != "3 months" || q.Amount != money.Of(1000, "jpy") || q.CancelAtPeriodEnd {
		t.Errorf("%+v", q)
	}
	for _, s := range got[2:] {
		if s.Plan != "Pro" || s.Amount != eur(2900) || s.PeriodEnd.IsZero() || !s.TrialEnd.IsZero() {
			t.Errorf("%+v", s)
		}
	}
}

func TestAPriceThatIsNotFixedHasNoAmount(t *testing.T) {
	const price = `"id":"price_1","product":"prod_1","currency":"eur","unit_amount":500,"unit_amount_decimal":"500","billing_scheme":"per_unit"`
	const licensed = `,"recurring":{"interval":"month","interval_count":1,"usage_type":"licensed"}`
	for name, c := range map[string]struct {
		items string
		want  money.Money
	}{
		"fixed":          {`[{"quantity":2,"price":{` + price + licensed + `}}]`, eur(1000)},
		"free":           {`[{"quantity":2,"price":{"id":"price_1","product":"prod_1","currency":"eur","unit_amount":0,"unit_amount_decimal":"0","billing_scheme":"per_unit"` + licensed + `}}]`, eur(0)},
		"metered":        {`[{"price":{` + price + strings.Replace(licensed, "licensed", "metered", 1) + `}}]`, money.Money{}},
		"tiered":         {`[{"quantity":2,"price":{` + strings.Replace(price, "per_unit", "tiered", 1) + licensed + `}}]`, money.Money{}},
		"part of a cent": {`[{"quantity":2,"price":{"id":"price_1","product":"prod_1","currency":"eur","unit_amount":null,"unit_amount_decimal":"0.5","billing_scheme":"per_unit"` + licensed + `}}]`, money.Money{}},
		"no price":       {`[{"quantity":2,"price":null}]`, money.Money{}},
		"null item":      {`[null]`, money.Money{}},
		"two currencies": {`[{"quantity":1,"price":{` + price + licensed + `}},{"quantity":1,"price":{` + strings.Replace(price, "eur", "usd", 1) + licensed + `}}]`, money.Money{}},
	} {
		h, _ := answering(200, `{"url":"/v1/x","data":[{"id":"sub_1","status":"active","items":{"data":`+c.items+`}}],"name":"Pro"}`)
		client, _ := against(t, h)
		got, err := client.Subscriptions(t.Context(), "cus_1")
		if err != nil || len(got) != 1 || got[0].Amount != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
