package intercom

import (
	"cmp"
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
	Team         string `json:"team,omitempty"`
	Admin        string `json:"admin,omitempty"`
	Anyone       bool   `json:"anyone,omitempty"`  // it waits in the inbox for whoever takes it
	State        string `json:"state"`             // assigning a closed conversation opens it
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

// Assign hands the conversation to whom the permit names. It looks first
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
	if a.Team == "" && a.Admin == "" && !a.Anyone {
		return Assigned{}, fault.Invalidf("name a team or an admin of the workspace", "there is nobody to hand the conversation to")
	}
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Assigned{}, err
	}
	steps := c.assignments(a, now)
	done := assigned(a, now)
	done.Already = len(steps) == 0
	for i, step := range steps {
		var w wireConversation
		_, err := c.write(ctx, call{
			what: "assign conversation " + now.ID, method: http.MethodPost,
			path: "/conversations/" + now.ID + "/parts", body: step,
		}, &w)
		if err != nil {
			return done, half(err, i > 0)
		}
		done.State = string(w.State)
	}
	return done, nil
}

// assignments are the requests that bring the conversation from where it is to
// whom the action names: none when it is there already. Intercom keeps a team and
// an admin side by side, and 0 takes one of them away.
func (c *Client) assignments(a policies.Assign, now Conversation) []assignment {
	var steps []assignment
	to := func(kind, is, wanted string) {
		if is != wanted {
			steps = append(steps, assignment{MessageType: "assignment", Type: kind, AdminID: c.admin, AssigneeID: cmp.Or(wanted, "0")})
		}
	}
	if a.Team != "" || a.Anyone {
		to("team", now.TeamAssignee, a.Team)
	}
	if a.Admin != "" || a.Anyone {
		to("admin", now.AdminAssignee, a.Admin)
	}
	return steps
}

func assigned(a policies.Assign, now Conversation) Assigned {
	done := Assigned{Conversation: now.ID, Anyone: a.Anyone, State: now.State}
	if a.Team != "" {
		done.Team = a.Name
	}
	if a.Admin != "" {
		done.Admin = a.Name
	}
	return done
}

type assignment struct {
	MessageType string `json:"message_type"`
	Type        string `json:"type"`
	AdminID     string `json:"admin_id"`
	AssigneeID  string `json:"assignee_id"`
}

// FindAssigned tells whether the conversation is with whom it was to be handed to.
func (c *Client) FindAssigned(ctx context.Context, a policies.Assign, _ string) (Assigned, bool, error) {
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Assigned{}, false, err
	}
	return assigned(a, now), len(c.assignments(a, now)) == 0, nil
}
