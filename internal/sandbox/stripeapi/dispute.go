package stripeapi

import (
	"cmp"
	"strings"
	"time"
)

// Dispute is a customer's objection, raised at the bank.
type Dispute struct {
	ID      string
	Charge  string
	Amount  int64     // minor units; the charge's amount when 0
	Created time.Time // the clock's now when zero
	Reason  string    // "general" when ""
	Status  string    // "needs_response" when ""; those that begin with "warning_" are inquiries
	Due     time.Time // of the evidence; a week after Created when zero
	Closing Course    // how it ends: End is "won", "lost" or "warning_closed"

	// Refundable says whether the charge can still be refunded; nil means what
	// Stripe does: an inquiry can, a chargeback cannot.
	Refundable *bool
}

func (d *Dispute) stamp() (string, time.Time) { return d.ID, d.Created }

// AddDispute seeds a dispute of a charge. Refunds of the charge that are still
// pending fail when the dispute takes the money.
func (s *Server) AddDispute(d Dispute) {
	s.seed(func(now time.Time) {
		d.Created = orNow(d.Created, now)
		d.Reason = cmp.Or(d.Reason, "general")
		d.Status = cmp.Or(d.Status, "needs_response")
		if c, ok := s.charges.byID[d.Charge]; ok {
			d.Amount = cmp.Or(d.Amount, c.Amount)
		}
		if d.Due.IsZero() {
			d.Due = d.Created.AddDate(0, 0, 7)
		}
		s.disputes.put(&d)
		s.failPending(&d)
	})
}

// OpenDispute is AddDispute for what happens now: it makes an event.
func (s *Server) OpenDispute(d Dispute) {
	s.AddDispute(d)
	s.seed(func(time.Time) { s.emit("charge.dispute.created", s.disputes.object(d.ID)) })
}

// CloseDispute ends a dispute as "won", "lost" or "warning_closed".
func (s *Server) CloseDispute(id, status string) {
	s.seed(func(time.Time) {
		if d, ok := s.disputes.byID[id]; ok {
			s.closeDispute(d, status)
		}
	})
}

func (s *Server) closeDispute(d *Dispute, status string) {
	d.Status = status
	s.emit("charge.dispute.closed", s.renderDispute(d))
}

// open reports whether a dispute is not decided yet.
func (d *Dispute) open() bool {
	return d.Status != "won" && d.Status != "lost" && d.Status != "warning_closed"
}

// failPending fails refunds under way when a dispute takes the money.
func (s *Server) failPending(d *Dispute) {
	if d.refundable() {
		return
	}
	for _, r := range s.refunds.rows {
		if r.Charge == d.Charge && r.Status == "pending" {
			r.end("failed", "charge_for_pending_refund_disputed")
		}
	}
}

func (d *Dispute) refundable() bool {
	if d.Refundable != nil {
		return *d.Refundable
	}
	return strings.HasPrefix(d.Status, "warning_") || d.Status == "won"
}

// disputeOf is the latest dispute of a charge.
func (s *Server) disputeOf(charge string) (*Dispute, bool) {
	return s.disputes.latest(func(d *Dispute) bool { return d.Charge == charge })
}

func (s *Server) listDisputes(p *params) action {
	charge, intent := known(p, s.charges, "charge"), known(p, s.intents, "payment_intent")
	return list(p, s.disputes, "/v1/disputes", func(d *Dispute) bool {
		return wanted(charge, d.Charge) && wanted(intent, s.intentOf(d.Charge))
	})
}

// intentOf is the PaymentIntent that a charge belongs to.
func (s *Server) intentOf(charge string) string {
	if c, ok := s.charges.byID[charge]; ok {
		return c.PaymentIntent
	}
	return ""
}

func (s *Server) renderDispute(d *Dispute) object {
	currency := "usd"
	if c, ok := s.charges.byID[d.Charge]; ok {
		currency = c.Currency
	}
	return object{
		"id":                   d.ID,
		"object":               "dispute",
		"amount":               d.Amount,
		"balance_transactions": []object{},
		"charge":               d.Charge,
		"created":              d.Created.Unix(),
		"currency":             currency,
		"evidence":             object{},
		"evidence_details": object{
			"due_by": d.Due.Unix(), "has_evidence": false, "past_due": s.clock.Now().After(d.Due), "submission_count": 0,
		},
		"is_charge_refundable": d.refundable(),
		"livemode":             false,
		"metadata":             object{},
		"payment_intent":       orNull(s.intentOf(d.Charge)),
		"reason":               d.Reason,
		"status":               d.Status,
	}
}
