package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// Reason is why a refund is asked for, in Stripe's words. It never loosens anything.
type Reason string

// The reasons (https://docs.stripe.com/api/refunds/create#create_refund-reason).
const (
	Duplicate           Reason = "duplicate"
	RequestedByCustomer Reason = "requested_by_customer"
	Fraudulent          Reason = "fraudulent"
)

// DisputeState is what a dispute means for a refund
// (https://docs.stripe.com/api/disputes/object#dispute_object-is_charge_refundable).
type DisputeState string

// The dispute states.
const (
	NoDispute         DisputeState = ""
	DisputeRefundable DisputeState = "refundable" // an inquiry: a refund can still end it
	DisputeBlocks     DisputeState = "blocks"     // a chargeback: the money has been taken back already
)

// Charge is a Stripe charge as far as judging needs it.
type Charge struct {
	ID            string       `json:"id"`
	PaymentIntent string       `json:"payment_intent,omitempty"`
	Customer      string       `json:"customer,omitempty"`
	Amount        money.Money  `json:"amount"`
	Remaining     money.Money  `json:"remaining"` // not yet refunded; refunds under way count as refunded
	Succeeded     bool         `json:"succeeded"` // and paid
	Captured      bool         `json:"captured"`
	Dispute       DisputeState `json:"dispute,omitempty"`
	Connected     bool         `json:"connected,omitempty"` // money of a connected account is involved
	CreatedAt     time.Time    `json:"created_at"`
}

// Twin is another succeeded, unrefunded charge of the same customer and amount.
// Whether a charge is a duplicate is computed from twins, never taken from an agent.
type Twin struct {
	Charge    string    `json:"charge"`
	CreatedAt time.Time `json:"created_at"`
}

// Refund gives back a charge in full or in part.
type Refund struct {
	Asker  Asker       `json:"asker"`
	Charge Charge      `json:"charge"`
	Amount money.Money `json:"amount"` // resolved: what Stripe will be asked for
	Rest   bool        `json:"rest"`   // asked as "what remains" instead of an amount
	Reason Reason      `json:"reason"`
	Twins  []Twin      `json:"twins"`
}

// RefundRules is the refund section of a policy.
type RefundRules struct {
	Currencies      map[money.Currency]Limits
	Window          time.Duration // since the charge
	DuplicateWithin time.Duration // how close two charges must be for one to be a duplicate
	Budgets         []Budget
}

// Limits are gross amounts in minor units: up to Auto the agent acts alone, above
// Max nobody can through this server, and between them a person approves.
type Limits struct{ Auto, Max int64 }

// Kind is KindRefund.
func (Refund) Kind() Kind { return KindRefund }

// Subject identifies a refund by its charge and by the amount as it was asked
// for, so that "refund the rest" asked twice is one refund.
func (r Refund) Subject() Subject {
	asked := "rest"
	if !r.Rest {
		asked = r.Amount.String()
	}
	return Subject{
		Conversation: r.Asker.Conversation, Customer: r.Charge.Customer, Charge: r.Charge.ID,
		Exclusive: "charge:" + r.Charge.ID, Same: r.Charge.ID + " " + asked, Cost: r.Amount,
	}
}

func (r Refund) binds() any { return r }

// asks for the refunds of the charge so far, whichever conversation they came from.
func (r Refund) asks() []Query {
	scope := scopeOf(PerCharge, r.Subject(), "")
	return []Query{{Scope: scope, Kinds: []Kind{KindRefund}, Currency: r.Amount.Currency, Window: forever}}
}

func (r Refund) judge(p *Policy, s Snapshot) []Finding {
	findings := append(r.Asker.judge(r.Charge.Customer), r.structure()...)
	findings = append(findings, r.unequalled(s))
	if p.Refund == nil {
		return append(findings, missing("refund"))
	}
	return append(findings,
		p.Refund.limit(r.Amount),
		p.Refund.window(r.Charge.CreatedAt, s.Now),
		p.reason(r))
}

// structure holds the rules that no policy file can switch off.
func (r Refund) structure() []Finding {
	return []Finding{r.sound(), r.refundable(), r.remains(), r.undisputed()}
}

func (r Refund) sound() Finding {
	f := Finding{Rule: "structure.amount", Effect: Allow, Actual: r.Amount.String()}
	switch c := r.Charge.Amount.Currency; {
	case r.Amount.Currency != c:
		f.Effect, f.Message = Deny, "the charge is in "+strings.ToUpper(string(c))
		f.NextStep = "give the amount in the currency of the charge"
	case r.Amount.Minor <= 0 && r.Rest:
		f.Effect, f.Message = Deny, "nothing is left to refund on this charge"
		f.NextStep = "read the refunds of this charge in get_billing_overview and tell the customer"
	case r.Amount.Minor <= 0:
		f.Effect, f.Message = Deny, "a refund must be more than zero"
		f.NextStep = "give a positive amount, or leave amount out to refund what remains"
	}
	return f
}

func (r Refund) refundable() Finding {
	f := Finding{Rule: "structure.charge", Effect: Allow}
	switch {
	case !r.Charge.Succeeded:
		f.Effect, f.Message = Deny, "the payment did not succeed, so no money was taken"
		f.NextStep = "tell the customer that this payment failed"
	case !r.Charge.Captured:
		f.Effect, f.Message = Deny, "the payment is authorised but not captured, so no money was taken"
		f.NextStep = "hand the conversation to a person, who can release the authorisation"
	case r.Charge.Connected:
		f.Effect, f.Message = Deny, "money of a connected account is involved"
		f.NextStep = "hand the conversation to a person"
	}
	return f
}

func (r Refund) remains() Finding {
	left := r.Charge.Remaining
	f := Finding{Rule: "structure.remaining", Effect: Allow, Limit: left.String(), Actual: r.Amount.String(), MaxAllowedNow: left}
	if r.Amount.Currency != left.Currency || r.Amount.Minor > left.Minor {
		f.Effect, f.Message = Deny, fmt.Sprintf("only %s of %s are left on this charge", left, r.Charge.Amount)
		f.NextStep = "ask for no more than what is left, or leave amount out"
	}
	return f
}

func (r Refund) undisputed() Finding {
	f := Finding{Rule: "structure.dispute", Effect: Allow}
	switch r.Charge.Dispute {
	case NoDispute, DisputeRefundable:
		return f
	case DisputeBlocks:
		f.Message = "the customer's bank has taken the money back in a dispute"
	default:
		f.Message = "the charge is disputed, and it is not known whether it can be refunded"
	}
	f.Effect, f.NextStep = Deny, "hand the conversation to a person who handles disputes"
	return f
}

// unequalled leaves to a person what may be one wish told twice: the same part of
// the same charge, asked for in two conversations. Asked twice in one, it is
// answered with the first receipt and never comes here. Where the policy lets
// agents repeat on purpose, it has answered the question.
func (r Refund) unequalled(s Snapshot) Finding {
	f := Finding{Rule: "refund.equal", Effect: Allow}
	for _, u := range s.Usage {
		equal := func(done Settled) bool { return done.Minor == r.Amount.Minor }
		// More refunds than are listed: the equal one may be among the others.
		if !r.Rest && !s.MayRepeat && (slices.ContainsFunc(u.Settled, equal) || u.Count > int64(len(u.Settled))) {
			f.Effect, f.Message = NeedsApproval, "an equal part of this charge was refunded before"
		}
	}
	return f
}

func (p *RefundRules) limit(amount money.Money) Finding {
	l, ok := p.Currencies[amount.Currency]
	if !ok {
		return Finding{
			Rule: "refund.currency", Effect: Deny, Actual: amount.String(),
			Message: "the policy has no limits for this currency", NextStep: "hand the conversation to a person",
		}
	}
	auto, ceiling := money.Of(l.Auto, amount.Currency), money.Of(l.Max, amount.Currency)
	f := Finding{Rule: "refund.limit", Effect: Allow, Limit: auto.String(), Actual: amount.String(), MaxAllowedNow: auto}
	switch {
	case amount.Minor > l.Max:
		f.Effect, f.Limit, f.MaxAllowedNow = Deny, ceiling.String(), ceiling
		f.Message, f.NextStep = "above what may be refunded here", "hand the conversation to a person"
	case amount.Minor > l.Auto:
		f.Effect, f.Message = NeedsApproval, "above what an agent may refund alone"
	}
	return f
}

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

// reason can only restrict: what an agent states is no evidence.
func (p *Policy) reason(r Refund) Finding {
	_, duplicate := p.DuplicateOf(r)
	f := Finding{Rule: "refund.reason", Effect: Allow, Actual: string(r.Reason)}
	switch {
	case r.Reason == Fraudulent:
		f.Effect, f.Message = Deny, "a refund as fraudulent blocks the customer's card and e-mail"
		f.NextStep = "hand the conversation to a person"
	case r.Reason == Duplicate && !duplicate:
		f.Effect = NeedsApproval
		f.Message = "no second payment of this amount within " + FormatSpan(p.Refund.DuplicateWithin) + " was found"
	}
	return f
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
