package stripeapi

import (
	"maps"
	"slices"
	"strings"
)

// place is where the object is that a field leads to.
type place int

const (
	byID     place = iota // elsewhere: the field holds its id
	included              // elsewhere: the field is absent until it is expanded
	inside                // right there, always
)

// link is a field that leads to another object, and so may stand in a path of expand[].
type link struct {
	kind string
	at   place
}

// links are the fields of an object that lead on. A list of charges has the
// kind "[]charge". See https://docs.stripe.com/expand.
func links(kind string) map[string]link {
	if of, ok := strings.CutPrefix(kind, "[]"); ok {
		return map[string]link{"data": {of, inside}}
	}
	switch kind {
	case "customer":
		return map[string]link{
			"default_source":   {"payment_source", byID},
			"invoice_settings": {"invoice_settings", inside},
			"subscriptions":    {"[]subscription", included},
		}
	case "invoice_settings":
		return map[string]link{"default_payment_method": {"payment_method", byID}}
	case "payment_method":
		return map[string]link{"customer": {"customer", byID}}
	case "payment_intent":
		return map[string]link{
			"customer": {"customer", byID}, "invoice": {"invoice", byID},
			"latest_charge": {"charge", byID}, "payment_method": {"payment_method", byID},
		}
	case "charge":
		return map[string]link{
			"balance_transaction": {"balance_transaction", byID}, "customer": {"customer", byID},
			"dispute": {"dispute", byID}, "invoice": {"invoice", byID},
			"payment_intent": {"payment_intent", byID}, "refunds": {"[]refund", included},
		}
	case "refund":
		return map[string]link{
			"balance_transaction": {"balance_transaction", byID}, "charge": {"charge", byID},
			"payment_intent": {"payment_intent", byID},
		}
	case "dispute":
		return map[string]link{"charge": {"charge", byID}, "payment_intent": {"payment_intent", byID}}
	case "price":
		return map[string]link{"product": {"product", byID}}
	case "subscription":
		return map[string]link{
			"customer": {"customer", byID}, "default_payment_method": {"payment_method", byID},
			"items": {"[]subscription_item", inside}, "latest_invoice": {"invoice", byID}, "discounts": {"discount", byID},
		}
	case "credit_note":
		return map[string]link{
			"customer": {"customer", byID}, "invoice": {"invoice", byID}, "refund": {"refund", byID}, "lines": {"[]credit_note_line_item", inside},
			"customer_balance_transaction": {"customer_balance_transaction", byID},
		}
	case "discount":
		return map[string]link{"customer": {"customer", byID}, "promotion_code": {"promotion_code", byID}}
	case "subscription_item", "line_item":
		return map[string]link{"price": {"price", inside}}
	case "invoice":
		return map[string]link{
			"charge": {"charge", byID}, "customer": {"customer", byID}, "default_payment_method": {"payment_method", byID}, "lines": {"[]line_item", inside},
			"payment_intent": {"payment_intent", byID}, "subscription": {"subscription", byID},
		}
	}
	return nil
}

// expand reads expand[] and refuses paths that lead nowhere, before anything is executed.
func (p *params) expand(kind string) [][]string {
	const deepest = 4
	var paths [][]string
	for _, path := range p.array("expand") {
		steps := strings.Split(path, ".")
		if len(steps) > deepest {
			p.refuse(invalid("property_expansion_max_depth", "expand",
				"You cannot expand more than %d levels of a property. Property: %s", deepest, path))
		} else if !expandable(kind, steps) {
			p.refuse(invalid("", "expand", "This property cannot be expanded (%s).%s", path, hint(kind, steps)))
		}
		paths = append(paths, steps)
	}
	return paths
}

// array reads a parameter written as name[]=a or name[0]=a.
func (p *params) array(name string) []string {
	var out []string
	for _, full := range slices.Sorted(maps.Keys(p.values)) {
		if strings.HasPrefix(full, name+"[") {
			p.read[full] = true
			out = append(out, p.values[full]...)
		}
	}
	return out
}

func expandable(kind string, steps []string) bool {
	for i, step := range steps {
		l, ok := links(kind)[step]
		last := i == len(steps)-1
		if !ok || last && l.at == inside && !strings.HasPrefix(l.kind, "[]") {
			return false
		}
		kind = l.kind
	}
	return true
}

// hint tells those who forgot that lists hold their objects under data.
func hint(kind string, steps []string) string {
	if strings.HasPrefix(kind, "[]") && expandable(kind, append([]string{"data"}, steps...)) {
		return " You may want to try expanding 'data." + strings.Join(steps, ".") + "' instead."
	}
	return ""
}

// expand puts the objects on a path in the place of their ids. An id that names
// nothing stays an id.
func (s *Server) expand(kind string, o object, path []string) {
	if len(path) == 0 {
		return
	}
	step, rest := path[0], path[1:]
	l := links(kind)[step]
	switch l.at {
	case byID:
		if ids, ok := o[step].([]string); ok {
			o[step] = s.expandIDs(l.kind, ids)
		} else if id, ok := o[step].(string); ok {
			if found := s.load(l.kind, id); found != nil {
				o[step] = found
			}
		}
	case included:
		if _, there := o[step]; !there {
			id, _ := o["id"].(string)
			o[step] = s.include(kind+"."+step, id)
		}
	case inside:
	}
	switch next := o[step].(type) {
	case object:
		s.expand(l.kind, next, rest)
	case []object:
		for _, member := range next {
			s.expand(l.kind, member, rest)
		}
	}
}

// load renders the object with this id, or nil.
func (s *Server) load(kind, id string) object {
	switch kind {
	case "balance_transaction":
		return s.balanceTransaction(id)
	case "charge":
		return s.charges.object(id)
	case "customer":
		return s.customers.object(id)
	case "credit_note":
		return s.creditNotes.object(id)
	case "customer_balance_transaction":
		return s.balances.object(id)
	case "discount":
		return s.discountObject(id)
	case "dispute":
		return s.disputes.object(id)
	case "invoice":
		return s.invoices.object(id)
	case "payment_intent":
		return s.intents.object(id)
	case "payment_method":
		return s.paymentMethods.object(id)
	case "product":
		return s.products.object(id)
	case "promotion_code":
		return s.promotionCodes.object(id)
	case "refund":
		return s.refunds.object(id)
	case "subscription":
		return s.subscriptions.object(id)
	}
	return nil
}

// include renders a list that is part of an object only when asked for.
func (s *Server) include(field, id string) object {
	switch field {
	case "charge.refunds":
		return first(s.refunds, "/v1/charges/"+id+"/refunds", func(r *Refund) bool { return r.Charge == id })
	case "customer.subscriptions":
		return first(s.subscriptions, "/v1/customers/"+id+"/subscriptions",
			func(sub *Subscription) bool { return sub.Customer == id && !sub.ended() })
	}
	return nil
}

// first is the beginning of a list, as it is shown inside another object.
func first[T record](t *table[T], url string, keep func(T) bool) object {
	const shown = 10
	rows := t.newest(keep)
	return listing(t, url, rows[:min(len(rows), shown)], len(rows) > shown)
}
