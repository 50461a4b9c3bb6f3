package stripeapi_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

func TestExpansion(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	for _, c := range []struct{ path, expand, at, want string }{
		{"/v1/charges/ch_maria_2", "customer", "customer.email", "Maria@example.com"},
		{"/v1/charges/ch_maria_2", "dispute", "dispute.status", "warning_needs_response"},
		{"/v1/charges/ch_maria_2", "invoice.subscription.latest_invoice", "invoice.subscription.latest_invoice.id", "in_maria"},
		{"/v1/charges/ch_maria_2", "balance_transaction", "balance_transaction.type", "charge"},
		{"/v1/charges/ch_maria_2", "refunds", "refunds.data.0.id", "re_maria"},
		{"/v1/charges/ch_maria_2", "refunds.data.charge", "refunds.data.0.charge.id", "ch_maria_2"},
		{"/v1/charges/ch_maria_1", "dispute", "dispute", ""},
		{"/v1/charges", "data.dispute", "data.0.dispute.id", "dp_maria"},
		{"/v1/charges", "data.refunds", "data.0.refunds.data.0.id", "re_maria"},
		{"/v1/charges", "data.payment_intent.latest_charge", "data.1.payment_intent.latest_charge.id", "ch_maria_2"},
		{"/v1/payment_intents/pi_maria", "latest_charge.dispute", "latest_charge.dispute.id", "dp_maria"},
		{"/v1/refunds/re_maria", "charge", "charge.id", "ch_maria_2"},
		{"/v1/refunds/re_maria", "balance_transaction", "balance_transaction.source", "re_maria"},
		{"/v1/disputes/dp_maria", "payment_intent", "payment_intent.id", "pi_maria"},
		{"/v1/customers/cus_maria", "invoice_settings.default_payment_method", "invoice_settings.default_payment_method.card.last4", "4444"},
		{"/v1/customers/cus_maria", "subscriptions", "subscriptions.data.0.id", "sub_maria"},
		{"/v1/customers", "data.subscriptions.data.latest_invoice", "data.0.subscriptions.data.0.latest_invoice.id", "in_maria"},
		{"/v1/subscriptions/sub_maria", "items.data.price.product", "items.data.0.price.product.name", "Team"},
		{"/v1/subscriptions/sub_maria", "items", "items.data.0.id", "si_maria"},
		{"/v1/subscriptions", "data.default_payment_method", "data.0.default_payment_method.id", "pm_maria"},
		{"/v1/subscriptions", "data.latest_invoice.charge", "data.0.latest_invoice.charge.id", "ch_maria_2"},
		{"/v1/invoices/in_maria", "lines.data.price.product", "lines.data.0.price.product.id", "prod_team"},
		{"/v1/invoices/in_maria", "payment_intent", "payment_intent.status", "succeeded"},
		{"/v1/prices/price_team", "product", "product.name", "Team"},
		{"/v1/payment_methods/pm_maria", "customer", "customer.name", "Maria Silva"},
		{"/v1/customers/search?query=" + url.QueryEscape("name:'Maria Silva'"), "data.invoice_settings.default_payment_method", "data.0.invoice_settings.default_payment_method.id", "pm_maria"},
	} {
		sep := "?"
		if strings.Contains(c.path, "?") {
			sep = "&"
		}
		for _, form := range []string{"expand[]=", "expand[0]=", "expand%5B7%5D="} {
			got := w.send("GET", c.path+sep+form+c.expand, "")
			if v := at(got.body, c.at); v != c.want || got.status != 200 {
				t.Errorf("%s %s%s: %d, %s is %q", c.path, form, c.expand, got.status, c.at, v)
			}
		}
	}
}

// at follows a path of names and indexes to a text; "" when there is none.
func at(v any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			if i := int(step[0] - '0'); i < len(node) {
				v = node[i]
			} else {
				return ""
			}
		}
	}
	s, _ := v.(string)
	return s
}

func TestExpansionIsRefused(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	for _, c := range []struct{ path, expand, code, message string }{
		{"/v1/charges/ch_maria_2", "nonsense", "", "This property cannot be expanded (nonsense)."},
		{"/v1/charges/ch_maria_2", "amount", "", "cannot be expanded (amount)"},
		{"/v1/charges/ch_maria_2", "customer.name", "", "cannot be expanded (customer.name)"},
		{"/v1/charges/ch_maria_2", "", "", "cannot be expanded ()"},
		{"/v1/charges/ch_maria_2", "customer..email", "", "cannot be expanded"},
		{"/v1/charges", "customer", "", "You may want to try expanding 'data.customer' instead."},
		{"/v1/charges", "data", "", "cannot be expanded (data)"},
		{"/v1/customers/cus_maria", "invoice_settings", "", "cannot be expanded (invoice_settings)"},
		{"/v1/subscriptions", "data.items.data.price.product", "property_expansion_max_depth", "more than 4 levels of a property. Property: data.items.data.price.product"},
		{"/v1/charges/ch_maria_2", strings.Repeat("customer.", 10000) + "x", "property_expansion_max_depth", "more than 4 levels"},
	} {
		got := w.send("GET", c.path+"?expand[]="+c.expand, "")
		if got.status != 400 || got.trouble("code") != c.code || !strings.Contains(got.trouble("message"), c.message) {
			t.Errorf("%s %.40s: %d %.200v", c.path, c.expand, got.status, got.body)
		}
	}
}

func TestExpansionOfAWriteIsCheckedBeforeTheWrite(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	if got := w.send("POST", "/v1/refunds", "charge=ch&expand[]=chrage"); got.status != 400 || len(w.Refunds()) != 0 {
		t.Errorf("%d with %d refunds", got.status, len(w.Refunds()))
	}
	params := &stripe.RefundParams{Charge: stripe.String("ch"), Amount: stripe.Int64(400)}
	params.AddExpand("charge")
	r, err := w.stripe.Refunds.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if r.Charge.AmountRefunded != 400 {
		t.Errorf("the expanded charge is of before the refund: %d", r.Charge.AmountRefunded)
	}
}

func TestUnknownReferenceStaysAnID(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Customer: "cus_elsewhere", Amount: 1000})
	if got := w.send("GET", "/v1/charges/ch?expand[]=customer", "").body["customer"]; got != "cus_elsewhere" {
		t.Errorf("%v", got)
	}
}
