package stripeapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"supportmcp/internal/sandbox/stripeapi"
)

func kinds(all []stripeapi.Event) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.Type)
	}
	return out
}

func TestWhatHappensIsInTheFeed(t *testing.T) {
	w := monthly(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Customer: "cus", Amount: 500, Refunding: stripeapi.Course{Begin: "pending", End: "failed", After: time.Hour}})
	w.send("POST", "/v1/refunds", "charge=ch")
	w.OpenDispute(stripeapi.Dispute{ID: "dp", Charge: "ch", Status: "warning_needs_response", Closing: stripeapi.Course{End: "warning_closed", After: 2 * time.Hour}})
	w.clock.Advance(3 * time.Hour)
	want := []string{"refund.created", "charge.refunded", "charge.dispute.created", "charge.refund.updated", "refund.failed", "charge.dispute.closed"}
	if got := kinds(w.Events()); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := w.Events()[3].Created; !got.Equal(start().Add(time.Hour)) {
		t.Errorf("the refund ended at %s", got)
	}
	w.clock.Advance(aMonth)
	var recent []string
	for _, e := range w.send("GET", "/v1/events?limit=100", "").body["data"].([]any) {
		recent = append(recent, e.(map[string]any)["type"].(string))
	}
	if want := []string{"customer.subscription.updated", "invoice.paid", "charge.succeeded"}; !slices.Equal(recent, want) {
		t.Errorf("after 31 days: %v", recent)
	}
	if got := w.send("GET", "/v1/events?types[]=invoice.paid&types[]=none", "").ids(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// Stripe renders events at a version of their own: what a client of an older one
// reads in answers is not there.
func TestEventsAreRenderedAtTheirOwnVersion(t *testing.T) {
	w := monthly(t)
	w.clock.Advance(aMonth)
	it := w.stripe.Events.List(&stripe.EventListParams{})
	seen := 0
	for it.Next() {
		e := it.Event()
		o := e.Data.Object
		if e.APIVersion == stripe.APIVersion {
			t.Errorf("rendered at %s", e.APIVersion)
		}
		switch e.Type {
		case "customer.subscription.updated":
			item := o["items"].(map[string]any)["data"].([]any)[0].(map[string]any)
			if o["current_period_end"] != nil || item["current_period_end"] == nil {
				t.Errorf("%v", o)
			}
			seen++
		case "charge.succeeded":
			if _, there := o["invoice"]; there {
				t.Errorf("%v", o)
			}
			seen++
		case "invoice.paid":
			parent, _ := o["parent"].(map[string]any)
			if o["charge"] != nil || parent["subscription_details"].(map[string]any)["subscription"] != "sub" {
				t.Errorf("%v", o)
			}
			seen++
		}
	}
	if it.Err() != nil || seen != 3 {
		t.Errorf("%d events, %v", seen, it.Err())
	}
}

// inbox takes what is delivered.
type inbox struct {
	mu  sync.Mutex
	got []stripe.Event
	bad []error
}

func (b *inbox) take(secret string, version bool) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), secret,
			webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: !version, Tolerance: 1 << 62})
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			b.bad = append(b.bad, err)
			return
		}
		b.got = append(b.got, e)
	}
}

func TestEventsAreDeliveredSignedTwiceAndOutOfOrder(t *testing.T) {
	w := monthly(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Customer: "cus", Amount: 500})
	b := &inbox{}
	var handle http.HandlerFunc
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handle(rw, r) }))
	t.Cleanup(srv.Close)
	e, err := w.stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		URL: &srv.URL, EnabledEvents: []*string{stripe.String("*")}, APIVersion: stripe.String(stripe.APIVersion),
	})
	if err != nil || e.Secret == "" {
		t.Fatalf("%+v %v", e, err)
	}
	handle = b.take(e.Secret, true)
	w.send("POST", "/v1/refunds", "charge=ch")
	if err := w.Deliver(t.Context(), stripeapi.Delivery{Twice: true, Backwards: true}); err != nil {
		t.Fatal(err)
	}
	if len(b.bad) != 0 || len(b.got) != 4 || b.got[0].Type != "charge.refunded" || b.got[0].ID != b.got[1].ID || b.got[3].Type != "refund.created" {
		t.Errorf("%+v %v", b.got, b.bad)
	}
	if err := w.Deliver(t.Context(), stripeapi.Delivery{}); err != nil || len(b.got) != 4 {
		t.Errorf("told again: %v", err)
	}
	handle = b.take("whsec_other", true)
	w.send("POST", "/v1/subscriptions/sub", "cancel_at_period_end=true")
	if err := w.Deliver(t.Context(), stripeapi.Delivery{}); err != nil || len(b.bad) != 1 {
		t.Errorf("another secret fits: %v", err)
	}
}

func TestAnEndpointTakesItsRequestsASecond(t *testing.T) {
	w := monthly(t)
	w.LimitRate(2)
	for i, want := range []int{200, 200, 429} {
		got := w.send("GET", "/v1/charges", "")
		if got.status != want || want == 429 && (got.trouble("code") != "rate_limit" || got.header.Get("Stripe-Rate-Limited-Reason") != "endpoint-rate") {
			t.Errorf("request %d: %d %v", i, got.status, got.body)
		}
	}
	if got := w.send("GET", "/v1/refunds", ""); got.status != 200 {
		t.Errorf("another endpoint: %v", got.body)
	}
	w.clock.Advance(time.Second)
	if got := w.send("GET", "/v1/charges", ""); got.status != 200 {
		t.Errorf("a second later: %v", got.body)
	}
}

func TestThePortalHasALoginPageAndSessions(t *testing.T) {
	w := monthly(t)
	it := w.stripe.BillingPortalConfigurations.List(&stripe.BillingPortalConfigurationListParams{IsDefault: stripe.Bool(true)})
	if !it.Next() || !it.BillingPortalConfiguration().LoginPage.Enabled || it.BillingPortalConfiguration().LoginPage.URL == "" {
		t.Errorf("%+v %v", it.BillingPortalConfiguration(), it.Err())
	}
	s, err := w.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: stripe.String("cus"), FlowData: &stripe.BillingPortalSessionFlowDataParams{Type: stripe.String("payment_method_update")},
	})
	if err != nil || s.URL == "" || s.Customer != "cus" {
		t.Errorf("%+v %v", s, err)
	}
	if got := w.send("POST", "/v1/billing_portal/sessions", "customer=cus_none"); got.trouble("code") != "resource_missing" {
		t.Errorf("%v", got.body)
	}
}

func TestConnectAndRequiredActionShowInTheAnswers(t *testing.T) {
	w := monthly(t)
	w.AddCharge(stripeapi.Charge{
		ID: "ch_connect", Customer: "cus", Amount: 500, Fee: 50, Destination: "acct_seller", OnBehalfOf: "acct_seller",
		Refunding: stripeapi.Course{Begin: "requires_action"},
	})
	c := charge(t, w, "ch_connect")
	if c.ApplicationFeeAmount != 50 || c.TransferData.Destination.ID != "acct_seller" || c.OnBehalfOf.ID != "acct_seller" || c.Transfer == nil {
		t.Errorf("%+v", c)
	}
	r, err := w.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String("ch_connect")})
	if err != nil || r.Status != stripe.RefundStatusRequiresAction || r.NextAction == nil {
		t.Errorf("%+v %v", r, err)
	}
}

func TestADisputeThatIsWonLetsRefundsThroughAgain(t *testing.T) {
	w := monthly(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Customer: "cus", Amount: 500})
	w.OpenDispute(stripeapi.Dispute{ID: "dp", Charge: "ch"})
	for status, want := range map[string]int{"": 400, "lost": 400, "won": 200} {
		if status != "" {
			w.CloseDispute("dp", status)
		}
		if got := w.send("POST", "/v1/refunds", "charge=ch&amount=100"); status != "" && got.status != want {
			t.Errorf("%s: %v", status, got.body)
		}
	}
}

func TestTheControlDeliversAndLimits(t *testing.T) {
	w := monthly(t)
	var told int
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told++ }))
	t.Cleanup(srv.Close)
	w.send("POST", "/v1/webhook_endpoints", "enabled_events[]=customer.subscription.updated&url="+srv.URL)
	w.send("POST", "/v1/subscriptions/sub", "cancel_at_period_end=true")
	for path, body := range map[string]string{"deliver": `{"twice":true}`, "limits": `{"per_endpoint":1,"search_lag":"1m"}`} {
		res, err := http.Post(w.url+"/_sandbox/"+path, "application/json", strings.NewReader(body))
		if err != nil || res.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %v %v", path, res, err)
		}
		if res, err = http.Post(w.url+"/_sandbox/"+path, "application/json", strings.NewReader(`{"x":1}`)); err != nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v %v", path, res, err)
		}
	}
	if told != 2 {
		t.Errorf("told %d times", told)
	}
	w.send("GET", "/v1/charges", "")
	if got := w.send("GET", "/v1/charges", ""); got.status != http.StatusTooManyRequests {
		t.Errorf("%d", got.status)
	}
}
