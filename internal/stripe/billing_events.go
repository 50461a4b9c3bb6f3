package stripe

import (
	"context"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/segments"
)

// billingEvents are the types of events that facts of billing follow, 20 at most
// (https://docs.stripe.com/api/events/list). Other events about the same objects
// come along with one of these.
func billingEvents() []string {
	return []string{
		"customer.created", "customer.updated", "customer.deleted",
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted", "customer.subscription.paused", "customer.subscription.resumed",
		"charge.succeeded", "charge.captured", "charge.failed", "charge.refunded", "charge.refund.updated",
		"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
		"payment_method.attached", "payment_method.detached", "payment_method.updated", "payment_method.automatically_updated",
	}
}

// BillingEvents implements segments.Source. Of an event's object only ids are
// taken: it is rendered in the account's version of the API, and as it was then.
func (c *Client) BillingEvents(ctx context.Context, since time.Time, each func(segments.Event) error) error {
	get := page[stripe.Event](func(p stripe.ListParams) ([]*stripe.Event, stripe.ListMeta, error) {
		it := c.events.List(&stripe.EventListParams{ListParams: p, Types: stripe.StringSlice(billingEvents()), CreatedRange: between(since, time.Time{})})
		return it.EventList().Data, it.EventList().ListMeta, it.Err()
	})
	return walk(ctx, get, func(e *stripe.Event) (string, error) {
		return e.ID, each(segments.Event{ID: e.ID, Changed: changedBy(e)})
	}, "events")
}

// changedBy names the objects that an event is about.
func changedBy(e *stripe.Event) []segments.Ref {
	if e.Data == nil {
		return nil
	}
	var out []segments.Ref
	add := func(kind segments.Kind, k kind, ids ...string) {
		for _, id := range ids {
			if k.check(id) == nil {
				out = append(out, segments.Ref{Kind: kind, ID: id})
			}
		}
	}
	object, before := e.Data.Object, e.Data.PreviousAttributes
	switch t := string(e.Type); {
	case strings.HasPrefix(t, "customer.subscription."):
		add(segments.Subscriptions, subscriptionID(), idIn(object, "id"))
	case strings.HasPrefix(t, "customer."):
		add(segments.Customers, customerID(), idIn(object, "id"))
	case strings.HasPrefix(t, "charge.dispute."):
		add(segments.Disputes, disputeID(), idIn(object, "id"))
	case t == "charge.refund.updated":
		add(segments.Charges, chargeID(), idIn(object, "charge"))
	case strings.HasPrefix(t, "charge."):
		add(segments.Charges, chargeID(), idIn(object, "id"))
	case strings.HasPrefix(t, "payment_method."):
		add(segments.Wallets, customerID(), idIn(object, "customer"), idIn(before, "customer"))
	}
	return out
}

// idIn is the id in a field, which holds it, or the object that it names.
func idIn(object map[string]any, field string) string {
	if inner, ok := object[field].(map[string]any); ok {
		return idIn(inner, "id")
	}
	id, _ := object[field].(string)
	return id
}
