package stripe_test

import (
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
)

func TestPagesAreTheCustomersOwn(t *testing.T) {
	b := withInvoice(t)
	for name, read := range map[string]func() (stripe.Page, error){
		"cus_maria":              func() (stripe.Page, error) { return b.InvoicePage(t.Context(), "in_maria") },
		"cus_maria of a receipt": func() (stripe.Page, error) { return b.ReceiptPage(t.Context(), "ch_billed") },
		"":                       func() (stripe.Page, error) { return b.CardPage(t.Context()) },
	} {
		got, err := read()
		if want, _, _ := strings.Cut(name, " "); err != nil || got.Customer != want || !strings.HasPrefix(got.URL, "https://") {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}

func TestWhatHasNoPageIsSaid(t *testing.T) {
	b := withInvoice(t)
	b.account.AddInvoice(stripeapi.Invoice{ID: "in_draft", Customer: "cus_maria", Status: "draft"})
	b.account.AddCharge(stripeapi.Charge{ID: "ch_failed", Customer: "cus_maria", Amount: 5, Status: "failed"})
	_, draft := b.InvoicePage(t.Context(), "in_draft")
	_, failed := b.ReceiptPage(t.Context(), "ch_failed")
	_, nobody := b.InvoicePage(t.Context(), "in_nobody")
	for name, err := range map[string]error{"draft": draft, "failed": failed, "nobody": nobody} {
		if fault.CodeOf(err) != fault.NotFound || fault.TookOf(err) != fault.No {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.InvoicePage(t.Context(), "ch_billed"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}

// An answer that is no page of Stripe's must not end up in a customer's hands.
func TestAPageThatIsNoneIsRefused(t *testing.T) {
	for _, address := range []string{"javascript:alert(1)", "http://pay.example", "https://user:pass@pay.example/x", "//pay.example", "https:///x"} {
		h, _ := answering(200, `{"id":"in_1","hosted_invoice_url":"`+address+`","customer":"cus_1"}`)
		c, _ := against(t, h)
		if got, err := c.InvoicePage(t.Context(), "in_1"); err == nil {
			t.Errorf("%s: %+v", address, got)
		}
	}
	h, _ := answering(200, `{"url":"/v1/billing_portal/configurations","data":[{"id":"bpc_1","login_page":{"enabled":false,"url":null}}]}`)
	c, _ := against(t, h)
	if _, err := c.CardPage(t.Context()); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}
