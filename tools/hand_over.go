package tools

import (
	"context"

	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type handOverInput struct {
	Conversation conversationID `json:"conversation_id"`
	Team         string         `json:"team"`
}

// handOver gives a conversation to a team of the workspace.
func handOver(d Deps) Tool {
	return Write(Spec{Name: "hand_over"}, d.Guard, Operation[handOverInput, policies.Assign, intercom.Assigned]{
		Propose: func(ctx context.Context, in handOverInput) (policies.Assign, error) {
			_, asker, err := d.writable(ctx, in.Conversation)
			if err != nil {
				return policies.Assign{}, err
			}
			team, err := d.Intercom.Team(ctx, in.Team)
			return policies.Assign{Asker: asker, Team: team.ID, Name: team.Name}, err
		},
		Perform: d.Intercom.Assign, Find: d.Intercom.FindAssigned,
	})
}
