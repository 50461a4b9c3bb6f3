package stripe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Page is a page of Stripe's for one customer. Whoever has its address needs no
// password, so it never goes through a model: it is put into a reply when that is
// sent, if the customer is the one that is written to.
type Page struct {
	URL      string
	Customer string // id; "" for a page that asks who is there
}

// InvoicePage is where a customer reads and pays an invoice. A draft has none: the
// error's code is then fault.NotFound, and only Customer is filled.
func (c *Client) InvoicePage(ctx context.Context, id string) (Page, error) {
	if err := invoiceID().check(id); err != nil {
		return Page{}, err
	}
	p := &stripe.InvoiceParams{}
	p.Context = ctx
	si, err := c.invoices.Get(id, p)
	if err != nil {
		return Page{}, readFailed("invoice "+id, err)
	}
	return pageOf("invoice "+id, si.HostedInvoiceURL, si.Customer)
}

// ReceiptPage is where a customer reads the receipt of a charge. One that failed has
// none, as a draft has no InvoicePage.
func (c *Client) ReceiptPage(ctx context.Context, charge string) (Page, error) {
	if err := chargeID().check(charge); err != nil {
		return Page{}, err
	}
	p := &stripe.ChargeParams{}
	p.Context = ctx
	sc, err := c.charges.Get(charge, p)
	if err != nil {
		return Page{}, readFailed("charge "+charge, err)
	}
	return pageOf("charge "+charge, sc.ReceiptURL, sc.Customer)
}

// CardPage is the billing portal's login page, where customers ask Stripe to mail
// them a link of their own. It is the same for all, and opens nothing by itself.
func (c *Client) CardPage(ctx context.Context) (Page, error) {
	list := page[stripe.BillingPortalConfiguration](func(p stripe.ListParams) ([]*stripe.BillingPortalConfiguration, stripe.ListMeta, error) {
		it := c.portals.List(&stripe.BillingPortalConfigurationListParams{ListParams: p, Active: stripe.Bool(true), IsDefault: stripe.Bool(true)})
		on := it.BillingPortalConfigurationList()
		return on.Data, on.ListMeta, it.Err()
	})
	found, _, err := list.read(ctx, 1, "")
	if err != nil {
		return Page{}, readFailed("billing portal", err)
	}
	if len(found) == 0 || found[0].LoginPage == nil || !found[0].LoginPage.Enabled {
		return Page{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "the billing portal has no login page",
			NextStep: "tell the operator of this server, who can switch it on in Stripe; " + toPerson,
		}
	}
	return pageOf("billing portal", found[0].LoginPage.URL, nil)
}

// PortalSession opens the billing portal for the customer whom the permit's reply
// may open it for, at the place for a new card and nowhere else. The address works
// for some minutes, for whoever has it. A session that nobody visits changes nothing.
func (c *Client) PortalSession(ctx context.Context, p *policies.Permit[policies.Reply]) (Page, error) {
	a, key, err := p.Peek()
	if err != nil {
		return Page{}, err
	}
	i := slices.IndexFunc(a.Pages, func(p policies.Page) bool { return p.Session })
	if i < 0 {
		return Page{}, &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the reply may open no portal"}
	}
	customer := a.Pages[i].Customer
	if err := errors.Join(customerID().check(customer), usable(key)); err != nil {
		return Page{}, err
	}
	ask := &stripe.BillingPortalSessionParams{Customer: &customer, FlowData: &stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String(string(stripe.BillingPortalSessionFlowTypePaymentMethodUpdate)),
	}}
	ask.Context = ctx
	ask.SetIdempotencyKey(key)
	s := &stripe.BillingPortalSession{}
	if err := c.portals.B.Call(http.MethodPost, "/v1/billing_portal/sessions", c.portals.Key, ask, s); err != nil {
		return Page{}, readFailed("billing portal of customer "+customer, err)
	}
	return pageOf("billing portal of customer "+customer, s.URL, &stripe.Customer{ID: s.Customer})
}

// pageOf takes an address only when it is one of a web page. What has none is not
// found, and told with whose it is.
func pageOf(what, address string, of *stripe.Customer) (Page, error) {
	out := Page{}
	if of != nil {
		out.Customer = of.ID
	}
	if address == "" {
		return out, &fault.Error{Code: fault.NotFound, Took: fault.No, Message: what + " has no page", NextStep: toPerson}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return Page{}, readFailed(what, odd("has a page that is none"))
	}
	out.URL = address
	return out, nil
}
