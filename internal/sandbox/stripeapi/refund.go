package stripeapi

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Refund is money on its way back.
type Refund struct {
	ID            string
	Charge        string
	Amount        int64     // minor units; what was captured when 0
	Currency      string    // the charge's when ""
	Created       time.Time // the clock's now when zero
	Status        string    // "succeeded" when "", or "pending", "requires_action", "failed", "canceled"
	Reason        string    // "duplicate", "fraudulent", "requested_by_customer" or none
	FailureReason string    // of a failed refund
	Reference     string    // the acquirer's reference number, by which a bank finds the money
	Reversed      bool      // of Connect: the connected account's share was taken back
	FeeRefunded   bool      // of Connect: so was the platform's fee, in proportion
	Metadata      map[string]string
	Later         Course // what becomes of it

	due time.Time // when Later happens; zero for never
}

// Course is how refunds go that do not succeed at once: they begin in one
// status and may end in another. The zero value is to succeed at once.
type Course struct {
	Begin         string        // "succeeded" when ""
	End           string        // "" to stay in Begin
	After         time.Duration // from creation to End, on the sandbox's clock
	FailureReason string        // of End "failed"; "unknown" when ""
}

func (r *Refund) stamp() (string, time.Time) { return r.ID, r.Created }

// AddRefund seeds a refund, which counts against what is left of its charge.
// Seed the charge first.
func (s *Server) AddRefund(r Refund) {
	s.seed(func(now time.Time) {
		r.Created = orNow(r.Created, now)
		r.Metadata = maps.Clone(r.Metadata)
		if c, ok := s.charges.byID[r.Charge]; ok {
			r.Currency = cmp.Or(r.Currency, c.Currency)
			r.Amount = cmp.Or(r.Amount, c.AmountCaptured)
		}
		r.start(r.Later)
		s.refunds.put(&r)
	})
}

// Refunds lists every refund, oldest first. One that a credit note made has the
// note's metadata here, since it has none of its own.
func (s *Server) Refunds() []Refund {
	return all(s, func() []*Refund { return s.withNotes(s.refunds.rows) })
}

// RefundsOf lists the refunds of a charge, oldest first; see Refunds.
func (s *Server) RefundsOf(charge string) []Refund {
	return all(s, func() []*Refund {
		return s.withNotes(only(s.refunds.rows, func(r *Refund) bool { return r.Charge == charge }))
	})
}

func (s *Server) withNotes(rows []*Refund) []*Refund {
	out := slices.Clone(rows)
	for _, n := range s.creditNotes.rows {
		if i := slices.IndexFunc(out, func(r *Refund) bool { return r.ID == n.Refund }); i >= 0 && len(out[i].Metadata) == 0 {
			told := *out[i]
			told.Metadata, out[i] = n.Metadata, &told
		}
	}
	return out
}

// start sets a refund on its course.
func (r *Refund) start(c Course) {
	r.Later = c
	r.Status = cmp.Or(r.Status, c.Begin, "succeeded")
	if c.End != "" {
		r.due = r.Created.Add(c.After)
	}
}

// endRefund ends a refund when its time has come.
func (s *Server) endRefund(r *Refund, status, reason string) {
	r.end(status, reason)
	s.emit("charge.refund.updated", s.renderRefund(r))
	if status == "failed" {
		s.emit("refund.failed", s.renderRefund(r))
	}
}

func (r *Refund) end(status, reason string) {
	r.Status, r.due = status, time.Time{}
	if status == "failed" {
		r.FailureReason = cmp.Or(reason, "unknown")
	}
}

// counts reports whether the money is gone from the charge; it comes back when
// a refund fails or is canceled.
func (r *Refund) counts() bool { return r.Status != "failed" && r.Status != "canceled" }

func (s *Server) listRefunds(p *params) action {
	charge, intent := known(p, s.charges, "charge"), known(p, s.intents, "payment_intent")
	return list(p, s.refunds, "/v1/refunds", func(r *Refund) bool {
		return wanted(charge, r.Charge) && wanted(intent, s.intentOf(r.Charge))
	})
}

// cancelRefund is possible only while a refund waits for the customer.
// See https://docs.stripe.com/api/refunds/cancel.
func (s *Server) cancelRefund(p *params) action {
	id := p.path("id")
	return func() (object, *apiError) {
		r, err := s.refunds.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		if r.Status != "requires_action" {
			return nil, invalid("", "", "You cannot cancel a refund with status %s: only refunds with status requires_action can be canceled.", r.Status)
		}
		r.end("canceled", "")
		return s.renderRefund(r), nil
	}
}

func (s *Server) renderRefund(r *Refund) object {
	o := object{
		"id":                  r.ID,
		"object":              "refund",
		"amount":              r.Amount,
		"balance_transaction": nil,
		"charge":              r.Charge,
		"created":             r.Created.Unix(),
		"currency":            r.Currency,
		"destination_details": object{"type": "card", "card": r.destination()},
		"metadata":            pairs(r.Metadata),
		"payment_intent":      orNull(s.intentOf(r.Charge)),
		"reason":              orNull(r.Reason),
		"receipt_number":      nil,
		"status":              r.Status,
	}
	if r.Reversed {
		o["transfer_reversal"] = "trr_" + strings.TrimPrefix(r.ID, "re_")
	}
	if r.Status == "requires_action" {
		o["next_action"] = object{"type": "display_details", "display_details": object{"expires_at": r.Created.AddDate(0, 0, 45).Unix()}}
	}
	if r.Status == "succeeded" || r.Status == "failed" {
		o["balance_transaction"] = transactionOf(r.ID)
	}
	if r.Status == "failed" {
		o["failure_reason"] = cmp.Or(r.FailureReason, "unknown")
		o["failure_balance_transaction"] = transactionOf(r.ID + "_returned")
	}
	return o
}

func (r *Refund) destination() object {
	if r.Reference == "" {
		return object{"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"}
	}
	return object{"type": "refund", "reference": r.Reference, "reference_status": "available", "reference_type": "acquirer_reference_number"}
}
