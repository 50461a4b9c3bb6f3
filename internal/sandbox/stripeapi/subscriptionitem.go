package stripeapi

import (
	"cmp"
	"strconv"
	"strings"
)

func (s *Server) renderItems(sub *Subscription) object {
	data := []object{}
	for i, item := range sub.Items {
		data = append(data, object{
			"id":           cmp.Or(item.ID, itemID(sub.ID, i)),
			"object":       "subscription_item",
			"created":      sub.Created.Unix(),
			"metadata":     object{},
			"price":        s.priceInside(item.Price),
			"quantity":     cmp.Or(item.Quantity, 1),
			"subscription": sub.ID,
		})
	}
	return object{"object": "list", "url": "/v1/subscription_items?subscription=" + sub.ID, "has_more": false, "data": data}
}

// itemID numbers the second item and the following ones: si_maria, si_maria_2.
func itemID(subscription string, i int) string {
	id := "si_" + strings.TrimPrefix(subscription, "sub_")
	if i == 0 {
		return id
	}
	return id + "_" + strconv.Itoa(i+1)
}

// priceInside is a price where Stripe puts the whole object: in items and in
// invoice lines. It is null on the wire when the story has not seeded it.
func (s *Server) priceInside(id string) any {
	if p := s.prices.object(id); p != nil {
		return p
	}
	return nil
}
