package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type discountInput struct {
	Conversation conversationID `json:"conversation_id"`
	Subscription planID         `json:"subscription_id,omitempty"`
	Coupon       string         `json:"coupon" jsonschema:"coupon id or promotion code that the policy lists"`
	Remove       bool           `json:"remove,omitempty" jsonschema:"take it off"`
	Note         string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply    messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

// ApplyDiscount puts a listed coupon on a subscription, or takes one off.
func ApplyDiscount(d Deps) Tool {
	return Write(Spec{
		Toolset: BillingExtended, Name: "apply_discount", Title: "Give or remove a discount", Idempotent: true,
		Scopes:      access.Scopes{access.BillingManage},
		Description: "Put a coupon or promotion code that the policy lists on a subscription of the conversation's customer, or take it off. Other discounts stay.",
	}, d.Guard, Operation[discountInput, policies.Discount, stripe.Discounted]{
		Propose: d.proposeDiscount, Perform: d.Stripe.DiscountSubscription, Find: d.Stripe.FindDiscounted, Follow: func(in discountInput, e policies.Entry, a policies.Discount, out stripe.Discounted) []policies.Followup {
			return withReply(a.Asker, in.ThenReply, afterDiscount(e, a, out))
		},
	})
}

func (d Deps) proposeDiscount(ctx context.Context, in discountInput) (policies.Discount, error) {
	asker, s, traits, err := d.plan(ctx, in.Conversation, in.Subscription, policies.KindDiscount)
	a := policies.Discount{Asker: asker, Subscription: judged(s), Remove: in.Remove, Present: s.Coupons, Traits: traits}
	if err != nil {
		return a, err
	}
	o, err := d.offered(ctx, in.Coupon, s)
	if fault.CodeOf(err) == fault.NotFound {
		return a, &fault.Error{Code: fault.NotFound, Took: fault.No, Message: "Stripe has no such coupon, though the policy lists it", NextStep: "tell the operator of this server"}
	}
	if a.Coupon, a.Worth = o.Coupon, o.Worth; in.Remove {
		a.Worth = money.Money{}
	}
	return a, err
}

func afterDiscount(e policies.Entry, a policies.Discount, out stripe.Discounted) []policies.Followup {
	facts := map[string]string{"subscription": out.Subscription, "coupon": out.Coupon}
	if a.Remove {
		note := receipted(e, a.Asker, "Discount %s was taken off subscription %s.", out.Coupon, out.Subscription)
		return append(note, happened(a.Asker, "discount-removed", out.At, facts)...)
	}
	facts["worth"] = a.Worth.String()
	note := receipted(e, a.Asker, "Subscription %s has the discount %s now, worth %s.", out.Subscription, out.Coupon, a.Worth)
	return append(note, happened(a.Asker, "discount-applied", out.At, facts)...)
}
