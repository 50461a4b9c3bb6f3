package tools

import (
	"context"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type eventInput struct {
	Conversation conversationID    `json:"conversation_id"`
	Name         string            `json:"name"`
	At           time.Time         `json:"at"`
	Facts        map[string]string `json:"facts"`
}

// recordEvent tells Intercom of what happened to a customer's money.
func recordEvent(d Deps) Tool {
	return Write(Spec{Name: "record_event"}, d.Guard, Operation[eventInput, policies.Event, intercom.Recorded]{
		Propose: func(ctx context.Context, in eventInput) (policies.Event, error) {
			c, asker, err := d.writable(ctx, in.Conversation)
			traits := deskTraits(c, d.Guard.Policy().Wants(policies.KindEvent))
			return policies.Event{Asker: asker, Name: in.Name, At: in.At, Facts: in.Facts, Traits: traits}, err
		},
		Perform: d.Intercom.RecordEvent, Find: d.Intercom.FindEvent,
	})
}

// refundIssued is the event of a refund, at Stripe's own time, so that it is one
// event however often it is told.
func refundIssued(where conversationID, out stripe.Refund) policies.Followup {
	return policies.Followup{Kind: policies.KindEvent, Input: eventInput{
		Conversation: where, Name: "refund-issued", At: out.CreatedAt.UTC().Truncate(time.Second),
		Facts: map[string]string{"refund": out.ID, "charge": out.Charge, "amount": out.Amount.String()},
	}}
}
