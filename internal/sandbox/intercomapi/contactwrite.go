package intercomapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// contactRequest leaves out what is not to change.
type contactRequest struct {
	Role             *string        `json:"role"`
	Name             *string        `json:"name"`
	Email            *string        `json:"email"`
	ExternalID       *looseID       `json:"external_id"`
	CustomAttributes map[string]any `json:"custom_attributes"`
}

func (s *Server) createContact(r *http.Request) (any, error) {
	in, err := decode[contactRequest](r)
	if err != nil {
		return nil, err
	}
	next, err := s.changed(Contact{}, in)
	if err != nil {
		return nil, err
	}
	if next.Email == "" && next.ExternalID == "" {
		return nil, missing("email or external_id")
	}
	next.ID = s.nextContactID()
	c := s.newContact(next)
	s.contacts.add(c.ID, c)
	s.touch(c)
	return s.contactView(c), nil
}

func (s *Server) updateContact(r *http.Request) (any, error) {
	c, err := s.contact(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	in, err := decode[contactRequest](r)
	if err != nil {
		return nil, err
	}
	next, err := s.changed(c.Contact, in)
	if err != nil {
		return nil, err
	}
	c.Contact = next
	s.touch(c)
	return s.contactView(c), nil
}

// changed is the contact with the request applied, or why that cannot be.
func (s *Server) changed(c Contact, in contactRequest) (Contact, error) {
	c.Role = orElse(given(in.Role, c.Role), roleUser)
	c.Name = given(in.Name, c.Name)
	c.Email = strings.ToLower(given(in.Email, c.Email))
	c.ExternalID = string(given(in.ExternalID, looseID(c.ExternalID)))
	if c.Role != roleUser && c.Role != roleLead {
		return c, invalid("role", "role must be user or lead")
	}
	attributes, err := s.changedAttributes(c.CustomAttributes, in.CustomAttributes)
	if err != nil {
		return c, err
	}
	c.CustomAttributes = attributes
	return c, s.unique(c)
}

func given[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

// changedAttributes refuses what the workspace does not know: an attribute is
// made before it is used. Null removes a value.
func (s *Server) changedAttributes(now, with map[string]any) (map[string]any, error) {
	next := maps.Clone(now)
	if next == nil {
		next = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(with)) {
		k, known := s.attributes[name]
		if !known {
			return nil, invalid("custom_attributes", fmt.Sprintf("Custom attribute '%s' does not exist", name))
		}
		v := with[name]
		if v == nil {
			delete(next, name)
			continue
		}
		if !k.holds(v) {
			return nil, invalid("custom_attributes", fmt.Sprintf("Custom attribute '%s' has a value of the wrong type", name))
		}
		next[name] = v
	}
	return next, nil
}

// unique refuses an external id that is taken, and for users an e-mail address
// that is. Intercom tells the other contact's id in the message only.
func (s *Server) unique(c Contact) error {
	for _, other := range s.contacts.order {
		if other.ID == c.ID || other.MergedInto != "" {
			continue
		}
		sameEmail := c.Email != "" && c.Role == roleUser && other.Role == roleUser && other.Email == c.Email
		if sameEmail || c.ExternalID != "" && other.ExternalID == c.ExternalID {
			if other.Archived {
				return conflict("An archived contact matching those details already exists with id=" + other.ID)
			}
			return conflict("A contact matching those details already exists with id=" + other.ID)
		}
	}
	return nil
}
