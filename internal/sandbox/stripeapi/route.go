package stripeapi

import (
	"net/http"
	"strings"
)

// route is one call of the API.
type route struct {
	pattern string // of http.ServeMux
	kind    string // of the object it answers with; "[]charge" is a list of charges
	prepare func(*params) action
}

// permission is what a restricted key needs for the route.
// See https://docs.stripe.com/keys/restricted-api-keys.
func (rt route) permission(method string) string {
	of := strings.TrimPrefix(rt.kind, "[]")
	switch of {
	case "refund":
		of = "charge"
	case "billing_portal_configuration", "billing_portal_session":
		of = "customer_portal"
	case "customer_balance_transaction":
		of = "customer"
	case "price":
		of = "plan"
	case "account":
		of = "accounts_kyc_basic"
	}
	if method == http.MethodGet {
		return of + "_read"
	}
	return of + "_write"
}

func (s *Server) routes() []route {
	return append(s.furnishing(), []route{
		{"GET /v1/account", "account", s.account},
		{"GET /v1/balance", "balance", s.balance},
		{"GET /v1/payouts", "[]payout", s.listPayouts},

		{"GET /v1/customers", "[]customer", s.listCustomers},
		{"GET /v1/customers/search", "[]customer", s.searchCustomers},
		{"GET /v1/customers/{id}", "customer", by(s.customers)},
		{"GET /v1/customers/{id}/payment_methods", "[]payment_method", s.listCustomersPaymentMethods},
		{"GET /v1/payment_methods", "[]payment_method", s.listPaymentMethods},
		{"GET /v1/payment_methods/{id}", "payment_method", by(s.paymentMethods)},

		{"GET /v1/payment_intents", "[]payment_intent", s.listIntents},
		{"GET /v1/payment_intents/{id}", "payment_intent", by(s.intents)},
		{"GET /v1/charges", "[]charge", s.listCharges},
		{"GET /v1/charges/{id}", "charge", by(s.charges)},

		{"POST /v1/refunds", "refund", s.createRefund},
		{"GET /v1/refunds", "[]refund", s.listRefunds},
		{"GET /v1/refunds/{id}", "refund", by(s.refunds)},
		{"POST /v1/refunds/{id}/cancel", "refund", s.cancelRefund},
		{"GET /v1/disputes", "[]dispute", s.listDisputes},
		{"GET /v1/disputes/{id}", "dispute", by(s.disputes)},

		{"GET /v1/subscriptions", "[]subscription", s.listSubscriptions},
		{"GET /v1/subscriptions/{id}", "subscription", by(s.subscriptions)},
		{"POST /v1/subscriptions/{id}", "subscription", s.updateSubscription},
		{"DELETE /v1/subscriptions/{id}", "subscription", s.cancelSubscription},
		{"GET /v1/invoices", "[]invoice", s.listInvoices},
		{"GET /v1/invoices/{id}", "invoice", by(s.invoices)},
		{"POST /v1/invoices/{id}/pay", "invoice", s.payInvoice},
		{"GET /v1/credit_notes", "[]credit_note", s.listCreditNotes},
		{"POST /v1/credit_notes", "credit_note", s.createCreditNote},
		{"GET /v1/credit_notes/preview", "credit_note", s.previewCreditNote},
		{"GET /v1/credit_notes/{id}", "credit_note", by(s.creditNotes)},
		{"GET /v1/products", "[]product", s.listProducts},
		{"GET /v1/products/{id}", "product", by(s.products)},
		{"GET /v1/prices/{id}", "price", by(s.prices)},

		{"GET /v1/coupons", "[]coupon", s.listCoupons},
		{"GET /v1/coupons/{id}", "coupon", by(s.coupons)},
		{"GET /v1/promotion_codes", "[]promotion_code", s.listPromotionCodes},
		{"GET /v1/promotion_codes/{id}", "promotion_code", by(s.promotionCodes)},
		{"GET /v1/customers/{id}/balance_transactions", "[]customer_balance_transaction", s.listBalanceTransactions},
		{"POST /v1/customers/{id}/balance_transactions", "customer_balance_transaction", s.createBalanceTransaction},
		{"GET /v1/billing_portal/configurations", "[]billing_portal_configuration", s.listPortalConfigurations},
		{"POST /v1/billing_portal/sessions", "billing_portal_session", s.createPortalSession},

		{"GET /v1/events", "[]event", s.listEvents},
		{"GET /v1/events/{id}", "event", by(s.events)},
		{"GET /v1/webhook_endpoints", "[]webhook_endpoint", s.listEndpoints},
		{"POST /v1/webhook_endpoints", "webhook_endpoint", s.createEndpoint},
	}...)
}

func by[T record](t *table[T]) func(*params) action {
	return func(p *params) action { return retrieve(p, t) }
}
