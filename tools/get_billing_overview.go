package tools

import (
	"context"

	"supportmcp/policies"
)

type billingInput struct {
	Conversation conversationID `json:"conversation_id"`
}

// GetBillingOverview reads the asker's billing facts alone.
func GetBillingOverview(d Deps) Tool {
	return Read(Spec{
		Toolset: Ticket, Name: "get_billing_overview", Title: "Read the customer's billing",
		Description: "Billing of the conversation's customer: subscriptions, payments with failures, card, balance, disputes, what can be refunded and what the policy would allow.",
	}, func(ctx context.Context, by policies.Principal, in billingInput) (billing, error) {
		t, err := d.ticket(ctx, in.Conversation)
		if err != nil {
			return billing{}, err
		}
		return d.billing(ctx, by, t)
	})
}
