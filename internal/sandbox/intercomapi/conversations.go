package intercomapi

import (
	"net/http"
	"time"
)

func (s *Server) getConversation(r *http.Request) (any, error) {
	c, err := s.conversation(r)
	if err != nil {
		return nil, err
	}
	return s.conversationWithParts(c, bodyFormat(r)), nil
}

func (s *Server) listConversations(r *http.Request) (any, error) {
	want, err := pageOfQuery(r.URL.Query(), conversationsPerPage)
	if err != nil {
		return nil, err
	}
	return s.conversationList(s.conversations.order, want, newestFirst())
}

func (s *Server) conversationList(found []*conversation, want page, by sorting) (any, error) {
	shown, pages := paginate(found, want, by)
	views := []object{}
	for _, c := range shown {
		views = append(views, s.conversationView(c, asHTML))
	}
	return object{"type": "conversation.list", "conversations": views, "total_count": len(found), "pages": pages}, nil
}

// conversation is the one the path names.
func (s *Server) conversation(r *http.Request) (*conversation, error) {
	c, ok := s.conversations.get(r.PathValue("id"))
	if !ok {
		return nil, noConversation()
	}
	return c, nil
}

// record appends a part.
func (s *Server) record(c *conversation, p part) {
	p.id = s.nextMessageID()
	c.happen(p)
	s.notify(c, p)
	s.learn(c)
}

// learn tells the index what it is going to know of the conversation's last
// change once the lag has passed.
func (s *Server) learn(c *conversation) {
	s.foundConversations.put(c.id, c.updated.Add(s.Settings.IndexLag), s.conversationDocument(c))
}

// wake opens the conversations whose snooze is over.
func (s *Server) wake() {
	now := s.clock.Now()
	for _, c := range s.conversations.order {
		if c.state != stateSnoozed || c.snoozedUntil.After(now) {
			continue
		}
		at := c.snoozedUntil
		c.state, c.snoozedUntil = stateOpen, time.Time{}
		s.record(c, part{kind: partUnsnoozed, author: person{kind: isBot}, at: at})
	}
}
