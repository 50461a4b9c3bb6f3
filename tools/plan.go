package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// plan reads who asks, and the subscription that is meant: the one that is named,
// or the only one that the asker has. Whose a named one is, the guard judges.
func (d Deps) plan(ctx context.Context, id conversationID, named string) (policies.Asker, stripe.Subscription, error) {
	if named == "" {
		return d.onlyPlan(ctx, id)
	}
	var t ticket
	var s stripe.Subscription
	var unread error // told after the conversation: it would otherwise tell whether somebody else's exists
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) { t, err = d.ticket(both, id); return err })
	g.Go(func() error { s, unread = d.Stripe.Subscription(both, named); return nil })
	if err := g.Wait(); err != nil {
		return t.Asker, s, err
	}
	if fault.CodeOf(unread) == fault.NotFound {
		return t.Asker, s, policies.UnknownCharge() // the one answer that the guard gives for somebody else's, too
	}
	return t.Asker, s, unread
}

func (d Deps) onlyPlan(ctx context.Context, id conversationID) (policies.Asker, stripe.Subscription, error) {
	t, err := d.ticket(ctx, id)
	if err != nil {
		return t.Asker, stripe.Subscription{}, err
	}
	var found []string
	for _, tie := range t.Asker.Ties[:min(len(t.Asker.Ties), customers)] {
		subs, err := d.Stripe.Subscriptions(ctx, tie.Customer)
		if err != nil && fault.CodeOf(err) != fault.NotFound {
			return t.Asker, stripe.Subscription{}, err
		}
		for _, s := range subs {
			found = append(found, s.ID+" ("+label(s.Plan, maxLabel)+")")
		}
	}
	switch len(found) {
	case 0:
		return t.Asker, stripe.Subscription{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "this conversation's customer has no subscription that runs",
			NextStep: "read get_billing_overview and tell the customer",
		}
	case 1:
		only, _, _ := strings.Cut(found[0], " ")
		s, err := d.Stripe.Subscription(ctx, only)
		return t.Asker, s, err
	}
	return t.Asker, stripe.Subscription{}, fault.Invalidf(
		"ask which one is meant and give subscription_id, one of "+strings.Join(found[:min(len(found), subscriptions)], ", "),
		"subscription_id: the customer has %d subscriptions", len(found))
}

// judged is a subscription as the policy looks at it.
func judged(s stripe.Subscription) policies.Subscription {
	return policies.Subscription{ID: s.ID, Customer: s.Customer, Status: s.Status, EndsAt: s.EndsAt}
}

// noted leaves on the conversation, for colleagues, what was done.
func noted(a policies.Asker, format string, args ...any) []policies.Followup {
	return []policies.Followup{{Kind: policies.KindNote, Input: noteInput{
		Conversation: conversationID(a.Conversation), Body: messageText(fmt.Sprintf(format, args...)),
	}}}
}

// offered reads a coupon only when the policy lists it: other names are not even
// looked up, so that nobody can try out promotion codes.
func (d Deps) offered(ctx context.Context, name string, s stripe.Subscription) (stripe.Offer, error) {
	p := d.Guard.Policy()
	if p == nil || p.Discount == nil || !slices.ContainsFunc(p.Discount.Coupons, func(listed string) bool { return strings.EqualFold(listed, name) }) {
		return stripe.Offer{Coupon: policies.Coupon{ID: name, Usable: true}, Worth: s.Amount}, nil
	}
	return d.Stripe.Offer(ctx, name, s)
}
