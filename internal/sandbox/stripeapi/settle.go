package stripeapi

import "time"

// settle lets everything happen that was due by now, each at its own moment and
// in the order of those moments: refunds end, disputes close, subscriptions end
// or are billed for their next period. However many hours or months passed since
// the last request, what happened is the same.
func (s *Server) settle(now time.Time) {
	defer func() { s.at = time.Time{} }()
	for {
		at, happen := s.nextDue()
		if happen == nil || at.After(now) {
			return
		}
		s.at = at
		happen()
	}
}

// now is the moment at which something happens: when it was due, or else the clock's.
func (s *Server) now() time.Time {
	if !s.at.IsZero() {
		return s.at
	}
	return s.clock.Now()
}

// nextDue is what happens next; of what is due at one moment, what was made first.
func (s *Server) nextDue() (at time.Time, happen func()) {
	consider := func(due time.Time, what func()) {
		if !due.IsZero() && (happen == nil || due.Before(at)) {
			at, happen = due, what
		}
	}
	for _, r := range s.refunds.rows {
		if !r.due.IsZero() {
			consider(r.due, func() { s.endRefund(r, r.Later.End, r.Later.FailureReason) })
		}
	}
	for _, d := range s.disputes.rows {
		if d.open() && d.Closing.End != "" {
			consider(d.Created.Add(d.Closing.After), func() { s.closeDispute(d, d.Closing.End) })
		}
	}
	for _, sub := range s.subscriptions.rows {
		if due, what := s.turn(sub); what != nil {
			consider(due, what)
		}
	}
	return at, happen
}
