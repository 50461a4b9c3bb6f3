package stripe

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/stripe/stripe-go/v76"
)

// Need is a call that the client can make, with the permission that a restricted
// key needs for it (https://docs.stripe.com/keys/restricted-api-keys).
type Need struct {
	Call       string // method and path, ids as {id}
	Permission string // as Stripe names it in refusals: "rak_charge_read"
	Setting    string // as the Dashboard names it: "Charges and Refunds: Read"
}

// Needs are all calls that tools and recovery make. Only Excess asks for more.
func Needs() []Need {
	var out []Need
	for _, r := range []struct{ object, setting, calls string }{
		{"customer", "Customers", "GET /v1/customers, GET /v1/customers/search, GET /v1/customers/{id}, GET /v1/customers/{id}/balance_transactions, POST /v1/customers/{id}/balance_transactions"},
		{"charge", "Charges and Refunds", "GET /v1/charges, GET /v1/charges/{id}, GET /v1/refunds, POST /v1/refunds"},
		{"payment_intent", "PaymentIntents", "GET /v1/payment_intents, GET /v1/payment_intents/{id}"},
		{"dispute", "Disputes", "GET /v1/disputes, GET /v1/disputes/{id}"},
		{"event", "Events", "GET /v1/events"},
		{"subscription", "Subscriptions", "GET /v1/subscriptions, GET /v1/subscriptions/{id}, POST /v1/subscriptions/{id}, DELETE /v1/subscriptions/{id}"},
		{"coupon", "Coupons", "GET /v1/coupons, GET /v1/coupons/{id}"},
		{"promotion_code", "Promotion codes", "GET /v1/promotion_codes"},
		{"product", "Products", "GET /v1/products, GET /v1/products/{id}"},
		{"invoice", "Invoices", "GET /v1/invoices, GET /v1/invoices/{id}, POST /v1/invoices/{id}/pay"},
		{"customer_portal", "Customer portal", "GET /v1/billing_portal/configurations, POST /v1/billing_portal/sessions"},
		{"credit_note", "Credit notes", "GET /v1/credit_notes, GET /v1/credit_notes/preview, POST /v1/credit_notes"},
		{"accounts_kyc_basic", "Account", "GET /v1/account"},
	} {
		for call := range strings.SplitSeq(r.calls, ", ") {
			n := Need{call, "rak_" + r.object + "_read", r.setting + ": Read"}
			if !strings.HasPrefix(call, http.MethodGet) {
				n.Permission, n.Setting = "rak_"+r.object+"_write", r.setting+": Write"
			}
			out = append(out, n)
		}
	}
	return out
}

// Excess reads what no tool needs, and gives what the client's key can read of it
// all the same. A key that can do more than it needs does more harm when it leaks.
func (c *Client) Excess(ctx context.Context) []string {
	unneeded := []struct{ objects, path string }{
		{"the balance", "/v1/balance"}, {"payouts", "/v1/payouts"}, {"webhook endpoints", "/v1/webhook_endpoints"},
	}
	found := make([]string, len(unneeded))
	var all sync.WaitGroup
	for i, u := range unneeded {
		all.Go(func() {
			if err := c.refunds.B.Call(http.MethodGet, u.path, c.refunds.Key, &stripe.Params{Context: ctx}, &stripe.APIResource{}); err == nil {
				found[i] = u.objects
			}
		})
	}
	all.Wait()
	return slices.DeleteFunc(found, func(objects string) bool { return objects == "" })
}
