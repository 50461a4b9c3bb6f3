package stripe

import (
	"context"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Canceled is the receipt of the actions cancel and keep.
type Canceled struct {
	Subscription string      `json:"subscription"`
	Status       string      `json:"status"`
	EndsAt       time.Time   `json:"ends_at,omitzero"` // zero: it renews
	Refund       money.Money `json:"refund,omitzero"`
	RefundID     string      `json:"refund_id,omitempty"`
	CreditNote   string      `json:"credit_note,omitempty"`
	At           time.Time   `json:"-"` // when it was canceled or taken back, by Stripe's clock; zero: not told
	// Why it ends, in Stripe's own words: receipts are kept, and so hold none of the customer's.
	Reason   string `json:"reason,omitempty"`
	Feedback string `json:"feedback,omitempty"`
}

// endParams are the same bytes for the same action and key; see refundParams.
type endParams struct {
	stripe.Params `form:"*"`

	AtPeriodEnd *bool    `form:"cancel_at_period_end"` // a pointer, since false is left out otherwise
	Details     *leaving `form:"cancellation_details"`
	Metadata    mark     `form:"metadata"`
}

// leaving is what the customer said about leaving.
type leaving struct {
	Comment  *string `form:"comment"`
	Feedback *string `form:"feedback"`
}

// leavingOf is nil when nothing was said.
func leavingOf(a policies.Cancel) *leaving {
	if a.Comment == "" && a.Feedback == "" {
		return nil
	}
	return &leaving{Comment: given(a.Comment), Feedback: given(string(a.Feedback))}
}

// CancelSubscription cancels as the permit says. At the end of the period is an
// update that can be taken back; at once is final and gives nothing back. With a
// refund, the credit note comes first: under the same key it is made once, and
// what has ended already cannot be ended twice.
func (c *Client) CancelSubscription(ctx context.Context, p *policies.Permit[policies.Cancel]) (Canceled, error) {
	a, key, err := redeemed(p, func(a policies.Cancel) error { return subscriptionID().check(a.Subscription.ID) })
	if err != nil {
		return Canceled{}, err
	}
	switch a.How {
	case policies.AtPeriodEnd:
		return c.setEnd(ctx, a.Subscription.ID, endParams{AtPeriodEnd: stripe.Bool(true), Details: leavingOf(a), Metadata: c.mark(a.Asker, key)})
	case policies.Now:
		return c.end(ctx, a)
	case policies.NowWithRefund:
		return c.refundAndEnd(ctx, a, key)
	}
	return Canceled{}, &fault.Error{Code: fault.Internal, Took: fault.No, Message: "there is no such way to cancel"}
}

// KeepSubscription takes back a cancellation at the end of the period.
func (c *Client) KeepSubscription(ctx context.Context, p *policies.Permit[policies.Keep]) (Canceled, error) {
	a, key, err := redeemed(p, func(a policies.Keep) error { return subscriptionID().check(a.Subscription.ID) })
	if err != nil {
		return Canceled{}, err
	}
	return c.setEnd(ctx, a.Subscription.ID, endParams{AtPeriodEnd: stripe.Bool(false), Metadata: c.mark(a.Asker, key)})
}

func (c *Client) setEnd(ctx context.Context, id string, p endParams) (Canceled, error) {
	p.Context = ctx
	p.SetIdempotencyKey(p.Metadata.Operation)
	ss, end := &stripe.Subscription{}, *p.AtPeriodEnd
	doing := map[bool]string{true: "cancel", false: "keep"}[end]
	if err := c.subscriptions.B.Call(http.MethodPost, "/v1/subscriptions/"+id, c.subscriptions.Key, &p, ss); err != nil {
		return Canceled{}, writeFailed(doing, "subscription "+id, err)
	}
	if ss.ID != id || ss.CancelAtPeriodEnd != end {
		return Canceled{}, writeFailed(doing, "subscription "+id, odd("is not what was asked for"))
	}
	if !end {
		return keptOf(ss), nil
	}
	return canceledOf(ss), nil
}

// end cancels at once. Stripe ignores keys here, and what has ended is gone: that
// is answered like an end, whoever made it.
func (c *Client) end(ctx context.Context, a policies.Cancel) (Canceled, error) {
	p, id := &stripe.SubscriptionCancelParams{}, a.Subscription.ID
	p.Context = ctx
	if said := leavingOf(a); said != nil {
		p.CancellationDetails = &stripe.SubscriptionCancelCancellationDetailsParams{Comment: said.Comment, Feedback: said.Feedback}
	}
	ss, err := c.subscriptions.Cancel(id, p)
	if err == nil && ss.ID == id && ss.Status == stripe.SubscriptionStatusCanceled {
		return canceledOf(ss), nil
	}
	if err == nil {
		err = odd("is not a canceled subscription")
	}
	f := writeFailed("cancel", "subscription "+id, err)
	if fault.CodeOf(f) != fault.NotFound {
		return Canceled{}, f
	}
	if was, found, err := c.ended(ctx, id); err == nil && found {
		return was, nil
	}
	return Canceled{}, f
}

func (c *Client) refundAndEnd(ctx context.Context, a policies.Cancel, key string) (Canceled, error) {
	if a.Refund.Minor <= 0 {
		return Canceled{}, &fault.Error{Code: fault.Internal, Took: fault.No, Message: "there is no unused time to pay back"}
	}
	i, err := c.paidInvoice(ctx, a.Subscription.ID)
	if err != nil {
		return Canceled{}, err
	}
	back, err := c.sendNote(ctx, i.ID, a.Refund, policies.RequestedByCustomer, c.mark(a.Asker, key))
	if err != nil {
		return Canceled{}, writeFailed("refund unused time of", "subscription "+a.Subscription.ID, err)
	}
	out, err := c.end(ctx, a)
	if err != nil { // the money is on its way: whether all was done is for Find to say, and for a second send to complete
		return Canceled{}, inDoubt(err)
	}
	out.Refund, out.RefundID, out.CreditNote = back.Amount, back.ID, back.CreditNote
	return out, nil
}

// inDoubt is an error after a part of an action took effect.
func inDoubt(err error) error {
	f := explain("subscription", err)
	f.Code, f.Took = fault.CodeOf(err), fault.Unknown
	f.Message = "the refund was made, and the subscription may still run"
	f.NextStep = "read it with get_action in a minute; do not repeat it"
	return f
}

// FindCanceled says whether a cancellation took effect. With a refund both must
// have: what is missing is made up for by sending it again.
func (c *Client) FindCanceled(ctx context.Context, a policies.Cancel, key string) (Canceled, bool, error) {
	ss, err := c.subscription(ctx, a.Subscription.ID)
	if err != nil {
		return Canceled{}, false, err
	}
	out := canceledOf(ss)
	over := ss.Status == stripe.SubscriptionStatusCanceled
	switch a.How {
	case policies.AtPeriodEnd:
		return out, over || ss.CancelAtPeriodEnd, nil
	case policies.Now:
		return out, over, nil
	case policies.NowWithRefund:
	}
	i, err := c.paidInvoice(ctx, a.Subscription.ID)
	if err != nil {
		return Canceled{}, false, err
	}
	back, made, err := c.findNote(ctx, i.ID, key)
	if err != nil {
		return Canceled{}, false, readFailed("credit notes of invoice "+i.ID, err)
	}
	out.Refund, out.RefundID, out.CreditNote = back.Amount, back.ID, back.CreditNote
	return out, over && made, nil
}

// FindKept says whether a subscription goes on.
func (c *Client) FindKept(ctx context.Context, a policies.Keep, _ string) (Canceled, bool, error) {
	ss, err := c.subscription(ctx, a.Subscription.ID)
	if err != nil {
		return Canceled{}, false, err
	}
	return keptOf(ss), runs(ss.Status) && !ss.CancelAtPeriodEnd, nil
}

func (c *Client) ended(ctx context.Context, id string) (Canceled, bool, error) {
	ss, err := c.subscription(ctx, id)
	if err != nil {
		return Canceled{}, false, err
	}
	return canceledOf(ss), ss.Status == stripe.SubscriptionStatusCanceled, nil
}

func canceledOf(ss *stripe.Subscription) Canceled {
	out := Canceled{Subscription: ss.ID, Status: string(ss.Status), EndsAt: endOf(ss), At: at(ss.CanceledAt)}
	if d := ss.CancellationDetails; d != nil && !out.EndsAt.IsZero() {
		out.Reason, out.Feedback = word(string(d.Reason)), word(string(d.Feedback))
	}
	return out
}

// keptOf is a subscription that goes on. Stripe forgets when that was decided, and
// tells the time of its answer.
func keptOf(ss *stripe.Subscription) Canceled {
	out := canceledOf(ss)
	out.At = answeredAt(ss.LastResponse)
	return out
}

// endOf is when a subscription ended or is set to end; zero when it renews.
func endOf(ss *stripe.Subscription) time.Time {
	switch {
	case ss.EndedAt != 0:
		return at(ss.EndedAt)
	case ss.CancelAt != 0:
		return at(ss.CancelAt)
	case ss.CancelAtPeriodEnd:
		return at(ss.CurrentPeriodEnd)
	}
	return time.Time{}
}
