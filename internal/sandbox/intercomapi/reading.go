package intercomapi

import (
	"maps"
	"slices"
	"time"
)

// ConversationState is a conversation as it stands, for tests and the demo to
// look at without going through the API.
type ConversationState struct {
	ID, Title, State string
	SnoozedUntil     time.Time
	AdminAssignee    string
	TeamAssignee     string
	Tags             []Tag
	Source           Part   // the first message
	Parts            []Part // everything after it, oldest first
}

// Part is one thing that happened on a conversation.
type Part struct {
	ID, Type string // comment, note, close, open, snoozed, assignment, ...
	Author   string // "contact:ID", "admin:ID", "bot" or "bot:ID"
	Body     string // as Intercom keeps it, in HTML; empty when there is none
	Text     string // the same in plain text
	At       time.Time
	Notified bool // false for a bot's answer to an e-mail, which is never sent
}

// Conversation tells how a conversation stands now.
func (s *Server) Conversation(id string) (ConversationState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake()
	c, ok := s.conversations.get(id)
	if !ok {
		return ConversationState{}, false
	}
	t := ConversationState{
		ID: c.id, Title: c.title, State: c.state, SnoozedUntil: c.snoozedUntil,
		AdminAssignee: c.adminAssignee, TeamAssignee: c.teamAssignee, Source: c.source.reading(),
	}
	for _, a := range c.tags {
		tag, _ := s.tags.get(a.id)
		t.Tags = append(t.Tags, *tag)
	}
	for _, p := range c.parts {
		t.Parts = append(t.Parts, p.reading())
	}
	return t, true
}

func (p part) reading() Part {
	return Part{
		ID: p.id, Type: p.kind, Author: p.author.String(), Body: p.body, Text: plaintext(p.body),
		At: p.at, Notified: !p.unnotified,
	}
}

// Contact tells how a contact stands now, merged or not.
func (s *Server) Contact(id string) (Contact, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.contacts.get(id)
	if !ok {
		return Contact{}, false
	}
	out := c.Contact
	out.CustomAttributes = maps.Clone(out.CustomAttributes)
	out.Companies = slices.Clone(out.Companies)
	out.Tags = tagIDsOf(c.tags)
	return out, true
}
