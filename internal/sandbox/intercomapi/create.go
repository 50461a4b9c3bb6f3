package intercomapi

import (
	"net/http"
	"slices"
)

// createConversation begins a conversation in the name of a contact
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/conversations/createconversation).
func (s *Server) createConversation(r *http.Request) (any, error) {
	in, err := decode[struct {
		From struct {
			Type string `json:"type"`
			ID   string `json:"id"`
		} `json:"from"`
		Body string `json:"body"`
	}](r)
	if err != nil {
		return nil, err
	}
	from, err := s.contact(in.From.ID)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains([]string{isContact, roleUser, roleLead}, in.From.Type):
		return nil, invalid("from.type", "type must be lead, user or contact")
	case plaintext(storedBody(in.Body)) == "":
		return nil, missing("body")
	}
	c := s.newConversation(Conversation{
		ID: s.nextMessageID(), Contacts: []string{from.ID}, Messages: []Message{{From: isContact + ":" + from.ID, Body: in.Body}},
	})
	s.conversations.add(c.id, c)
	s.learn(c)
	return object{
		"type": "user_message", "id": c.source.id, "created_at": unix(c.created), "body": c.source.body,
		"message_type": "inapp", "conversation_id": c.id,
	}, nil
}

// deleteContact removes a contact for good; its conversations stay.
func (s *Server) deleteContact(r *http.Request) (any, error) {
	c, err := s.contact(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s.contacts.remove(c.ID)
	return object{"type": isContact, "id": c.ID, "external_id": orNull(c.ExternalID), "deleted": true}, nil
}

// deleteTag removes a tag from the workspace and from whatever had it.
func (s *Server) deleteTag(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if _, ok := s.tags.get(id); !ok {
		return nil, noTag()
	}
	s.tags.remove(id)
	has := func(t appliedTag) bool { return t.id == id }
	for _, c := range s.conversations.order {
		c.tags = slices.DeleteFunc(c.tags, has)
	}
	for _, c := range s.contacts.order {
		c.tags = slices.DeleteFunc(c.tags, has)
	}
	return object{}, nil
}

// remove takes a thing away.
func (s *shelf[T]) remove(id string) {
	gone := s.byID[id]
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(v *T) bool { return v == gone })
}
