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
	Feedback     feedback       `json:"feedback,omitempty"`
	Reason       reasonText     `json:"reason,omitempty"`
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

type feedback string

// Schema lists what Stripe can count reasons by.
func (feedback) Schema() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Description: "why, in a word"}
	for _, f := range policies.Feedbacks() {
		s.Enum = append(s.Enum, string(f))
	}
	return s
}

type reasonText string

// Schema bounds what is kept in Stripe.
func (reasonText) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MaxLength: jsonschema.Ptr(500), Description: "why, as the customer says"}
}

// CancelSubscription ends a subscription in one of three ways, within the cancel policy.
func CancelSubscription(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "cancel_subscription", Title: "Cancel a subscription", Destructive: true, Idempotent: true,
		Scopes: access.Scopes{access.BillingManage},
		Description: "Cancel a subscription of the conversation's customer: at the end of the paid period, at once without money back, " +
			"or at once with the unused time refunded to the card, tax included.",
	}, d.Guard, Operation[cancelInput, policies.Cancel, stripe.Canceled]{
		Propose: d.proposeCancel, Perform: d.Stripe.CancelSubscription, Find: d.Stripe.FindCanceled, Follow: func(in cancelInput, e policies.Entry, c policies.Cancel, out stripe.Canceled) []policies.Followup {
			return withReply(c.Asker, in.ThenReply, append(canceledNote(e, c, out), canceledEvent(c, out)...))
		},
	})
}

func (d Deps) proposeCancel(ctx context.Context, in cancelInput) (policies.Cancel, error) {
	asker, s, traits, err := d.plan(ctx, in.Conversation, in.Subscription, policies.KindCancel)
	c := policies.Cancel{Asker: asker, Subscription: judged(s), How: policies.How(in.How), Feedback: policies.Feedback(in.Feedback), Comment: string(in.Reason), Traits: traits}
	if err != nil || c.How != policies.NowWithRefund || s.Status == "canceled" {
		return c, err
	}
	u, err := d.Stripe.UnusedTime(ctx, s.ID)
	c.Refund = u.Refund
	return c, err
}

func canceledNote(e policies.Entry, c policies.Cancel, out stripe.Canceled) []policies.Followup {
	switch c.How {
	case policies.AtPeriodEnd:
		return receipted(e, c.Asker, "Subscription %s ends on %s.", out.Subscription, out.EndsAt.Format(time.DateOnly))
	case policies.Now:
		return receipted(e, c.Asker, "Subscription %s was canceled at once; nothing was paid back.", out.Subscription)
	case policies.NowWithRefund:
	}
	return receipted(e, c.Asker, "Subscription %s was canceled at once; %s for unused time goes back to the card (%s).", out.Subscription, out.Refund, out.RefundID)
}

func canceledEvent(c policies.Cancel, out stripe.Canceled) []policies.Followup {
	facts := map[string]string{"subscription": out.Subscription, "how": string(c.How)}
	if !out.EndsAt.IsZero() {
		facts["ends_at"] = out.EndsAt.Format(time.RFC3339)
	}
	if !out.Refund.IsZero() {
		facts["amount"], facts["refund"] = out.Refund.String(), out.RefundID
	}
	return happened(c.Asker, "subscription-canceled", out.At, facts)
}
