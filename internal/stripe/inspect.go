package stripe

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/stripe/stripe-go/v76"
)

// Access is whether the client's key can read one kind of object.
type Access struct {
	Objects    string // as an operator calls them: "payment intents"
	Reach      Reach
	Only       string // what alone needs it; "" when nothing goes without it
	Permission string // what the key lacks, as Stripe names it ("rak_charge_read"); "" when nothing or unknown
	Err        error  // nil when readable; holds neither key nor body
}

// Reach is how far a read came.
type Reach string

// How far a read comes.
const (
	Readable   Reach = "readable"
	Forbidden  Reach = "forbidden"  // the key is good and lacks a permission
	KeyRefused Reach = "refused"    // the key is not good
	Unanswered Reach = "unanswered" // no answer, or none that can be understood
)

// Inspect reads at most one object of each kind that the tools need, all at the
// same time, and says how each read went. The reads ask for the same expansions
// as the tools do, because a restricted key needs a permission for those as well
// (https://docs.stripe.com/keys/restricted-api-keys). Whether a key may write
// cannot be asked without writing.
func (c *Client) Inspect(ctx context.Context) []Access {
	looks := c.looks()
	out := make([]Access, len(looks))
	var all sync.WaitGroup
	for i, l := range looks {
		all.Go(func() {
			out[i] = accessOf(l.objects, l.at(ctx))
			out[i].Only = l.only
		})
	}
	all.Wait()
	return out
}

// look reads one kind of object.
type look struct {
	objects string
	only    string // what alone needs it
	at      func(context.Context) error
}

func (c *Client) looks() []look {
	const discounting = "apply_discount"
	return []look{
		{"customers", "", one(func(p stripe.ListParams) ([]*stripe.Customer, stripe.ListMeta, error) {
			it := c.customers.List(&stripe.CustomerListParams{ListParams: p, Expand: defaultCard("data.")})
			return it.CustomerList().Data, it.CustomerList().ListMeta, it.Err()
		})},
		{"charges", "", one(func(p stripe.ListParams) ([]*stripe.Charge, stripe.ListMeta, error) {
			it := c.charges.List(&stripe.ChargeListParams{ListParams: p})
			return it.ChargeList().Data, it.ChargeList().ListMeta, it.Err()
		})},
		{"payment intents", "", one(func(p stripe.ListParams) ([]*stripe.PaymentIntent, stripe.ListMeta, error) {
			it := c.intents.List(&stripe.PaymentIntentListParams{ListParams: p})
			return it.PaymentIntentList().Data, it.PaymentIntentList().ListMeta, it.Err()
		})},
		{"refunds", "", one(func(p stripe.ListParams) ([]*stripe.Refund, stripe.ListMeta, error) {
			it := c.refunds.List(&stripe.RefundListParams{ListParams: p})
			return it.RefundList().Data, it.RefundList().ListMeta, it.Err()
		})},
		{"disputes", "", one(func(p stripe.ListParams) ([]*stripe.Dispute, stripe.ListMeta, error) {
			it := c.disputes.List(&stripe.DisputeListParams{ListParams: p})
			return it.DisputeList().Data, it.DisputeList().ListMeta, it.Err()
		})},
		{"subscriptions", "", one(func(p stripe.ListParams) ([]*stripe.Subscription, stripe.ListMeta, error) {
			it := c.subscriptions.List(&stripe.SubscriptionListParams{
				ListParams: p, Expand: []*string{stripe.String("data.default_payment_method")},
			})
			return it.SubscriptionList().Data, it.SubscriptionList().ListMeta, it.Err()
		})},
		{"invoices", "", one(func(p stripe.ListParams) ([]*stripe.Invoice, stripe.ListMeta, error) {
			it := c.invoices.List(&stripe.InvoiceListParams{ListParams: p})
			return it.InvoiceList().Data, it.InvoiceList().ListMeta, it.Err()
		})},
		{"credit notes", "", one(func(p stripe.ListParams) ([]*stripe.CreditNote, stripe.ListMeta, error) {
			it := c.notes.List(&stripe.CreditNoteListParams{ListParams: p, Expand: []*string{stripe.String("data.refund")}})
			return it.CreditNoteList().Data, it.CreditNoteList().ListMeta, it.Err()
		})},
		{"coupons", discounting, one(func(p stripe.ListParams) ([]*stripe.Coupon, stripe.ListMeta, error) {
			it := c.coupons.List(&stripe.CouponListParams{ListParams: p})
			return it.CouponList().Data, it.CouponList().ListMeta, it.Err()
		})},
		{"promotion codes", discounting, one(func(p stripe.ListParams) ([]*stripe.PromotionCode, stripe.ListMeta, error) {
			it := c.codes.List(&stripe.PromotionCodeListParams{ListParams: p})
			return it.PromotionCodeList().Data, it.PromotionCodeList().ListMeta, it.Err()
		})},
		{"customer portal", "links to change a card", one(func(p stripe.ListParams) ([]*stripe.BillingPortalConfiguration, stripe.ListMeta, error) {
			it := c.portals.List(&stripe.BillingPortalConfigurationListParams{ListParams: p})
			return it.BillingPortalConfigurationList().Data, it.BillingPortalConfigurationList().ListMeta, it.Err()
		})},
		{"products", "", one(func(p stripe.ListParams) ([]*stripe.Product, stripe.ListMeta, error) {
			it := c.products.List(&stripe.ProductListParams{ListParams: p})
			return it.ProductList().Data, it.ProductList().ListMeta, it.Err()
		})},
	}
}

func one[T any](get page[T]) func(context.Context) error {
	return func(ctx context.Context) error {
		_, _, err := get.read(ctx, 1, "")
		return err
	}
}

func accessOf(objects string, err error) Access {
	a := Access{Objects: objects, Reach: Readable}
	if err == nil {
		return a
	}
	a.Err, a.Reach = readFailed(objects, err), Unanswered
	if e, ok := errors.AsType[*stripe.Error](err); ok {
		switch e.HTTPStatusCode {
		case http.StatusUnauthorized:
			a.Reach = KeyRefused
		case http.StatusForbidden:
			a.Reach, a.Permission = Forbidden, missing(e.Msg)
		}
	}
	return a
}
