package stripeapi

import (
	"maps"
	"slices"
	"time"
)

// eventVersion is the API version in which events are rendered. Stripe renders
// them at the account's own version, whatever version a client asks for; the
// sandbox's account is newer than its clients, so that nobody relies on luck.
// See https://docs.stripe.com/webhooks/versioning.
const eventVersion = "2026-08-26.dahlia"

// eventLife is how long the feed keeps an event.
// See https://docs.stripe.com/api/events.
const eventLife = 30 * 24 * time.Hour

// Event says what happened to an object, as the object was then. Seeding makes
// none.
type Event struct {
	ID      string
	Type    string // such as "charge.refunded"
	Created time.Time
	object  object // at version 2023-10-16
	request string // id of the request that caused it; "" when time did
}

func (e *Event) stamp() (string, time.Time) { return e.ID, e.Created }

// Events lists what happened, oldest first.
func (s *Server) Events() []Event {
	return all(s, func() []*Event { return s.events.rows })
}

// emit writes down what happened. The caller holds the lock.
func (s *Server) emit(kind string, o object) {
	e := &Event{ID: s.next("evt"), Type: kind, Created: s.now(), object: o}
	if s.at.IsZero() {
		e.request = s.lastRequest()
	}
	s.events.put(e)
}

func (s *Server) listEvents(p *params) action {
	kind, kinds := p.text("type"), p.array("types")
	return list(p, s.events, "/v1/events", func(e *Event) bool {
		return wanted(kind, e.Type) && (len(kinds) == 0 || slices.Contains(kinds, e.Type)) &&
			s.clock.Now().Sub(e.Created) < eventLife
	})
}

func (s *Server) renderEvent(e *Event) object { return e.render(eventVersion) }

func (e *Event) render(version string) object {
	return object{
		"id":               e.ID,
		"object":           "event",
		"api_version":      version,
		"created":          e.Created.Unix(),
		"data":             object{"object": atVersion(version, e.object)},
		"livemode":         false,
		"pending_webhooks": 0,
		"request":          object{"id": orNull(e.request), "idempotency_key": nil},
		"type":             e.Type,
	}
}

// atVersion is an object as a version renders it. From 2025-03-31.basil on a
// subscription's period stands at its items, and what ties charges, intents and
// invoices together has moved (https://docs.stripe.com/changelog/basil).
func atVersion(version string, o object) object {
	if version < "2025-03-31" {
		return o
	}
	out := maps.Clone(o)
	switch o["object"] {
	case "subscription":
		delete(out, "current_period_start")
		delete(out, "current_period_end")
		delete(out, "discount")
		out["items"] = periodAtItems(o)
	case "charge", "payment_intent":
		delete(out, "invoice")
	case "invoice":
		for _, gone := range []string{"charge", "payment_intent", "paid", "subscription", "discount", "tax"} {
			delete(out, gone)
		}
		out["parent"] = nil
		if o["subscription"] != nil {
			out["parent"] = object{
				"type": "subscription_details", "quote_details": nil,
				"subscription_details": object{"metadata": object{}, "subscription": o["subscription"]},
			}
		}
	}
	return out
}

func periodAtItems(sub object) any {
	items, ok := sub["items"].(object)
	if !ok {
		return sub["items"]
	}
	out, data := maps.Clone(items), []object{}
	for _, item := range items["data"].([]object) {
		moved := maps.Clone(item)
		moved["current_period_start"], moved["current_period_end"] = sub["current_period_start"], sub["current_period_end"]
		data = append(data, moved)
	}
	out["data"] = data
	return out
}
