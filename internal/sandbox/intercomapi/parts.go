package intercomapi

import (
	"net/http"
	"time"
)

// manageRequest closes, snoozes, opens or assigns a conversation.
type manageRequest struct {
	MessageType  string   `json:"message_type"`
	Type         string   `json:"type"`
	AdminID      looseID  `json:"admin_id"`
	AssigneeID   *looseID `json:"assignee_id"`
	SnoozedUntil *int64   `json:"snoozed_until"` // unix seconds
	Body         string   `json:"body"`
}

func (s *Server) manage(r *http.Request) (any, error) {
	c, err := s.conversation(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[manageRequest](r)
	if err != nil {
		return nil, err
	}
	author, err := s.actingAdmin(in.AdminID)
	if err != nil {
		return nil, err
	}
	p := part{author: author, at: s.clock.Now(), body: storedBody(in.Body), app: packageCode}
	if err := s.apply(c, in, p); err != nil {
		return nil, err
	}
	return s.conversationWithParts(c, asHTML), nil
}

func (s *Server) apply(c *conversation, in manageRequest, p part) error {
	switch in.MessageType {
	case "":
		return missing("message_type")
	case partClose:
		return s.close(c, in, p)
	case partSnoozed:
		return s.snooze(c, in, p)
	case partOpen:
		s.move(c, stateOpen, time.Time{}, part{kind: partOpen, author: p.author, at: p.at, app: p.app})
		return nil
	case partAssignment:
		return s.assign(c, in, p)
	}
	return invalid("message_type", "message_type must be close, snoozed, open or assignment")
}

// close takes a body too: replying and closing is one call and one part.
func (s *Server) close(c *conversation, in manageRequest, p part) error {
	if in.Type == "" {
		return missing("type")
	}
	if in.Type != isAdmin {
		return invalid("type", "type must be admin")
	}
	p.kind = partClose
	s.move(c, stateClosed, time.Time{}, p)
	return nil
}

func (s *Server) snooze(c *conversation, in manageRequest, p part) error {
	if in.SnoozedUntil == nil {
		return missing("snoozed_until")
	}
	until := time.Unix(*in.SnoozedUntil, 0).UTC()
	if !until.After(p.at) {
		return invalid("snoozed_until", "snoozed_until must be in the future")
	}
	s.move(c, stateSnoozed, until, part{kind: partSnoozed, author: p.author, at: p.at, app: p.app})
	return nil
}

// assign gives the conversation to an admin or a team; "0" takes it back.
func (s *Server) assign(c *conversation, in manageRequest, p part) error {
	to, err := s.assignee(in)
	if err != nil {
		return err
	}
	if to.kind == isTeam {
		c.teamAssignee = to.id
	} else {
		c.adminAssignee = to.id
	}
	p.kind, p.assignee = partAssignment, to
	if c.state == stateClosed {
		p.kind, c.state = partAssignAndReopen, stateOpen
	}
	s.record(c, p)
	return nil
}

func (s *Server) assignee(in manageRequest) (person, error) {
	if in.Type != isAdmin && in.Type != isTeam {
		return person{}, invalid("type", "type must be admin or team")
	}
	if in.AssigneeID == nil || *in.AssigneeID == "" {
		return person{}, missing("assignee_id")
	}
	id := string(*in.AssigneeID)
	if id == "0" {
		return person{kind: in.Type}, nil
	}
	if _, ok := s.admins.get(id); !ok && in.Type == isAdmin {
		return person{}, noAssignee("assignee_not_found")
	}
	if _, ok := s.teams.get(id); !ok && in.Type == isTeam {
		return person{}, noAssignee("team_not_found")
	}
	return person{in.Type, id}, nil
}

// move changes the state and records it, even where the state was the same before.
func (s *Server) move(c *conversation, state string, snoozedUntil time.Time, p part) {
	c.state, c.snoozedUntil = state, snoozedUntil
	s.record(c, p)
}
