package stripe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
)

func TestInspectReadsEachKindOnce(t *testing.T) {
	b := newBench(t)
	for _, a := range b.Inspect(t.Context()) {
		if a.Reach != stripe.Readable || a.Err != nil || a.Permission != "" {
			t.Errorf("%+v", a)
		}
	}
}

func TestInspectNamesWhatTheKeyLacks(t *testing.T) {
	for objects, lacks := range map[string]string{
		"customers": "customer_read", "payment intents": "payment_intent_read", "disputes": "dispute_read",
		"subscriptions": "subscription_read", "products": "product_read",
	} {
		b := newBench(t)
		b.account.Restrict(testKey, lacks)
		for _, a := range b.Inspect(t.Context()) {
			want := stripe.Readable
			if a.Objects == objects {
				want = stripe.Forbidden
			}
			if a.Reach != want || want == stripe.Forbidden && (a.Permission != "rak_"+lacks || fault.TookOf(a.Err) != fault.No) {
				t.Errorf("without %s: %+v", lacks, a)
			}
		}
	}
}

func TestInspectTellsABadKeyFromNoAnswer(t *testing.T) {
	for status, want := range map[int]stripe.Reach{401: stripe.KeyRefused, 403: stripe.Forbidden, 404: stripe.Unanswered, 200: stripe.Unanswered} {
		c, log := against(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","message":"no: %s"}}`, testKey)
		})
		all := c.Inspect(t.Context())
		if len(all) == 0 {
			t.Fatal("nothing was read")
		}
		for _, a := range all {
			if a.Reach != want || a.Permission != "" || strings.Contains(fmt.Sprint(a, log), testKey) {
				t.Errorf("status %d: %+v", status, a)
			}
		}
	}
}
