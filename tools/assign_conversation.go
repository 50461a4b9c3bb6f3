package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type assignInput struct {
	Conversation conversationID `json:"conversation_id"`
	Team         string         `json:"team,omitempty" jsonschema:"team name; without team and admin_id whoever is free takes over"`
	Admin        adminID        `json:"admin_id,omitempty"`
	Summary      string         `json:"summary,omitempty" jsonschema:"left as an internal note for who takes over"`
}

// AssignConversation hands a conversation to people.
func AssignConversation(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "assign_conversation", Title: "Hand a conversation over", Idempotent: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Hand a conversation to a team, an admin, or back to the inbox, with a summary for colleagues.",
	}, d.Guard, Operation[assignInput, policies.Assign, intercom.Assigned]{
		Propose: d.proposeAssign, Perform: d.Intercom.Assign, Find: d.Intercom.FindAssigned, Follow: summarise,
	})
}

func (d Deps) proposeAssign(ctx context.Context, in assignInput) (policies.Assign, error) {
	switch {
	case in.Team != "" && in.Admin != "":
		return policies.Assign{}, fault.Invalidf("give team or admin_id", "team and admin_id are two")
	case in.Team == "" && in.Admin == "" && in.Summary == "":
		return policies.Assign{}, fault.Invalidf("give summary: what is asked, what was done, what is open", "nobody in particular takes over, so summary is needed")
	}
	c, asker, err := d.writable(ctx, in.Conversation)
	if err != nil {
		return policies.Assign{}, err
	}
	a := policies.Assign{Asker: asker, Traits: deskTraits(c, d.Guard.Policy().Wants(policies.KindAssign))}
	switch {
	case in.Team != "":
		var team intercom.Team
		team, err = d.Intercom.Team(ctx, in.Team)
		a.Team, a.Name = team.ID, team.Name
	case in.Admin != "":
		var admin intercom.Admin
		if admin, err = d.Intercom.Admin(ctx, string(in.Admin)); admin.InboxSeat {
			a.Admin, a.Name = admin.ID, admin.Name
		}
	default:
		a.Anyone = true
	}
	return a, err
}

// summarise leaves the summary once the conversation is handed over.
func summarise(in assignInput, _ policies.Entry, a policies.Assign, _ intercom.Assigned) []policies.Followup {
	if in.Summary == "" {
		return nil
	}
	return []policies.Followup{{Kind: policies.KindNote, Input: noteInput{
		Conversation: conversationID(a.Asker.Conversation), Body: messageText(in.Summary),
	}}}
}
