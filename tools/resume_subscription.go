package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type resumeInput struct {
	Conversation conversationID `json:"conversation_id"`
	Subscription planID         `json:"subscription_id,omitempty"`
	Note         string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply    messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

// ResumeSubscription takes back a cancellation that is still to come.
func ResumeSubscription(d Deps) Tool {
	return Write(Spec{
		Toolset: BillingExtended, Name: "resume_subscription", Title: "Take back a cancellation", Idempotent: true,
		Scopes:      access.Scopes{access.BillingManage},
		Description: "Let a subscription go on that was set to end with its period. What has ended already cannot be resumed.",
	}, d.Guard, Operation[resumeInput, policies.Keep, stripe.Canceled]{
		Propose: func(ctx context.Context, in resumeInput) (policies.Keep, error) {
			asker, s, traits, err := d.plan(ctx, in.Conversation, in.Subscription, policies.KindKeep)
			return policies.Keep{Asker: asker, Subscription: judged(s), Traits: traits}, err
		},
		Perform: d.Stripe.KeepSubscription, Find: d.Stripe.FindKept,
		Follow: func(in resumeInput, e policies.Entry, k policies.Keep, out stripe.Canceled) []policies.Followup {
			note := receipted(e, k.Asker, "Subscription %s goes on; its cancellation was taken back.", out.Subscription)
			told := happened(k.Asker, "subscription-resumed", out.At, map[string]string{"subscription": out.Subscription})
			return withReply(k.Asker, in.ThenReply, append(note, told...))
		},
	})
}
