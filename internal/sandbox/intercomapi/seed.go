package intercomapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AddAdmin puts an admin into the workspace. Like every Add method it panics on
// a story that contradicts itself (an id used twice or of the wrong form, or
// something that is not there): stories are code, and this is a mistake in one.
func (s *Server) AddAdmin(a Admin) {
	s.seed(func() {
		mustBeDecimal("admin", a.ID)
		must(s.admins.add(a.ID, &a), "admin %s is added twice", a.ID)
	})
}

// AddTeam puts a team of known admins into the workspace.
func (s *Server) AddTeam(t Team) {
	s.seed(func() {
		mustBeDecimal("team", t.ID)
		t.Admins = slices.Clone(t.Admins)
		for _, id := range t.Admins {
			mustHave("admin", &s.admins, id)
		}
		must(s.teams.add(t.ID, &t), "team %s is added twice", t.ID)
	})
}

// AddTag puts a tag into the workspace.
func (s *Server) AddTag(t Tag) {
	s.seed(func() {
		mustBeDecimal("tag", t.ID)
		_, taken := s.tagNamed(t.Name)
		must(!taken, "a tag named %q is there already", t.Name)
		must(s.tags.add(t.ID, &t), "tag %s is added twice", t.ID)
	})
}

// AddAttribute makes a custom attribute of contacts known before any contact
// has it. The type is string, integer, float, boolean or date.
func (s *Server) AddAttribute(name, dataType string) {
	s.seed(func() {
		k, ok := kindOfType(dataType)
		must(ok, "attribute %s has the unknown type %q", name, dataType)
		s.attributes[name] = k
	})
}

// AddCompany puts a company into the workspace.
func (s *Server) AddCompany(c Company) {
	s.seed(func() {
		must(c.ID != "", "a company has no id")
		c.CustomAttributes = plainValues(c.CustomAttributes)
		c.Created = s.orNow(c.Created)
		must(s.companies.add(c.ID, &c), "company %s is added twice", c.ID)
	})
}

// AddContact puts a contact into the workspace, found by search at once.
func (s *Server) AddContact(c Contact) {
	s.seed(func() {
		must(isContactID(c.ID), "contact id %q is not 24 hexadecimal digits", c.ID)
		for _, id := range c.Companies {
			mustHave("company", &s.companies, id)
		}
		if c.MergedInto != "" {
			mustHave("contact", &s.contacts, c.MergedInto)
		}
		c.CustomAttributes = plainValues(c.CustomAttributes)
		added := s.newContact(c)
		must(s.contacts.add(c.ID, added), "contact %s is added twice", c.ID)
		added.tags = s.seededTags(c.Tags, added.Created)
		s.knowAttributes(added.CustomAttributes)
		s.foundContacts.put(c.ID, time.Time{}, contactDocument(added))
	})
}

// AddConversation puts a conversation into the workspace, found by search at once.
func (s *Server) AddConversation(c Conversation) {
	s.seed(func() {
		mustBeDecimal("conversation", c.ID)
		must(len(c.Messages) > 0, "conversation %s has no message", c.ID)
		for _, id := range c.Contacts {
			mustHave("contact", &s.contacts, id)
		}
		if c.AdminAssignee != "" {
			mustHave("admin", &s.admins, c.AdminAssignee)
		}
		if c.TeamAssignee != "" {
			mustHave("team", &s.teams, c.TeamAssignee)
		}
		added := s.newConversation(c)
		must(s.conversations.add(c.ID, added), "conversation %s is added twice", c.ID)
		s.foundConversations.put(c.ID, time.Time{}, s.conversationDocument(added))
	})
}

// newConversation plays the messages in order, then sets the state the story wants.
func (s *Server) newConversation(c Conversation) *conversation {
	created := c.Created
	if created.IsZero() {
		created = c.Messages[0].At
	}
	created = s.orNow(created)
	added := &conversation{
		id: c.ID, title: c.Title, subject: storedBody(c.Subject), channel: orElse(c.Channel, "conversation"),
		state: stateOpen, priority: orElse(c.Priority, "none"), created: created, updated: created,
		adminAssignee: c.AdminAssignee, teamAssignee: c.TeamAssignee,
		contacts: slices.Clone(c.Contacts), attributes: plainValues(c.CustomAttributes),
	}
	added.source = s.seededPart(c.Messages[0], created)
	added.wait(added.source)
	last := added.source.at
	for _, m := range c.Messages[1:] {
		p := s.seededPart(m, last)
		added.happen(p)
		last = p.at
	}
	added.tags = s.seededTags(c.Tags, created)
	added.setState(orElse(c.State, stateOpen), c.SnoozedUntil)
	return added
}

func (c *conversation) setState(state string, snoozedUntil time.Time) {
	must(state == stateOpen || state == stateClosed || state == stateSnoozed, "conversation %s has the unknown state %q", c.id, state)
	must(state != stateSnoozed || !snoozedUntil.IsZero(), "conversation %s is snoozed without a time", c.id)
	c.state, c.snoozedUntil = state, snoozedUntil.UTC()
	if state == stateClosed {
		c.waitingSince = time.Time{}
	}
}

func (s *Server) seededPart(m Message, before time.Time) part {
	p := part{
		id: s.nextMessageID(), kind: partComment, body: storedBody(m.Body), author: s.seededAuthor(m.From),
		at: m.At.UTC(), mailed: m.Mailed, attachments: slices.Clone(m.Attachments),
	}
	if m.At.IsZero() {
		p.at = before
	}
	if m.Note {
		p.kind = partNote
	}
	return p
}

func (s *Server) seededAuthor(from string) person {
	kind, id, _ := strings.Cut(from, ":")
	switch kind {
	case isContact:
		mustHave(isContact, &s.contacts, id)
	case isAdmin:
		mustHave(isAdmin, &s.admins, id)
	default:
		must(from == isBot, "a message is from %q, which is not contact:ID, admin:ID or bot", from)
	}
	return person{kind, id}
}

func (s *Server) seededTags(ids []string, at time.Time) []appliedTag {
	var tags []appliedTag
	for _, id := range ids {
		mustHave("tag", &s.tags, id)
		tags = append(tags, appliedTag{id: id, at: at})
	}
	return tags
}

// knowAttributes lets the workspace know the attributes a story uses.
func (s *Server) knowAttributes(attributes map[string]any) {
	for name, v := range attributes {
		k, known := s.attributes[name]
		if !known {
			k = kindOfValue(v)
			s.attributes[name] = k
		}
		must(k.holds(v), "the attribute %s cannot have the value %v", name, v)
	}
}

// plainValues are the values as JSON knows them: string, bool or float64.
func plainValues(attributes map[string]any) map[string]any {
	if attributes == nil {
		return map[string]any{}
	}
	b, err := json.Marshal(attributes)
	must(err == nil, "custom attributes: %v", err)
	plain := map[string]any{}
	err = json.Unmarshal(b, &plain)
	must(err == nil, "custom attributes: %v", err)
	return plain
}

func (s *Server) seed(add func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add()
}

func (s *Server) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return s.clock.Now()
	}
	return t.UTC()
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func must(ok bool, format string, args ...any) {
	if !ok {
		panic("intercomapi: " + fmt.Sprintf(format, args...))
	}
}

func mustHave[T any](what string, in *shelf[T], id string) {
	_, ok := in.get(id)
	must(ok, "there is no %s %q", what, id)
}

func mustBeDecimal(what, id string) {
	must(isDecimal(id), "%s id %q is not a decimal number", what, id)
}

func isDecimal(id string) bool { return id != "" && strings.Trim(id, "0123456789") == "" }

func isContactID(id string) bool { return len(id) == 24 && strings.Trim(id, "0123456789abcdef") == "" }
