package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type stateInput struct {
	Conversation conversationID `json:"conversation_id"`
	State        desiredState   `json:"state"`
	Until        string         `json:"snoozed_until,omitempty" jsonschema:"RFC 3339 time; only with snoozed"`
}

// SetConversationState closes, opens or snoozes a conversation.
func SetConversationState(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "set_conversation_state", Title: "Close, open or snooze", Idempotent: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Close, open or snooze a conversation without a message.",
	}, d.Guard, Operation[stateInput, policies.SetState, intercom.Changed]{
		Propose: d.proposeState, Perform: d.Intercom.SetState, Find: d.Intercom.FindState,
	})
}

func (d Deps) proposeState(ctx context.Context, in stateInput) (policies.SetState, error) {
	s := policies.SetState{State: policies.ConversationState(in.State)}
	if (s.State == policies.Snoozed) != (in.Until != "") {
		return s, fault.Invalidf("give snoozed_until with state snoozed, and only then", "snoozed_until and state snoozed belong together")
	}
	if in.Until != "" {
		until, err := instant("snoozed_until", in.Until)
		if err != nil {
			return s, err
		}
		s.Until = until
	}
	c, asker, err := d.writable(ctx, in.Conversation)
	s.Asker, s.Traits = asker, deskTraits(c, d.Guard.Policy().Wants(policies.KindState))
	return s, err
}
