package stripeapi

import (
	"cmp"
	"time"
)

// prorate leaves credit for the rest of a period on the customer's next invoice.
func (s *Server) prorate(sub *Subscription, at time.Time) {
	c, ok := s.customers.byID[sub.Customer]
	whole := sub.PeriodEnd.Sub(sub.PeriodStart)
	if !ok || whole <= 0 || sub.Status == "trialing" {
		return
	}
	for _, item := range sub.Items {
		p, known := s.prices.byID[item.Price]
		if !known {
			continue
		}
		full := p.Amount * cmp.Or(item.Quantity, 1)
		unused := full * int64(sub.PeriodEnd.Sub(at)/time.Second) / int64(whole/time.Second)
		c.pending = append(c.pending, Line{
			Description: "Unused time on " + p.Nickname, Amount: -unused, Tax: -unused * sub.TaxPercent / 100,
			Price: p.ID, Quantity: cmp.Or(item.Quantity, 1), Start: at, End: sub.PeriodEnd, Proration: true,
		})
	}
}

// billPending makes an invoice of what was waiting for the next one.
func (s *Server) billPending(sub *Subscription, at time.Time) {
	i := &Invoice{ID: s.next("in"), Customer: sub.Customer, Subscription: sub.ID, Created: at, Status: "open", Currency: s.currencyOf(sub), Reason: "subscription_update"}
	s.takePending(i)
	if len(i.Lines) == 0 {
		return
	}
	s.keepInvoice(i)
	s.collect(i, at)
}
