package policies

import (
	"slices"
	"strings"

	"supportmcp/internal/money"
)

// Coupon is a Stripe coupon, or the one behind a promotion code
// (https://docs.stripe.com/api/coupons/object).
type Coupon struct {
	ID         string      `json:"id"`
	Code       string      `json:"code,omitempty"` // the promotion code
	PercentOff string      `json:"percent_off,omitempty"`
	AmountOff  money.Money `json:"amount_off,omitzero"`
	Usable     bool        `json:"usable"`        // valid, not expired, redemptions left, right currency
	Why        string      `json:"why,omitempty"` // it is not usable
}

// Discount puts a coupon on a subscription, or takes one off.
type Discount struct {
	Asker        Asker        `json:"asker"`
	Subscription Subscription `json:"subscription"`
	Coupon       Coupon       `json:"coupon"`
	Remove       bool         `json:"remove,omitempty"`
	Present      []string     `json:"present,omitempty"` // coupons that are on it already
	Worth        money.Money  `json:"worth,omitzero"`    // what it takes off, all invoices together; never of Remove
	Traits       Traits       `json:"traits"`
}

// DiscountRules is the discount section of a policy.
type DiscountRules struct {
	Section
	Coupons    []string       // ids and promotion codes; no others
	Currencies CurrencyLimits // of what a discount is worth
	Remove     Effect
	Stack      Effect // put one on a subscription that has one
}

// Kind is KindDiscount.
func (Discount) Kind() Kind { return KindDiscount }

// Subject has no identity: which coupons a subscription has is a desired state.
func (d Discount) Subject() Subject {
	s := d.Asker.subject(d.Subscription.Customer)
	s.Exclusive, s.Cost = "subscription:"+d.Subscription.ID, d.Worth
	return s
}

func (d Discount) binds() any {
	d.Traits = Traits{}
	return d
}

func (d Discount) traits() Traits { return d.Traits }
func (Discount) asks() []Query    { return nil }

func (d Discount) judge(p *Policy, _ Snapshot) []Finding {
	findings := append(d.Asker.judge(p, d.Subscription.Customer, d.Worth), d.Subscription.cancellable(), d.usable())
	switch {
	case p.Discount == nil:
		return append(findings, missing("discount"))
	case d.Remove:
		return append(findings, permitted("discount.remove", p.Discount.Remove, "take a discount off"))
	}
	findings = append(findings, p.Discount.listed(d.Coupon), p.Discount.Currencies.judge("discount", "discounted", d.Worth))
	if len(d.Present) > 0 {
		findings = append(findings, permitted("discount.stack", p.Discount.Stack, "add a discount to another"))
	}
	return findings
}

func (d Discount) usable() Finding {
	f := Finding{Rule: "structure.coupon", Effect: Allow}
	on := slices.Contains(d.Present, d.Coupon.ID)
	switch {
	case d.Remove && !on:
		f.Effect, f.Message, f.NextStep = Deny, "the subscription does not have this discount", "read its discounts"
	case d.Remove:
	case on:
		f.Effect, f.Message, f.NextStep = Deny, "the subscription has this discount already", "tell the customer"
	case !d.Coupon.Usable:
		f.Effect, f.Message, f.NextStep = Deny, d.Coupon.Why, "offer another discount of the policy"
	case d.Worth.Minor <= 0:
		f.Effect, f.Message, f.NextStep = Deny, "it is not known what the discount is worth", "hand the conversation to a person"
	}
	return f
}

func (r *DiscountRules) listed(c Coupon) Finding {
	f := Finding{Rule: "discount.coupons", Effect: Allow, Limit: strings.Join(r.Coupons, ", ")}
	if !slices.Contains(r.Coupons, c.ID) && !slices.Contains(r.Coupons, c.Code) {
		f.Effect, f.Actual = Deny, "not listed"
		f.Message, f.NextStep = "the policy does not list this discount", "use one of those in limit"
	}
	return f
}
