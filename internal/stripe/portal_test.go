package stripe_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// opening is a reply with a page; it may open the portal when session says so.
func opening(customer string, session bool) policies.Reply {
	return policies.Reply{
		Message: policies.Message{Asker: policies.Asker{Conversation: "conv_1"}, Body: "Here: {card_update}", After: "1"},
		Pages:   []policies.Page{{Placeholder: "{card_update}", Customer: customer, Session: session}},
	}
}

func TestAPortalOpensForThePermitsCustomerOnly(t *testing.T) {
	b := withInvoice(t)
	got, err := act(t, "act_1", opening("cus_maria", true), b.PortalSession)
	if err != nil || got.Customer != "cus_maria" || !strings.HasPrefix(got.URL, "https://billing.stripe.com/p/session/") {
		t.Errorf("%+v, %v", got, err)
	}
	for name, a := range map[string]policies.Reply{"not judged to": opening("cus_maria", false), "an id of another kind": opening("ch_billed", true)} {
		if got, err := act(t, "act_2", a, b.PortalSession); err == nil || fault.TookOf(err) != fault.No || got.URL != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := sessions(b); got != 1 {
		t.Errorf("%d sessions were asked for, want one", got)
	}
}

func TestAPortalNeedsAPermitAndLeavesItUnused(t *testing.T) {
	b := withInvoice(t)
	for name, p := range map[string]*policies.Permit[policies.Reply]{"nil": nil, "empty": {}} {
		if _, err := b.PortalSession(t.Context(), p); fault.CodeOf(err) != fault.Internal || fault.TookOf(err) != fault.No {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := act(t, "act_1", opening("cus_maria", true), func(ctx context.Context, p *policies.Permit[policies.Reply]) (stripe.Page, error) {
		got, err := b.PortalSession(ctx, p)
		if err != nil {
			return got, err
		}
		if _, _, err := p.Redeem(); err != nil {
			return got, err
		}
		if _, err := b.PortalSession(ctx, p); err == nil {
			t.Error("a used permit opens the portal again")
		}
		return got, nil
	})
	if err != nil || sessions(b) != 1 {
		t.Errorf("%d sessions, %v", sessions(b), err)
	}
}

// Nobody has the address of a session whose answer was lost, so it counts as none.
func TestALostSessionCountsAsNone(t *testing.T) {
	for name, f := range map[string]control.Fault{
		"403": {Kind: control.ErrorBefore, Status: http.StatusForbidden}, "500 after it": {Kind: control.ErrorAfter}, "429": {Kind: control.RateLimit, Times: 9},
	} {
		b := withInvoice(t)
		f.Method, f.Path = http.MethodPost, "/v1/billing_portal/sessions"
		if err := b.account.Desk.Inject(f); err != nil {
			t.Fatal(err)
		}
		if got, err := act(t, "act_1", opening("cus_maria", true), b.PortalSession); err == nil || fault.TookOf(err) != fault.No || got.URL != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func sessions(b *bench) (n int) {
	for _, r := range b.account.Desk.Requests() {
		if r.Method == http.MethodPost && r.Path == "/v1/billing_portal/sessions" {
			n++
		}
	}
	return n
}
