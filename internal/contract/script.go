package contract

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"supportmcp/internal/money"
)

const (
	currency  = money.Currency("usd")
	attribute = "supportmcp_verify" // of contacts; stays, since Intercom deletes none
	stays     = "Stripe keeps it as history"
	unused    = "Stripe cannot delete it; it is out of use"
)

func (r *run) promotion() string { return strings.ToUpper("VERIFY" + r.mark) }
func (r *run) tagName() string   { return "supportmcp verify " + r.mark }

// script is every step, in order. Search comes last, so that it knows the most.
func script() []step {
	return slices.Concat(
		furnishIntercom(), furnishStripe(), // money is moved for somebody who writes, only
		stripeReads(), stripeMoney(), stripePlans(),
		intercomReads(), intercomMessages(), intercomChanges(),
		searches(),
	)
}

// setup is a step that has to succeed.
func setup(does string, do func(context.Context, *run) error) step {
	return step{does: does, setup: true, do: func(ctx context.Context, r *run) (any, error) { return nil, do(ctx, r) }}
}

// call is a step of an adapter.
func call[Out any](does string, do func(context.Context, *run) (Out, error)) step {
	return step{does: does, do: func(ctx context.Context, r *run) (any, error) { return do(ctx, r) }}
}

// identified is all that is read of what this package makes itself.
type identified struct {
	ID      string `json:"id"`
	Charge  string `json:"latest_charge"`
	Invoice struct {
		Card string `json:"default_payment_method"`
	} `json:"invoice_settings"`
}

func furnishStripe() []step {
	return []step{
		setup("make a customer", makeCustomer),
		setup("make a price", makePrice),
		setup("make a classic subscription", func(ctx context.Context, r *run) (err error) {
			r.classic, err = r.subscribe(ctx, nil, "")
			return err
		}),
		setup("make a flexible subscription", func(ctx context.Context, r *run) (err error) {
			r.flexible, err = r.subscribe(ctx, url.Values{"billing_mode[type]": {"flexible"}}, flexibleVersion)
			return err
		}),
		setup("make a payment", makePayment),
		setup("make a coupon", makeCoupon),
		setup("make an open invoice", makeInvoice),
	}
}

func makeCustomer(ctx context.Context, r *run) error {
	var c identified
	err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/customers", form: url.Values{
		"email": {r.email()}, "name": {"Verify " + r.mark}, "metadata[verify]": {r.mark},
		"payment_method": {"pm_card_visa"}, "invoice_settings[default_payment_method]": {"pm_card_visa"},
	}}, &c)
	if err != nil {
		return err
	}
	r.customer, r.card = c.ID, c.Invoice.Card
	r.stripeMade("customer", c.ID, "", request{method: http.MethodDelete, path: "/v1/customers/" + c.ID})
	return nil
}

func makePrice(ctx context.Context, r *run) error {
	var product, price identified
	off := url.Values{"active": {"false"}}
	err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/products", form: url.Values{"name": {"Verify " + r.mark}}}, &product)
	if err != nil {
		return err
	}
	r.stripeMade("product", product.ID, unused, request{method: http.MethodPost, path: "/v1/products/" + product.ID, form: off})
	err = r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/prices", form: url.Values{
		"product": {product.ID}, "unit_amount": {strconv.Itoa(monthly)}, "currency": {string(currency)}, "recurring[interval]": {"month"}, "nickname": {"Verify " + r.mark},
	}}, &price)
	if err != nil {
		return err
	}
	r.price = price.ID
	r.stripeMade("price", price.ID, unused, request{method: http.MethodPost, path: "/v1/prices/" + price.ID, form: off})
	return nil
}

func (r *run) subscribe(ctx context.Context, more url.Values, version string) (id string, err error) {
	form := url.Values{
		"customer": {r.customer}, "items[0][price]": {r.price}, "payment_behavior": {"error_if_incomplete"}, "metadata[verify]": {r.mark},
	}
	maps.Copy(form, more)
	var sub identified
	if err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/subscriptions", form: form, version: version}, &sub); err != nil {
		return "", err
	}
	r.stripeMade("subscription", sub.ID, "", request{method: http.MethodDelete, path: "/v1/subscriptions/" + sub.ID})
	return sub.ID, nil
}

func makePayment(ctx context.Context, r *run) error {
	var intent identified
	err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/payment_intents", form: url.Values{
		"amount": {strconv.Itoa(paid)}, "currency": {string(currency)}, "customer": {r.customer}, "payment_method": {r.card},
		"payment_method_types[0]": {"card"}, "confirm": {"true"}, "off_session": {"true"}, "description": {"Verify " + r.mark}, "metadata[verify]": {r.mark},
	}}, &intent)
	if err != nil {
		return err
	}
	r.intent, r.charge = intent.ID, intent.Charge
	r.stripeMade("payment intent", intent.ID, stays)
	return nil
}

func makeCoupon(ctx context.Context, r *run) error {
	var coupon, code identified
	err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/coupons", form: url.Values{
		"percent_off": {"10"}, "duration": {"once"}, "name": {"Verify " + r.mark},
	}}, &coupon)
	if err != nil {
		return err
	}
	r.coupon = coupon.ID
	r.stripeMade("coupon", coupon.ID, "", request{method: http.MethodDelete, path: "/v1/coupons/" + coupon.ID})
	err = r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/promotion_codes", form: url.Values{
		"coupon": {coupon.ID}, "code": {r.promotion()},
	}}, &code)
	if err != nil {
		return err
	}
	r.stripeMade("promotion code", code.ID, unused, request{method: http.MethodPost, path: "/v1/promotion_codes/" + code.ID, form: url.Values{"active": {"false"}}})
	return nil
}

func makeInvoice(ctx context.Context, r *run) error {
	err := r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/invoiceitems", form: url.Values{
		"customer": {r.customer}, "amount": {strconv.Itoa(paid)}, "currency": {string(currency)}, "description": {"Verify " + r.mark},
	}}, nil)
	if err != nil {
		return err
	}
	var draft identified
	err = r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/invoices", form: url.Values{
		"customer": {r.customer}, "auto_advance": {"false"}, "pending_invoice_items_behavior": {"include"},
	}}, &draft)
	if err != nil {
		return err
	}
	r.open = draft.ID
	r.stripeMade("invoice", draft.ID, stays, request{method: http.MethodPost, path: "/v1/invoices/" + draft.ID + "/void", vain: true})
	return r.stripeDo(ctx, request{method: http.MethodPost, path: "/v1/invoices/" + draft.ID + "/finalize", form: url.Values{"auto_advance": {"false"}}}, nil)
}

func furnishIntercom() []step {
	return []step{
		call("intercom.CreateContact", createContact),
		setup("make a conversation", makeConversation),
	}
}

func makeConversation(ctx context.Context, r *run) error {
	var c struct {
		ID string `json:"conversation_id"`
	}
	err := r.intercomDo(ctx, request{method: http.MethodPost, path: "/conversations", body: map[string]any{
		"from": map[string]string{"type": "lead", "id": r.contact}, "body": "A conversation by supportmcp verify-account (" + r.mark + "). Please ignore it.",
	}}, &c)
	if err != nil {
		return err
	}
	r.conversation = c.ID
	r.intercomMade("conversation", c.ID, "it is closed; Intercom keeps it", request{
		method: http.MethodPost, path: "/conversations/" + c.ID + "/parts",
		body: map[string]string{"message_type": "close", "type": "admin", "admin_id": r.IntercomAdmin},
	})
	return nil
}
