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

// plan reads who asks, the subscription that is meant, and what the policy's rules
// for a kind look at besides. The subscription is the one that is named, or the
// only one that the asker has. Whose a named one is, the guard judges.
func (d Deps) plan(ctx context.Context, id conversationID, named planID, k policies.Kind) (policies.Asker, stripe.Subscription, policies.Traits, error) {
	t, s, err := d.planOf(ctx, id, string(named), k)
	if err != nil {
		return t.Asker, s, policies.Traits{}, err
	}
	wants := d.Guard.Policy().Wants(k)
	b, err := d.background(ctx, s.Customer, wants)
	return t.Asker, s, traitsOf(t.Conversation, b, wants), err
}

func (d Deps) planOf(ctx context.Context, id conversationID, named string, k policies.Kind) (t ticket, s stripe.Subscription, err error) {
	if named == "" {
		return d.onlyPlan(ctx, id)
	}
	var unread error // told after the conversation: it would otherwise tell whether somebody else's exists
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) { t, err = d.ticket(both, id); return err })
	g.Go(func() error { s, unread = d.Stripe.Subscription(both, named); return nil })
	if err := g.Wait(); err != nil {
		return t, s, err
	}
	if fault.CodeOf(unread) == fault.NotFound {
		return t, s, policies.Unknown(k) // the one answer that the guard gives for somebody else's, too
	}
	return t, s, unread
}

func (d Deps) onlyPlan(ctx context.Context, id conversationID) (t ticket, s stripe.Subscription, err error) {
	if t, err = d.ticket(ctx, id); err != nil {
		return t, s, err
	}
	var found []stripe.Subscription
	for _, tie := range t.Asker.Ties[:min(len(t.Asker.Ties), customers)] {
		subs, err := d.Stripe.Subscriptions(ctx, tie.Customer)
		if err != nil && fault.CodeOf(err) != fault.NotFound {
			return t, s, err
		}
		found = append(found, subs...)
	}
	switch len(found) {
	case 0:
		return t, s, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "this conversation's customer has no subscription that runs",
			NextStep: "read get_billing_overview and tell the customer",
		}
	case 1:
		s, err = d.Stripe.Subscription(ctx, found[0].ID)
		return t, s, err
	}
	return t, s, fault.Invalidf("ask which one is meant and give subscription_id, one of "+plansOf(found), "subscription_id: the customer has %d subscriptions", len(found))
}

// plansOf names a few subscriptions with their plans.
func plansOf(all []stripe.Subscription) string {
	var out []string
	for _, s := range all[:min(len(all), subscriptions)] {
		out = append(out, s.ID+" ("+label(s.Plan, maxLabel)+")")
	}
	return strings.Join(out, ", ")
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

// receipted is such a note, with the entry of the ledger and why it was done.
func receipted(e policies.Entry, a policies.Asker, format string, args ...any) []policies.Followup {
	return noted(a, "%s %s: %s.", fmt.Sprintf(format, args...), e.ID, lawOf(e))
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
