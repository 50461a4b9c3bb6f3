package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type noteInput struct {
	Conversation conversationID `json:"conversation_id"`
	Body         messageText    `json:"body"`
}

// AddInternalNote leaves a text that only colleagues read.
func AddInternalNote(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "add_internal_note", Title: "Add an internal note", Idempotent: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Leave a note that colleagues read and the customer does not.",
	}, d.Guard, Operation[noteInput, policies.Note, intercom.Sent]{
		Propose: func(ctx context.Context, in noteInput) (policies.Note, error) {
			m, err := d.message(ctx, in.Conversation, in.Body)
			return policies.Note{Message: m}, err
		},
		Perform: d.Intercom.AddNote, Find: d.Intercom.FindNote,
	})
}
