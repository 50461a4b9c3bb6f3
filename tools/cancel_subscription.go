package tools

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type cancelInput struct {
	Conversation conversationID `json:"conversation_id"`
	Subscription planID         `json:"subscription_id,omitempty"`
	How          cancelHow      `json:"how"`
	Note         string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply    messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

type planID string

// Schema says when a subscription has to be named.
func (planID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: "needed when the customer has several"}
}

type cancelHow string

// Schema lists the meanings of "cancel".
func (cancelHow) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Description: "at_period_end can be taken back; now pays nothing back; now_with_refund pays back unused time",
		Enum: []any{string(policies.AtPeriodEnd), string(policies.Now), string(policies.NowWithRefund)},
	}
}

// CancelSubscription ends a subscription in one of three ways, within the cancel policy.
func CancelSubscription(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "cancel_subscription", Title: "Cancel a subscription", Destructive: true, Idempotent: true,
		Scopes: access.Scopes{access.BillingManage},
		Description: "Cancel a subscription of the conversation's customer: at the end of the paid period, at once without money back, " +
			"or at once with the unused time refunded to the card, tax included.",
	}, d.Guard, Operation[cancelInput, policies.Cancel, stripe.Canceled]{
		Propose: d.proposeCancel, Perform: d.Stripe.CancelSubscription, Find: d.Stripe.FindCanceled, Follow: func(in cancelInput, _ policies.Entry, c policies.Cancel, out stripe.Canceled) []policies.Followup {
			return withReply(c.Asker, in.ThenReply, afterCancel(c, out))
		},
	})
}

func (d Deps) proposeCancel(ctx context.Context, in cancelInput) (policies.Cancel, error) {
	asker, s, traits, err := d.plan(ctx, in.Conversation, in.Subscription, policies.KindCancel)
	c := policies.Cancel{Asker: asker, Subscription: judged(s), How: policies.How(in.How), Traits: traits}
	if err != nil || c.How != policies.NowWithRefund || s.Status == "canceled" {
		return c, err
	}
	u, err := d.Stripe.UnusedTime(ctx, s.ID)
	c.Refund = u.Refund
	return c, err
}

func afterCancel(c policies.Cancel, out stripe.Canceled) []policies.Followup {
	switch c.How {
	case policies.AtPeriodEnd:
		return noted(c.Asker, "Subscription %s ends on %s.", out.Subscription, out.EndsAt.Format(time.DateOnly))
	case policies.Now:
		return noted(c.Asker, "Subscription %s was canceled at once; nothing was paid back.", out.Subscription)
	case policies.NowWithRefund:
	}
	return noted(c.Asker, "Subscription %s was canceled at once; %s for unused time goes back to the card (%s).", out.Subscription, out.Refund, out.RefundID)
}
