package stripeapi_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
)

func TestKeys(t *testing.T) {
	w := newWorld(t)
	basic := func(user string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(user)) }
	for header, want := range map[string]struct {
		status  int
		message string
	}{
		"Bearer sk_test_0123456789":     {200, ""},
		"bearer rk_test_0123456789":     {200, ""},
		basic("sk_test_0123456789:"):    {200, ""},
		basic("sk_test_0123456789:pwd"): {200, ""},
		"Bearer sk_live_0123456789abcd": {401, "Invalid API Key provided: sk_live_**********abcd"},
		"Bearer rk_live_0123456789":     {401, "Invalid API Key provided: rk_live_******6789"},
		"Bearer pk_test_0123456789":     {401, "Invalid API Key provided"},
		"Bearer sk_test_":               {401, "Invalid API Key provided: ********"},
		"Bearer hunter2":                {401, "Invalid API Key provided: *******"},
		basic("hunter2hunter2hunter2:"): {401, "Invalid API Key provided: hunter2h*********ter2"},
		"Bearer ":                       {401, "You did not provide an API key"},
		"Token sk_test_0123456789":      {401, "You did not provide an API key"},
		"":                              {401, "You did not provide an API key"},
	} {
		got := w.send("GET", "/v1/account", "", "Authorization", header)
		if got.status != want.status || !strings.HasPrefix(got.trouble("message"), want.message) {
			t.Errorf("%q: %d %v", header, got.status, got.body)
		}
		if got.status == 401 && (got.trouble("type") != "invalid_request_error" || got.header.Get("Request-Id") == "") {
			t.Errorf("%q: %v", header, got.body)
		}
	}
}

func TestRestrictedKeyIsToldWhatItLacks(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	w.Restrict("rk_test_support_0001", "charge_write", "dispute_read")
	poor := w.clientWith("rk_test_support_0001")
	_, err := poor.Refunds.New(&stripe.RefundParams{Charge: stripe.String("ch")})
	if e := stripeError(t, err); e.HTTPStatusCode != 403 || !strings.Contains(e.Msg, "'rak_charge_write'") || strings.Contains(e.Msg, "support") {
		t.Errorf("%+v", e)
	}
	_, err = poor.Disputes.Get("dp", nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 403 || !strings.Contains(e.Msg, "'rak_dispute_read'") {
		t.Errorf("%+v", e)
	}
	if _, err := poor.Refunds.Get("re_none", nil); stripeError(t, err).HTTPStatusCode != 404 {
		t.Errorf("reading refunds was not taken away: %v", err)
	}
	if len(w.Refunds()) != 0 {
		t.Error("refunded without permission")
	}
	if _, err := w.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String("ch")}); err != nil {
		t.Errorf("another key: %v", err)
	}
}

func TestUnknownObjectsAreMissing(t *testing.T) {
	w := newWorld(t)
	for path, noun := range map[string]string{
		"customers": "customer", "charges": "charge", "payment_intents": "payment_intent", "refunds": "refund",
		"disputes": "dispute", "subscriptions": "subscription", "invoices": "invoice", "products": "product",
		"prices": "price", "payment_methods": "PaymentMethod",
	} {
		got := w.send("GET", "/v1/"+path+"/x_1", "")
		if got.status != 404 || got.trouble("code") != "resource_missing" || got.trouble("param") != "id" || got.trouble("message") != "No such "+noun+": 'x_1'" {
			t.Errorf("%s: %d %v", path, got.status, got.body)
		}
	}
}

func TestUnrecognizedURLs(t *testing.T) {
	w := newWorld(t)
	for path, method := range map[string]string{
		"/v1/transfers": "GET", "/v1/charges/ch/capture": "POST", "/v1/charges": "DELETE", "/v2/charges": "GET", "/": "GET", "/v1/customers/": "GET",
	} {
		got := w.send(method, path, "")
		want := "Unrecognized request URL (" + method + ": " + path + ")."
		if got.status != 404 || got.trouble("message") != want || got.trouble("type") != "invalid_request_error" {
			t.Errorf("%s %s: %d %v", method, path, got.status, got.body)
		}
	}
}

func TestHostileRequestsAreRefusedInStripesForm(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	for _, c := range []struct{ method, path, form string }{
		{"GET", "/v1/charges?limit=%zz", ""},
		{"GET", "/v1/charges/..%2fcustomers", ""},
		{"GET", "/v1/charges/%00", ""},
		{"GET", "/v1/charges/" + strings.Repeat("x", 4000), ""},
		{"GET", "/v1/charges?expand=customer", ""},
		{"GET", "/v1/charges?[]=x", ""},
		{"POST", "/v1/refunds", "charge=ch&%zz=1"},
		{"POST", "/v1/refunds", `{"charge":"ch"}`},
		{"POST", "/v1/refunds", "charge[id]=ch"},
		{"POST", "/v1/refunds", "charge=ch;amount=5"},
		{"POST", "/v1/refunds", "charge=ch&metadata=x"},
		{"POST", "/v1/refunds", "charge=ch&metadata[]=x"},
		{"POST", "/v1/refunds", "charge=ch&metadata[" + strings.Repeat("k", 41) + "]=x"},
		{"POST", "/v1/refunds", "charge=ch&metadata[k]=" + strings.Repeat("v", 501)},
		{"POST", "/v1/refunds", "charge=ch&amount=1e3"},
		{"POST", "/v1/refunds", "charge=ch&amount=%C3%97"},
		{"POST", "/v1/refunds", "charge=%00"},
	} {
		got := w.send(c.method, c.path, c.form)
		if got.status != 400 && got.status != 404 || got.trouble("type") != "invalid_request_error" || got.trouble("message") == "" {
			t.Errorf("%s %.60s %.60s: %d %v", c.method, c.path, c.form, got.status, got.body)
		}
	}
	if len(w.Refunds()) != 0 {
		t.Error("a hostile request made a refund")
	}
}

func TestLastOfRepeatedParametersCounts(t *testing.T) {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	if got := w.send("POST", "/v1/refunds", "charge=ch&amount=5&amount=7"); got.body["amount"] != float64(7) {
		t.Errorf("%v", got.body)
	}
}

func TestEveryAnswerHasItsRequestID(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, path := range []string{"/v1/account", "/v1/charges", "/v1/charges/none", "/nowhere"} {
		got := w.send("GET", path, "")
		id := got.header.Get("Request-Id")
		if !strings.HasPrefix(id, "req_") || seen[id] || got.header.Get("Stripe-Version") != "2023-10-16" {
			t.Errorf("%s: %v", path, got.header)
		}
		seen[id] = true
	}
	if !seen["req_000001"] || !seen["req_000004"] {
		t.Errorf("request ids are not counted: %v", seen)
	}
}

func TestFaultsSpeakStripe(t *testing.T) {
	for _, c := range []struct {
		fault  control.Fault
		status int
		code   stripe.ErrorCode
		kind   stripe.ErrorType
	}{
		{control.Fault{Kind: control.RateLimit}, 429, stripe.ErrorCodeRateLimit, stripe.ErrorTypeInvalidRequest},
		{control.Fault{Kind: control.ErrorBefore, Status: http.StatusLocked}, 429, stripe.ErrorCodeLockTimeout, stripe.ErrorTypeInvalidRequest},
		{control.Fault{Kind: control.ErrorBefore}, 500, "", stripe.ErrorTypeAPI},
		{control.Fault{Kind: control.ErrorAfter, Status: 503}, 503, "", stripe.ErrorTypeAPI},
	} {
		w := newWorld(t)
		c.fault.Path = "/v1/charges/*"
		inject(t, w, c.fault)
		if _, err := w.stripe.Accounts.Get(); err != nil {
			t.Errorf("%v hit another path: %v", c.fault, err)
		}
		_, err := w.stripe.Charges.Get("ch", nil)
		if e := stripeError(t, err); e.HTTPStatusCode != c.status || e.Code != c.code || e.Type != c.kind || e.RequestID == "" {
			t.Errorf("%v: %+v", c.fault, e)
		}
	}
}

func TestControlIsServedBesideTheAPI(t *testing.T) {
	w := newWorld(t)
	w.send("POST", "/_sandbox/clock", `{"advance":"24h"}`)
	if got := w.clock.Now().Sub(start()); got != 24*time.Hour {
		t.Errorf("the clock moved by %v", got)
	}
	w.send("POST", "/_sandbox/faults", `{"kind":"error_before","path":"/v1/account"}`)
	if got := w.send("GET", "/v1/account", ""); got.status != 500 {
		t.Errorf("%d", got.status)
	}
	if got := w.Desk.Requests(); len(got) != 1 || got[0].Path != "/v1/account" {
		t.Errorf("requests: %+v", got)
	}
}
