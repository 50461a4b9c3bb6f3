package intercom

import (
	"context"
	"net/http"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Team is a team of the workspace.
type Team struct{ ID, Name string }

// Assigned is the receipt of a hand-over.
type Assigned struct {
	Conversation string `json:"conversation_id"`
	Team         string `json:"team"`
	Already      bool   `json:"already,omitempty"` // it was so before; nothing was sent
}

// Teams lists the teams of the workspace
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/teams/listteams).
func (c *Client) Teams(ctx context.Context) ([]Team, error) {
	var w struct {
		Teams []struct {
			ID   ident `json:"id"`
			Name text  `json:"name"`
		} `json:"teams"`
	}
	if err := c.read(ctx, "list Intercom teams", "/teams", &w); err != nil {
		return nil, err
	}
	teams := make([]Team, len(w.Teams))
	for i, t := range w.Teams {
		teams[i] = Team{ID: string(t.ID), Name: string(t.Name)}
	}
	return teams, nil
}

// Team is the team of this name, whatever its case; one that does not exist has no id.
func (c *Client) Team(ctx context.Context, name string) (Team, error) {
	teams, err := c.Teams(ctx)
	if err != nil {
		return Team{}, err
	}
	for _, t := range teams {
		if strings.EqualFold(t.Name, name) {
			return t, nil
		}
	}
	return Team{Name: name}, nil
}

// Assign hands the conversation to the team that the permit holds. It looks first
// and writes nothing when it is so already
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/manageconversation).
func (c *Client) Assign(ctx context.Context, p *policies.Permit[policies.Assign]) (Assigned, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Assigned{}, err
	}
	if err := c.checkWriter(a.Asker.Conversation); err != nil {
		return Assigned{}, err
	}
	if a.Team == "" {
		return Assigned{}, fault.Invalidf("name a team of the workspace", "there is no team to hand the conversation to")
	}
	found, ok, err := c.FindAssigned(ctx, a, "")
	if err != nil || ok {
		found.Already = ok
		return found, err
	}
	var w wireConversation
	_, err = c.write(ctx, call{
		what: "assign conversation " + a.Asker.Conversation, method: http.MethodPost,
		path: "/conversations/" + a.Asker.Conversation + "/parts",
		body: assignment{MessageType: "assignment", Type: "team", AdminID: c.admin, AssigneeID: a.Team},
	}, &w)
	return Assigned{Conversation: a.Asker.Conversation, Team: a.Name}, err
}

type assignment struct {
	MessageType string `json:"message_type"`
	Type        string `json:"type"`
	AdminID     string `json:"admin_id"`
	AssigneeID  string `json:"assignee_id"`
}

// FindAssigned tells whether the conversation is with the team.
func (c *Client) FindAssigned(ctx context.Context, a policies.Assign, _ string) (Assigned, bool, error) {
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Assigned{}, false, err
	}
	return Assigned{Conversation: now.ID, Team: a.Name}, now.TeamAssignee == a.Team, nil
}
