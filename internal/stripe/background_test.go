package stripe_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
)

func TestTheBackgroundOfACustomer(t *testing.T) {
	b := newBench(t)
	b.account.AddProduct(stripeapi.Product{ID: "prod_1", Name: "Notes"})
	b.account.AddPrice(stripeapi.Price{ID: "price_month", Product: "prod_1", Nickname: "Pro monthly", Amount: 2000, Currency: "eur", Interval: "month"})
	b.account.AddPrice(stripeapi.Price{ID: "price_year", Product: "prod_1", Amount: 20000, Currency: "eur", Interval: "year"})
	b.account.AddCustomer(stripeapi.Customer{
		ID: "cus_1", Card: &stripeapi.Card{Country: "DE"}, Created: start().Add(-48 * time.Hour), Metadata: map[string]string{"segment": "small", "seats": "3"},
	})
	b.account.AddSubscription(stripeapi.Subscription{ID: "sub_1", Customer: "cus_1", Items: []stripeapi.Item{{Price: "price_month"}}, Metadata: map[string]string{"segment": "enterprise"}})
	b.account.AddSubscription(stripeapi.Subscription{ID: "sub_2", Customer: "cus_1", Items: []stripeapi.Item{{Price: "price_year"}}, Metadata: map[string]string{"seats": "3"}})
	b.account.AddSubscription(stripeapi.Subscription{ID: "sub_3", Customer: "cus_1", Items: []stripeapi.Item{{Price: "price_year"}}, Status: "canceled", Metadata: map[string]string{"gone": "yes"}})
	itself := stripe.Background{Customer: "cus_1", Since: start().Add(-48 * time.Hour), Country: "DE", Metadata: map[string]string{"segment": "small", "seats": "3"}}
	all := itself
	all.Mixed = []string{"segment"}
	all.Plans, all.Intervals, all.Products = []string{"Pro monthly", "price_month", "price_year"}, []string{"month", "year"}, []string{"Notes", "prod_1"}
	for _, c := range []struct {
		itself, subscriptions bool
		want                  stripe.Background
	}{{true, true, all}, {true, false, itself}} {
		got, err := b.Background(t.Context(), "cus_1", c.itself, c.subscriptions)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Error(d, err)
		}
	}
	got, err := b.Background(t.Context(), "cus_1", false, true)
	if err != nil || !got.Since.IsZero() || got.Country != "" || len(got.Plans) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := b.Background(t.Context(), "cus_2", true, true); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

func TestTheCountryOfACustomerIsTheFirstThatIsTold(t *testing.T) {
	const billing = `"invoice_settings":{"default_payment_method":{"id":"pm_1","object":"payment_method","billing_details":{"address":{"country":"AT"}},"card":{"country":"US"}}}`
	for body, want := range map[string]string{
		`{"id":"cus_1","address":{"country":"DE"},` + billing + `}`:                                                                    "DE",
		`{"id":"cus_1","address":{"country":null},` + billing + `}`:                                                                    "AT",
		`{"id":"cus_1","invoice_settings":{"default_payment_method":{"id":"pm_1","object":"payment_method","card":{"country":"US"}}}}`: "US",
		`{"id":"cus_1","default_source":{"id":"card_1","object":"card","country":"NO"}}`:                                               "NO",
		`{"id":"cus_1"}`: "",
	} {
		h, _ := answering(http.StatusOK, body)
		client, _ := against(t, h)
		if got, err := client.Background(t.Context(), "cus_1", true, false); err != nil || got.Country != want {
			t.Errorf("%s: %q, %v", body, got.Country, err)
		}
	}
}

func TestCustomersAreFoundByTheirMetadata(t *testing.T) {
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_2", Metadata: map[string]string{"user_id": "u-1"}})
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_1", Metadata: map[string]string{"user_id": "u-1"}})
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_3", Metadata: map[string]string{"user_id": "U-1"}})
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_4", Metadata: map[string]string{"user_id": `u" OR email:"a@b.example`}})
	for value, want := range map[string][]string{
		"u-1":                            {"cus_1", "cus_2"},
		`u" OR email:"a@b.example`:       {"cus_4"},
		`x" OR metadata["user_id"]:"u-1`: {},
		"u-2":                            {},
	} {
		found, err := b.CustomersByMetadata(t.Context(), "user_id", value)
		got := []string{}
		for _, c := range found {
			got = append(got, c.ID)
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %s, %v", value, d, err)
		}
	}
	for _, c := range [][2]string{{"", "u-1"}, {"user_id", ""}} {
		if _, err := b.CustomersByMetadata(t.Context(), c[0], c[1]); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// Search may find what only resembles the value; nobody gets a customer by that.
func TestACustomerOfAnotherValueIsNotFound(t *testing.T) {
	h, _ := answering(http.StatusOK, `{"object":"search_result","url":"/v1/customers/search","has_more":false,"data":[{"id":"cus_1","metadata":{"user_id":"U-1"}}]}`)
	client, _ := against(t, h)
	if found, err := client.CustomersByMetadata(t.Context(), "user_id", "u-1"); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestOnlyAnAssessedRiskIsKnown(t *testing.T) {
	for level, want := range map[string]string{"normal": "normal", "elevated": "elevated", "highest": "highest", "not_assessed": "", "unknown": "", "new": ""} {
		b := newBench(t)
		b.account.AddCharge(stripeapi.Charge{ID: "ch_1", Amount: 100, Currency: "eur", Outcome: stripeapi.Outcome{RiskLevel: level}})
		if got, err := b.Charge(t.Context(), "ch_1"); err != nil || got.Risk != want {
			t.Errorf("%s: %q, %v", level, got.Risk, err)
		}
	}
}
