package policies

import (
	"time"

	"supportmcp/internal/money"
)

// Subscription is a Stripe subscription as far as judging needs it.
type Subscription struct {
	ID       string    `json:"id"`
	Customer string    `json:"customer"`
	Status   string    `json:"status"`
	EndsAt   time.Time `json:"ends_at,omitzero"` // when it is set to end; zero: it renews
}

// ended reports whether nothing is left to cancel
// (https://docs.stripe.com/api/subscriptions/object#subscription_object-status).
func (s Subscription) ended() bool { return s.Status == "canceled" || s.Status == "incomplete_expired" }

// How is one of the meanings of "cancel".
type How string

// The ways to cancel.
const (
	AtPeriodEnd   How = "at_period_end"   // paid until then, no money back
	Now           How = "now"             // at once, no money back
	NowWithRefund How = "now_with_refund" // at once, and the unused time is paid back
)

// Feedback is why a customer leaves, in Stripe's words
// (https://docs.stripe.com/api/subscriptions/cancel#cancel_subscription-cancellation_details-feedback).
type Feedback string

// Feedbacks are all that Stripe knows.
func Feedbacks() []Feedback {
	return []Feedback{"customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex", "too_expensive", "unused"}
}

// Cancel ends a subscription.
type Cancel struct {
	Asker        Asker        `json:"asker"`
	Subscription Subscription `json:"subscription"`
	How          How          `json:"how"`
	Refund       money.Money  `json:"refund,omitzero"`    // of NowWithRefund: what Stripe's preview pays back, gross
	Feedback     Feedback     `json:"feedback,omitempty"` // why the customer leaves; it never loosens anything
	Comment      string       `json:"comment,omitempty"`  // the same in the customer's own words
	Traits       Traits       `json:"traits"`
}

// CancelRules is the cancel section of a policy.
type CancelRules struct {
	Section
	AtPeriodEnd  Effect
	Now          Effect
	Keep         Effect         // take back a cancellation
	RefundUnused CurrencyLimits // of NowWithRefund; nil denies it
}

// Kind is KindCancel.
func (Cancel) Kind() Kind { return KindCancel }

// Subject has no identity: that a subscription ends is a desired state.
func (c Cancel) Subject() Subject {
	s := c.Asker.subject(c.Subscription.Customer)
	s.Exclusive, s.Cost = "subscription:"+c.Subscription.ID, c.Refund
	return s
}

func (c Cancel) binds() any {
	c.Traits = Traits{}
	return c
}

func (c Cancel) traits() Traits { return c.Traits }
func (Cancel) asks() []Query    { return nil }

func (c Cancel) judge(p *Policy, _ Snapshot) []Finding {
	findings := append(c.Asker.judge(p, c.Subscription.Customer, c.Refund), c.Subscription.cancellable(), c.sound())
	findings = append(findings, secretless(c.Comment)...)
	if p.Cancel == nil {
		return append(findings, missing("cancel"))
	}
	return append(findings, p.Cancel.how(c))
}

func (s Subscription) cancellable() Finding {
	f := Finding{Rule: "structure.subscription", Effect: Allow, Actual: s.Status}
	if s.ended() {
		f.Effect, f.Message, f.NextStep = Deny, "the subscription has ended already", "tell the customer since when"
	}
	return f
}

func (c Cancel) sound() Finding {
	f := Finding{Rule: "structure.amount", Effect: Allow}
	switch {
	case c.How == NowWithRefund && c.Refund.Minor <= 0:
		f.Effect, f.Message, f.NextStep = Deny, "no unused time is left to pay back", "cancel without a refund"
	case c.How != NowWithRefund && !c.Refund.IsZero():
		f.Effect, f.Message = Deny, "a cancellation without a refund must not pay anything back"
	}
	return f
}

func (r *CancelRules) how(c Cancel) Finding {
	switch c.How {
	case AtPeriodEnd:
		return permitted("cancel.at_period_end", r.AtPeriodEnd, "cancel at the end of the period")
	case Now:
		return permitted("cancel.now", r.Now, "cancel at once")
	case NowWithRefund:
		if r.RefundUnused == nil {
			return permitted("cancel.refund_unused", Deny, "pay unused time back")
		}
		return r.RefundUnused.judge("cancel.refund_unused", "refunded", c.Refund)
	}
	return permitted("structure.how", Deny, "cancel in this way")
}

// Keep takes back a cancellation that is still to come.
type Keep struct {
	Asker        Asker        `json:"asker"`
	Subscription Subscription `json:"subscription"`
	Traits       Traits       `json:"traits"`
}

// Kind is KindKeep.
func (Keep) Kind() Kind { return KindKeep }

// Subject has no identity: that a subscription goes on is a desired state.
func (k Keep) Subject() Subject {
	s := k.Asker.subject(k.Subscription.Customer)
	s.Exclusive = "subscription:" + k.Subscription.ID
	return s
}

func (k Keep) binds() any {
	k.Traits = Traits{}
	return k
}

func (k Keep) traits() Traits { return k.Traits }
func (Keep) asks() []Query    { return nil }

func (k Keep) judge(p *Policy, _ Snapshot) []Finding {
	findings := append(k.Asker.judge(p, k.Subscription.Customer, money.Money{}), k.Subscription.cancellable())
	if p.Cancel == nil {
		return append(findings, missing("cancel"))
	}
	return append(findings, permitted("cancel.keep", p.Cancel.Keep, "take back a cancellation"))
}
