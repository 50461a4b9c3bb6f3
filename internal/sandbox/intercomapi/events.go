package intercomapi

import (
	"net/http"
	"slices"
	"time"
)

// Event is something that happened to a contact, as an app told it.
type Event struct {
	Name     string
	Contact  string
	At       time.Time
	Metadata map[string]string
}

// accepted is the answer 202 without a body.
type accepted struct{}

// mostMetadata is how many keys an event may have.
const mostMetadata = 10

// createEvent takes an event of one contact, name and second once.
func (s *Server) createEvent(r *http.Request) (any, error) {
	in, err := decode[struct {
		Name     string            `json:"event_name"`
		At       int64             `json:"created_at"`
		ID       string            `json:"id"`
		UserID   looseID           `json:"user_id"`
		Email    string            `json:"email"`
		Metadata map[string]string `json:"metadata"`
	}](r)
	switch {
	case err != nil:
		return nil, err
	case in.Name == "":
		return nil, missing("event_name")
	case in.At == 0:
		return nil, missing("created_at")
	case len(in.Metadata) > mostMetadata:
		return nil, invalid("metadata", "metadata can have at most 10 keys")
	}
	who, err := s.replyingContact(replyRequest{IntercomUserID: in.ID, UserID: in.UserID, Email: in.Email})
	if err != nil {
		return nil, err
	}
	e := Event{Name: in.Name, Contact: who.id, At: time.Unix(in.At, 0).UTC(), Metadata: in.Metadata}
	if !slices.ContainsFunc(s.events, e.same) {
		s.events = append(s.events, e)
	}
	return accepted{}, nil
}

func (e Event) same(o Event) bool {
	return e.Name == o.Name && e.Contact == o.Contact && e.At.Equal(o.At)
}

// listEvents lists the events of one contact, newest first.
func (s *Server) listEvents(r *http.Request) (any, error) {
	c, err := s.contact(r.URL.Query().Get("intercom_user_id"))
	if err != nil {
		return nil, err
	}
	data := []object{}
	for _, e := range slices.Backward(s.events) {
		if e.Contact == c.ID {
			data = append(data, object{
				"type": "event", "event_name": e.Name, "created_at": e.At.Unix(), "intercom_user_id": c.ID, "metadata": e.Metadata,
			})
		}
	}
	return object{"type": "event.list", "events": data, "pages": object{"type": "pages", "next": nil}}, nil
}

// Events are what apps told of a contact, oldest first.
func (s *Server) Events(contact string) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.events), func(e Event) bool { return e.Contact != contact })
}
