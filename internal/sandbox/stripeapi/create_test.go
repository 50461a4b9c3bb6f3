package stripeapi_test

import (
	"net/http"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

// made is the id of what a request has made.
func (w *world) made(path, form string) string {
	w.t.Helper()
	r := w.send(http.MethodPost, path, form)
	id, _ := r.body["id"].(string)
	if r.status != http.StatusOK || id == "" {
		w.t.Fatalf("POST %s %s: %d %v", path, form, r.status, r.body)
	}
	return id
}

func TestAnAccountIsFilledThroughTheAPIAndPaysAtOnce(t *testing.T) {
	w := newWorld(t)
	customer := w.made("/v1/customers", "email=new@example.com&payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa")
	price := w.made("/v1/prices", "product="+w.made("/v1/products", "name=Team")+"&unit_amount=3000&currency=eur&recurring[interval]=month")
	sub := w.made("/v1/subscriptions", "customer="+customer+"&items[0][price]="+price+"&payment_behavior=error_if_incomplete")
	first := w.stripe.Invoices.List(&stripe.InvoiceListParams{Subscription: &sub}).InvoiceList()
	if len(first.Data) != 1 || first.Data[0].AmountPaid != 3000 || first.Data[0].BillingReason != stripe.InvoiceBillingReasonSubscriptionCreate || first.Data[0].Charge == nil {
		t.Fatalf("%+v", first.Data)
	}
	c, err := w.stripe.Customers.Get(customer, nil)
	if err != nil || c.Currency != stripe.CurrencyEUR || c.InvoiceSettings.DefaultPaymentMethod == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	intent := w.send(http.MethodPost, "/v1/payment_intents", "amount=500&currency=eur&confirm=true&customer="+customer+"&payment_method="+c.InvoiceSettings.DefaultPaymentMethod.ID)
	if intent.body["status"] != "succeeded" || intent.body["latest_charge"] == nil {
		t.Errorf("%v", intent.body)
	}
	w.made("/v1/invoiceitems", "customer="+customer+"&amount=700&currency=eur")
	invoice := w.made("/v1/invoices", "customer="+customer+"&pending_invoice_items_behavior=include")
	for _, step := range []struct {
		call   string
		status int
		is     any
	}{{"pay", 400, nil}, {"finalize", 200, "open"}, {"finalize", 400, nil}, {"pay", 200, "paid"}, {"void", 400, nil}} {
		if r := w.send(http.MethodPost, "/v1/invoices/"+invoice+"/"+step.call, ""); r.status != step.status || r.body["status"] != step.is {
			t.Errorf("%s: %d %v", step.call, r.status, r.body)
		}
	}
}

func TestAnAccountIsClearedThroughTheAPI(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	coupon := w.made("/v1/coupons", "percent_off=10&duration=once")
	code := w.made("/v1/promotion_codes", "coupon="+coupon+"&code=TEN")
	for _, c := range []struct{ method, path, form string }{
		{http.MethodDelete, "/v1/customers/cus_maria", ""},
		{http.MethodDelete, "/v1/coupons/" + coupon, ""},
		{http.MethodPost, "/v1/promotion_codes/" + code, "active=false"},
		{http.MethodPost, "/v1/products/prod_team", "active=false"},
		{http.MethodPost, "/v1/prices/price_team", "active=false"},
	} {
		if r := w.send(c.method, c.path, c.form); r.status != http.StatusOK || r.body["active"] == true || c.method == http.MethodDelete && r.body["deleted"] != true {
			t.Errorf("%s %s: %d %v", c.method, c.path, r.status, r.body)
		}
		if r := w.send(c.method, c.path, c.form); c.method == http.MethodDelete && r.status != http.StatusNotFound {
			t.Errorf("%s %s a second time: %d", c.method, c.path, r.status)
		}
	}
	if sub, _ := w.Subscription("sub_maria"); sub.Status != "canceled" {
		t.Errorf("the subscription of a customer who is gone is %s", sub.Status)
	}
}

func TestWhatAnAccountCannotBeFilledWithIsRefused(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	w.AddCustomer(stripeapi.Customer{ID: "cus_bare"})
	w.AddCustomer(stripeapi.Customer{ID: "cus_poor", Card: &stripeapi.Card{Declines: "insufficient_funds"}})
	for _, c := range []struct {
		path, form string
		status     int
		code       string
	}{
		{"/v1/customers", "invoice_settings[default_payment_method]=pm_card_visa", 400, ""},
		{"/v1/customers", "payment_method=pm_nobodys", 400, "resource_missing"},
		{"/v1/products", "", 400, "parameter_missing"},
		{"/v1/prices", "product=prod_team", 400, "parameter_missing"},
		{"/v1/subscriptions", "customer=cus_maria", 400, "parameter_missing"},
		{"/v1/subscriptions", "customer=cus_bare&items[0][price]=price_team", 400, "resource_missing"},
		{"/v1/subscriptions", "customer=cus_poor&items[0][price]=price_team", 402, "card_declined"},
		{"/v1/payment_intents", "amount=500&currency=eur&customer=cus_maria", 400, ""},
		{"/v1/payment_intents", "amount=500&currency=eur&customer=cus_poor&payment_method=pm_poor&confirm=true", 402, "card_declined"},
		{"/v1/payment_intents", "currency=eur&confirm=true&payment_method=pm_maria", 400, "parameter_missing"},
		{"/v1/coupons", "percent_off=10&amount_off=5&currency=eur", 400, ""},
		{"/v1/coupons", "amount_off=5", 400, ""},
		{"/v1/promotion_codes", "code=X", 400, "parameter_missing"},
		{"/v1/invoiceitems", "amount=5", 400, "parameter_missing"},
		{"/v1/invoices", "", 400, "parameter_missing"},
		{"/v1/invoices/in_none/void", "", 404, "resource_missing"},
		{"/v1/products/prod_none", "active=false", 404, "resource_missing"},
		{"/v1/prices/price_none", "active=false", 404, "resource_missing"},
		{"/v1/promotion_codes/promo_none", "active=false", 404, "resource_missing"},
	} {
		if r := w.send(http.MethodPost, c.path, c.form); r.status != c.status || r.trouble("code") != c.code {
			t.Errorf("%s %s: %d %v", c.path, c.form, r.status, r.body)
		}
	}
}
