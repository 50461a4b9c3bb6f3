package stripeapi_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
)

const testKey = "sk_test_sandbox_0123456789"

// start is when the sandbox's clock begins in tests.
func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// world is an account behind a real HTTP server, with Stripe's own client for it.
type world struct {
	*stripeapi.Server

	t      *testing.T
	url    string
	clock  *control.Clock
	stripe *client.API
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := control.NewClock(start)
	s := stripeapi.New(clock)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	w := &world{Server: s, t: t, url: srv.URL, clock: clock}
	w.stripe = w.clientWith(testKey)
	return w
}

// clientWith is stripe-go as it comes, but for retries, which would hide faults.
func (w *world) clientWith(key string) *client.API {
	b := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(w.url),
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return client.New(key, &stripe.Backends{API: b, Connect: b, Uploads: b})
}

// reply is an answer as it came over the wire.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// send makes a request without Stripe's client, for what the client hides or forbids.
func (w *world) send(method, path, form string, header ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(form))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := reply{status: res.StatusCode, header: res.Header}
	if err := json.Unmarshal(raw, &out.body); err != nil {
		w.t.Fatalf("%s %s: no JSON: %q", method, path, raw)
	}
	return out
}

// trouble gives a field of the error object, "" when there is none.
func (r reply) trouble(field string) string {
	e, _ := r.body["error"].(map[string]any)
	v, _ := e[field].(string)
	return v
}

// ids lists the objects of a list, in order.
func (r reply) ids() []string {
	var out []string
	data, _ := r.body["data"].([]any)
	for _, o := range data {
		id, _ := o.(map[string]any)["id"].(string)
		out = append(out, id)
	}
	return out
}

// stripeError is the error as Stripe's client reports it.
func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		t.Fatalf("want an error of Stripe's, got %v", err)
	}
	return e
}

// seedMaria gives the account a customer with a yearly plan, paid by the second
// of two charges, which was partly refunded and then inquired about.
func (w *world) seedMaria() {
	w.AddProduct(stripeapi.Product{ID: "prod_team", Name: "Team"})
	w.AddPrice(stripeapi.Price{ID: "price_team", Product: "prod_team", Nickname: "Team yearly", Amount: 12000, Currency: "eur", Interval: "year"})
	w.AddCustomer(stripeapi.Customer{
		ID: "cus_maria", Name: "Maria Silva", Email: "Maria@example.com", Phone: "+351 1", Balance: -500, Currency: "eur",
		Delinquent: true, Created: start().AddDate(0, -2, 0), Metadata: map[string]string{"intercom": "u1"},
		Card: &stripeapi.Card{Brand: "mastercard", Last4: "4444", ExpMonth: 1, ExpYear: 2027},
	})
	w.AddSubscription(stripeapi.Subscription{
		ID: "sub_maria", Customer: "cus_maria", Created: start().AddDate(0, 0, -3), PaymentMethod: "pm_maria",
		Items: []stripeapi.Item{{Price: "price_team", Quantity: 2}}, TrialEnd: time.Time{}, Metadata: map[string]string{"seats": "2"},
	})
	w.AddInvoice(stripeapi.Invoice{
		ID: "in_maria", Customer: "cus_maria", Subscription: "sub_maria", Currency: "eur", Created: start().AddDate(0, 0, -3),
		Lines: []stripeapi.Line{{
			Description: "2 × Team", Amount: 24000, Price: "price_team", Quantity: 2,
			Start: start().AddDate(0, 0, -3), End: start().AddDate(1, 0, -3),
		}},
	})
	w.AddCharge(stripeapi.Charge{
		ID: "ch_maria_1", Customer: "cus_maria", PaymentIntent: "pi_maria", Invoice: "in_maria", Amount: 24000, Currency: "eur",
		Created: start().AddDate(0, 0, -3), Status: "failed", FailureCode: "card_declined", FailureMessage: "No money.",
		Outcome: stripeapi.Outcome{Reason: "insufficient_funds", RiskLevel: "elevated"},
	})
	w.AddCharge(stripeapi.Charge{
		ID: "ch_maria_2", Customer: "cus_maria", PaymentIntent: "pi_maria", Invoice: "in_maria", Amount: 24000, Currency: "eur",
		Created: start().AddDate(0, 0, -3).Add(time.Minute), Description: "Team", ReceiptEmail: "maria@example.com",
		Metadata: map[string]string{"order": "7"},
	})
	w.AddRefund(stripeapi.Refund{
		ID: "re_maria", Charge: "ch_maria_2", Amount: 1000, Reason: "requested_by_customer", Reference: "74000001",
		Created: start().AddDate(0, 0, -1), Metadata: map[string]string{"ticket": "9"},
	})
	w.AddDispute(stripeapi.Dispute{ID: "dp_maria", Charge: "ch_maria_2", Status: "warning_needs_response", Reason: "fraudulent"})
}
