package tools_test

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/server/servertest"
)

// closed is an address where nobody answers.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return "http://" + l.Addr().String()
}

// Whatever is wrong with a vendor, every tool that needs it says so in a
// structured error, and nothing has changed anywhere.
func TestAVendorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	calls := sound()
	intercom := []string{"get_conversation", "get_billing_overview", "get_payment", "list_payments", "list_invoices", "create_refund", "cancel_subscription", "resume_subscription", "apply_discount", "grant_credit", "retry_invoice", "reply_to_conversation", "add_internal_note", "set_conversation_state", "tag_conversation", "propose_customer_link", "search_conversations", "list_desk_options", "find_contacts", "list_segments", "assign_conversation", "tag_contact", "update_contact", "create_contact"}
	stripe := []string{"get_conversation", "get_billing_overview", "get_payment", "list_payments", "list_invoices", "find_customers", "create_refund", "cancel_subscription", "resume_subscription", "apply_discount", "grant_credit", "retry_invoice", "propose_customer_link"}
	for name, c := range map[string]struct {
		setup   func(*testing.T) servertest.Setup
		fault   func(*servertest.Desk) error
		tools   []string
		code    string
		message string
		next    string
	}{
		"Stripe is down": {
			setup: func(t *testing.T) servertest.Setup { return servertest.Setup{StripeURL: closed(t)} },
			tools: stripe, code: "upstream", message: "Stripe could not be reached", next: "try again",
		},
		"Intercom is down": {
			setup: func(t *testing.T) servertest.Setup { return servertest.Setup{IntercomURL: closed(t)} },
			tools: intercom, code: "upstream", message: "Intercom cannot be reached", next: "try again",
		},
		"the Intercom token is wrong": {
			setup: func(*testing.T) servertest.Setup { return servertest.Setup{IntercomToken: "bad-token"} },
			tools: intercom, code: "upstream", message: "Intercom does not accept this server's access token", next: "operator",
		},
		"the Stripe key is wrong": {
			fault: func(d *servertest.Desk) error {
				return d.Stripe.Desk.Inject(control.Fault{Kind: control.ErrorBefore, Status: 401, Times: -1})
			},
			tools: stripe, code: "upstream", message: "Stripe does not accept the key of this server", next: "operator",
		},
		"the Stripe key may not read": {
			fault: func(d *servertest.Desk) error {
				d.Stripe.Restrict(sandbox.StripeKey, "charge_read", "customer_read")
				return nil
			},
			tools: stripe, code: "upstream", message: "lacks the permission rak_", next: "operator",
		},
		"Stripe fails": {
			fault: func(d *servertest.Desk) error {
				return d.Stripe.Desk.Inject(control.Fault{Kind: control.ErrorBefore, Times: -1})
			},
			tools: stripe, code: "upstream", message: "Stripe has an error of its own", next: "try again",
		},
		"Intercom fails": {
			fault: func(d *servertest.Desk) error {
				return d.Intercom.Desk.Inject(control.Fault{Kind: control.ErrorBefore, Status: 503, Times: -1})
			},
			tools: intercom, code: "upstream", message: "Intercom is failing", next: "try again",
		},
		"Stripe cuts every connection": {
			fault: func(d *servertest.Desk) error {
				return d.Stripe.Desk.Inject(control.Fault{Kind: control.CutBefore, Times: -1})
			},
			tools: stripe, code: "upstream", message: "Stripe", next: "try again",
		},
		"Stripe's limit is reached": {
			fault: func(d *servertest.Desk) error {
				return d.Stripe.Desk.Inject(control.Fault{Kind: control.RateLimit, Times: -1})
			},
			tools: stripe, code: "rate_limited", message: "Stripe gets too many requests", next: "try again",
		},
		"Intercom cuts every connection": {
			fault: func(d *servertest.Desk) error {
				return d.Intercom.Desk.Inject(control.Fault{Kind: control.CutBefore, Times: -1})
			},
			tools: intercom, code: "upstream", message: "Intercom", next: "try again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup := servertest.Setup{}
			if c.setup != nil {
				setup = c.setup(t)
			}
			setup.Policy = policy
			d := servertest.Start(t, setup)
			if c.fault != nil {
				must(t, c.fault(d))
			}
			before := d.Look()
			answers := make([]servertest.Answer, len(c.tools))
			var g errgroup.Group // at once, since a read is tried three times
			for i, tool := range c.tools {
				g.Go(func() (err error) {
					answers[i], err = d.Try(tool, calls[tool])
					return err
				})
			}
			must(t, g.Wait())
			for i, a := range answers {
				if !a.IsError || a.Code != c.code || !strings.Contains(a.Message, c.message) || !strings.Contains(a.NextStep, c.next) {
					t.Errorf("%s answered %s, want %s: …%s…", c.tools[i], a.Text, c.code, c.message)
				}
				for _, secret := range []string{"127.0.0.1", "bad-token", sandbox.IntercomToken, sandbox.StripeKey} {
					if strings.Contains(string(a.Text), secret) {
						t.Errorf("%s tells %s: %s", c.tools[i], secret, a.Text)
					}
				}
			}
			d.Unchanged(t, before)
		})
	}
}

// A key that can read and not write refuses at the moment of writing: the refund
// is recorded as failed, and it counts in no budget.
func TestAKeyThatMayNotRefund(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	d.Stripe.Restrict(sandbox.StripeKey, "charge_write", "refund_write")
	before := d.Look()
	a := d.Call("create_refund", sound()["create_refund"])
	if !a.IsError || a.State != "failed" || a.Code != "upstream" || !strings.Contains(a.Message, "lacks the permission rak_") {
		t.Errorf("answered %s", a.Text)
	}
	d.VendorsUnchanged(t, before)
	var b struct {
		Customers []struct {
			Headroom []string `json:"refund_headroom"`
		}
	}
	d.Call("get_billing_overview", sound()["get_billing_overview"]).Into(t, &b)
	var full struct {
		Customers []struct {
			Headroom []string `json:"refund_headroom"`
		}
	}
	servertest.Start(t, servertest.Setup{}).Call("get_billing_overview", sound()["get_billing_overview"]).Into(t, &full)
	if b.Customers[0].Headroom[0] != full.Customers[0].Headroom[0] {
		t.Errorf("headroom is %v after a refund that failed, want %v", b.Customers[0].Headroom, full.Customers[0].Headroom)
	}
}
