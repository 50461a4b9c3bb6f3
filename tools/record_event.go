package tools

import (
	"context"
	"time"

	"supportmcp/internal/intercom"
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

// happened is the event of an action on money, at Stripe's own time, so that it is one
// event however often it is told. There is none without a time or a conversation.
func happened(a policies.Asker, name string, at time.Time, facts map[string]string) []policies.Followup {
	if at.IsZero() || a.Conversation == "" {
		return nil
	}
	return []policies.Followup{{Kind: policies.KindEvent, Input: eventInput{
		Conversation: conversationID(a.Conversation), Name: name, At: at.UTC().Truncate(time.Second), Facts: facts,
	}}}
}
