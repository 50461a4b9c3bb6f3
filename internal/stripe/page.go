package stripe

import (
	"context"
	"net/url"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
)

// Page is a page of Stripe's for one customer. Whoever has its address needs no
// password, so it never goes through a model: it is put into a reply when that is
// sent, if the customer is the one that is written to.
type Page struct {
	URL      string
	Customer string // id; "" for a page that asks who is there
}

// InvoicePage is where a customer reads and pays an invoice.
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

// ReceiptPage is where a customer reads the receipt of a charge.
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

// pageOf takes an address only when it is one of a web page.
func pageOf(what, address string, of *stripe.Customer) (Page, error) {
	if address == "" {
		return Page{}, &fault.Error{Code: fault.NotFound, Took: fault.No, Message: what + " has no page", NextStep: toPerson}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return Page{}, readFailed(what, odd("has a page that is none"))
	}
	out := Page{URL: address}
	if of != nil {
		out.Customer = of.ID
	}
	return out, nil
}
