package tools

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type retryInput struct {
	Conversation conversationID `json:"conversation_id"`
	Invoice      string         `json:"invoice_id" jsonschema:"an open one"`
	Note         string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply    messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

// RetryInvoice charges the customer's card for an open invoice once more.
func RetryInvoice(d Deps) Tool {
	return Write(Spec{
		Toolset: BillingExtended, Name: "retry_invoice", Title: "Try an open invoice again", Destructive: true, Idempotent: true,
		Scopes:      access.Scopes{access.BillingManage},
		Description: "Charge the default card of the conversation's customer for an open invoice again, after they fixed the card. What the bank declines can be tried again later.",
	}, d.Guard, Operation[retryInput, policies.Retry, stripe.Collected]{
		Propose: d.proposeRetry, Perform: d.Stripe.PayInvoice, Find: d.Stripe.FindPaid,
		Follow: func(in retryInput, _ policies.Entry, r policies.Retry, out stripe.Collected) []policies.Followup {
			return withReply(r.Asker, in.ThenReply, afterRetry(r, out))
		},
	})
}

func (d Deps) proposeRetry(ctx context.Context, in retryInput) (policies.Retry, error) {
	var t ticket
	var i stripe.Invoice
	var owner string
	var unread error // told after the conversation: it would otherwise tell whether somebody else's exists
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) { t, err = d.ticket(both, in.Conversation); return err })
	g.Go(func() error { i, owner, unread = d.Stripe.Invoice(both, in.Invoice); return nil })
	if err := g.Wait(); err != nil {
		return policies.Retry{}, err
	}
	if fault.CodeOf(unread) == fault.NotFound {
		return policies.Retry{}, policies.Unknown(policies.KindRetry)
	}
	r := policies.Retry{Asker: t.Asker, Invoice: policies.Invoice{
		ID: i.ID, Customer: owner, Subscription: i.Subscription, Status: i.Status, Remaining: i.Remaining, Sent: i.Sent,
	}}
	if unread != nil || !t.Asker.Owns(owner) {
		return r, unread
	}
	return r, d.howPaid(ctx, t, i, &r)
}

// howPaid reads what an invoice was and would be charged to.
func (d Deps) howPaid(ctx context.Context, t ticket, i stripe.Invoice, r *policies.Retry) error {
	var c stripe.Customer
	var last stripe.Charge
	var back stripe.Background
	wants := d.Guard.Policy().Wants(policies.KindRetry)
	g, reads := errgroup.WithContext(ctx)
	// Read anew: the one that tying has found may be from before the card was changed.
	g.Go(func() (err error) { c, err = d.Stripe.Customer(reads, r.Invoice.Customer); return err })
	g.Go(func() (err error) { back, err = d.background(reads, r.Invoice.Customer, wants); return err })
	if i.Charge != "" {
		g.Go(func() (err error) { last, err = d.Stripe.Charge(reads, i.Charge); return err })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("read how invoice %s is paid: %w", i.ID, err)
	}
	r.Invoice.Dispute, r.Invoice.TriedAt = last.Dispute, last.CreatedAt
	r.Card = charged(cmp.Or(i.Card, c.Card))
	r.Traits = traitsOf(t.Conversation, back, wants)
	return nil
}

func charged(c *stripe.Card) policies.DefaultCard {
	if c == nil {
		return policies.DefaultCard{}
	}
	return policies.DefaultCard{Name: c.Brand + " " + c.Last4, Until: worksUntil(*c)}
}

// afterRetry leaves on the conversation, and for the workspace's automations, that
// an invoice was paid.
func afterRetry(r policies.Retry, out stripe.Collected) []policies.Followup {
	follow := noted(r.Asker, "Invoice %s was paid with %s: %s (%s).", out.Invoice, r.Card.Name, out.Amount, out.Charge)
	facts := map[string]string{"invoice": out.Invoice, "charge": out.Charge, "amount": out.Amount.String()}
	return append(follow, happened(r.Asker, "invoice-paid", out.PaidAt, facts)...)
}
