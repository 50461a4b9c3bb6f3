package policies

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"supportmcp/internal/money"
)

func (p *RefundRules) window(created, now time.Time) Finding {
	age := min(max(0, now.Sub(created)), forever)
	unit := ageUnit(age)
	f := Finding{Rule: "refund.window", Effect: Allow, Limit: FormatSpan(p.Window), Actual: FormatSpan(age.Truncate(unit))}
	if age > p.Window {
		// Rounded up, so that no denial reads "limit 30d, actual 30d".
		f.Actual = FormatSpan((age + unit - 1).Truncate(unit))
		f.Effect, f.Message, f.NextStep = Deny, "the charge is older than the refund window", "hand the conversation to a person"
	}
	return f
}

// ageUnit is the precision in which an age is told.
func ageUnit(age time.Duration) time.Duration {
	if age >= 2*day {
		return day
	}
	return time.Hour
}

func (p *RefundRules) inquiry(d DisputeState) Finding {
	if d != DisputeRefundable {
		return Finding{Rule: "refund.inquiry", Effect: Allow}
	}
	return permitted("refund.inquiry", p.Inquiry, "refund while the customer's bank asks about the payment")
}

// connect lets money of a connected account go only in the one way that the policy
// names, which the refund must have been proposed with.
func (p *RefundRules) connect(r *Refund) []Finding {
	if !r.Charge.Connected && r.From == "" {
		return nil
	}
	f := Finding{Rule: "refund.connect", Effect: Deny, Limit: string(p.Connect), Actual: string(r.From), NextStep: "hand the conversation to a person"}
	switch {
	case p.Connect == "" || !r.Charge.Connected:
		f.Message = "money of a connected account is involved"
	case r.From != p.Connect:
		f.Message, f.NextStep = "the policy has such refunds come from elsewhere now", "ask again"
	case r.From == FromAccount && !r.Charge.Transferred:
		f.Message = "the connected account got no share of this payment that could be taken back"
	default:
		f.Effect, f.NextStep = Allow, ""
	}
	return []Finding{f}
}

// share limits how much of a charge is given back, earlier refunds included, so
// that many small ones do not pass it.
func (p *RefundRules) share(r *Refund) []Finding {
	if p.MaxPercent == 0 {
		return nil
	}
	whole := r.Charge.Amount
	most := percentOf(whole.Minor, p.MaxPercent)
	refunded := whole.Minor - r.Charge.Remaining.Minor
	f := Finding{
		Rule: "refund.max_percent", Effect: Allow, Limit: strconv.FormatInt(p.MaxPercent, 10) + " %",
		Actual:        money.Of(add(refunded, r.Amount.Minor), whole.Currency).String() + " of " + whole.String(),
		MaxAllowedNow: money.Of(max(0, most-refunded), whole.Currency),
	}
	if add(refunded, r.Amount.Minor) > most {
		f.Effect, f.Message = Deny, "more of this payment than may be refunded"
		f.NextStep = "ask for no more than max_allowed_now, or hand the conversation to a person"
	}
	return []Finding{f}
}

// percentOf rounds down, and does not overflow.
func percentOf(minor, percent int64) int64 {
	return minor/100*percent + minor%100*percent/100
}

// risk takes a level that Stripe did not tell for the one that is treated most
// strictly.
func (p *RefundRules) risk(level string) []Finding {
	if len(p.Risk) == 0 {
		return nil
	}
	e, listed := p.Risk[level]
	switch {
	case level == "":
		level, e = "not known", slices.Min(slices.Collect(maps.Values(p.Risk)))
	case !listed:
		e = Allow
	}
	f := permitted("refund.risk", e, "refund a payment of this risk")
	f.Actual = level
	return []Finding{f}
}

// reason can only restrict: what an agent states is no evidence.
func (p *Policy) reason(r *Refund) Finding {
	_, duplicate := p.DuplicateOf(*r)
	f := Finding{Rule: "refund.reason", Effect: p.Refund.stated(r.Reason), Actual: string(r.Reason)}
	switch {
	case f.Effect != Allow && r.Reason == Fraudulent:
		f.Message = "a refund as fraudulent blocks the customer's card and e-mail"
	case f.Effect != Allow:
		f.Message = "the policy does not let an agent refund for this reason alone"
	case r.Reason == Duplicate && !duplicate:
		f.Effect = NeedsApproval
		f.Message = "no second payment of this amount within " + FormatSpan(p.Refund.DuplicateWithin) + " was found"
	}
	if f.Effect == Deny {
		f.NextStep = "hand the conversation to a person"
	}
	return f
}

// stated is what the policy says of a reason as such. One that is not listed is
// allowed, but for fraud.
func (p *RefundRules) stated(r Reason) Effect {
	if e, listed := p.Reasons[r]; listed {
		return e
	}
	if r == Fraudulent {
		return Deny
	}
	return Allow
}

// DuplicateOf is the twin that makes the refund's charge a duplicate under this
// policy, if there is one. A nil policy knows of none.
func (p *Policy) DuplicateOf(r Refund) (Twin, bool) {
	if p == nil || p.Refund == nil {
		return Twin{}, false
	}
	for _, t := range r.Twins {
		if t.Charge != r.Charge.ID && t.CreatedAt.Sub(r.Charge.CreatedAt).Abs() <= p.Refund.DuplicateWithin {
			return t, true
		}
	}
	return Twin{}, false
}
