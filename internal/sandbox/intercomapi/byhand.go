package intercomapi

import "slices"

// packageCode is what the workspace tells of parts that came in over the API: the
// code of the app whose token made them. Parts that somebody typed have none.
const packageCode = "sandbox-api"

// Write adds a message that somebody types, in Intercom itself or in the
// Messenger, and so not through the API.
func (s *Server) Write(conversation string, m Message) {
	s.seed(func() {
		c, ok := s.conversations.get(conversation)
		must(ok, "there is no conversation %q", conversation)
		s.say(c, s.seededPart(m, s.clock.Now()))
	})
}

// Redact blanks a part of a conversation, as a teammate can in Intercom.
func (s *Server) Redact(conversation, id string) {
	s.seed(func() {
		c, ok := s.conversations.get(conversation)
		must(ok, "there is no conversation %q", conversation)
		i := slices.IndexFunc(c.parts, func(p part) bool { return p.id == id })
		must(i >= 0, "there is no part %q", id)
		c.parts[i].body, c.parts[i].redacted = "", true
	})
}
