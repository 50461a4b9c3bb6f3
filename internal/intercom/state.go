package intercom

import (
	"context"
	"net/http"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Changed is the receipt of a conversation's state.
type Changed struct {
	Conversation string    `json:"conversation_id"`
	State        string    `json:"state"`
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"`
	Already      bool      `json:"already,omitempty"` // it was so before; nothing was sent
	UpdatedAt    time.Time `json:"updated_at"`
}

// SetState brings the conversation into the state the permit holds. It looks
// first and writes nothing when it is so already.
func (c *Client) SetState(ctx context.Context, p *policies.Permit[policies.SetState]) (Changed, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Changed{}, err
	}
	if err := c.checkWriter(a.Asker.Conversation); err != nil {
		return Changed{}, err
	}
	body, err := c.transition(a)
	if err != nil {
		return Changed{}, err
	}
	found, ok, err := c.FindState(ctx, a, "")
	if err != nil || ok {
		found.Already = ok
		return found, err
	}
	var w wireConversation
	_, err = c.write(ctx, call{
		what: "set state of conversation " + a.Asker.Conversation, method: http.MethodPost,
		path: "/conversations/" + a.Asker.Conversation + "/parts", body: body,
	}, &w)
	if err != nil {
		return Changed{}, err
	}
	return changed(w.conversation()), nil
}

// FindState tells whether the conversation is in the state that was asked for.
func (c *Client) FindState(ctx context.Context, a policies.SetState, _ string) (Changed, bool, error) {
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Changed{}, false, err
	}
	so := now.State == string(a.State)
	if a.State == policies.Snoozed {
		so = so && now.SnoozedUntil.Unix() == a.Until.Unix()
	}
	return changed(now), so, nil
}

func changed(now Conversation) Changed {
	return Changed{Conversation: now.ID, State: now.State, SnoozedUntil: now.SnoozedUntil, UpdatedAt: now.UpdatedAt}
}

// transition is the request that leads to a state.
func (c *Client) transition(a policies.SetState) (manage, error) {
	switch a.State {
	case policies.Open:
		return manage{MessageType: "open", AdminID: c.admin}, nil
	case policies.Closed:
		return manage{MessageType: "close", Type: "admin", AdminID: c.admin}, nil
	case policies.Snoozed:
		if a.Until.Unix() > 0 {
			return manage{MessageType: "snoozed", AdminID: c.admin, SnoozedUntil: a.Until.Unix()}, nil
		}
		return manage{}, fault.Invalidf("give a time to come", "a snoozed conversation needs a time to wake up")
	}
	return manage{}, fault.Invalidf("use open, closed or snoozed", "a conversation has no such state")
}
