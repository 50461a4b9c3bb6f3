package intercomapi

import (
	"fmt"
	"strconv"
	"time"
)

// state is everything the workspace holds, in the order it was added.
type state struct {
	admins        shelf[Admin]
	teams         shelf[Team]
	companies     shelf[Company]
	tags          shelf[Tag]
	segments      shelf[segment]
	macros        shelf[Macro]
	articles      shelf[Article]
	events        []Event
	contacts      shelf[contact]
	conversations shelf[conversation]
	attributes    map[string]kind // custom attributes of contacts, by name
	// customersWrite are the custom attributes that the Messenger may set.
	customersWrite map[string]bool
	ids            map[idSeries]int64

	foundContacts      index // what search knows of contacts
	foundConversations index // what search knows of conversations
}

func newState() state {
	return state{attributes: map[string]kind{}, customersWrite: map[string]bool{}, ids: map[idSeries]int64{}}
}

// shelf keeps things by id and remembers their order. The zero value is empty.
type shelf[T any] struct {
	byID  map[string]*T
	order []*T
}

// add reports whether the id was free.
func (s *shelf[T]) add(id string, v *T) bool {
	if _, taken := s.byID[id]; taken {
		return false
	}
	if s.byID == nil {
		s.byID = map[string]*T{}
	}
	s.byID[id] = v
	s.order = append(s.order, v)
	return true
}

func (s *shelf[T]) get(id string) (*T, bool) {
	v, ok := s.byID[id]
	return v, ok
}

// idSeries is one sequence of ids. Ids given by a story and ids of a series
// never meet: a taken one is passed over.
type idSeries int

const (
	messageIDs idSeries = iota // of sources and parts: one strictly increasing sequence
	contactIDs
	tagIDs
)

func (s *state) next(series idSeries) int64 {
	s.ids[series]++
	return s.ids[series]
}

func (s *state) nextMessageID() string {
	return strconv.FormatInt(30_000_000_000+s.next(messageIDs), 10)
}

func (s *state) nextContactID() string {
	for {
		id := fmt.Sprintf("6a5b0000%016x", s.next(contactIDs))
		if _, taken := s.contacts.get(id); !taken {
			return id
		}
	}
}

func (s *state) nextTagID() string {
	for {
		id := strconv.FormatInt(9_000_000+s.next(tagIDs), 10)
		if _, taken := s.tags.get(id); !taken {
			return id
		}
	}
}

// contact is a person, a user or a lead.
type contact struct {
	Contact
	tags    []appliedTag
	updated time.Time
}

// appliedTag is a tag on something.
type appliedTag struct {
	id string
	at time.Time
	by string // admin id; empty when the story put it there
}

// conversation is a source message and everything that happened after it.
type conversation struct {
	id, title, subject, channel string
	state, priority             string
	created, updated            time.Time
	snoozedUntil, waitingSince  time.Time
	adminAssignee, teamAssignee string
	contacts                    []string
	source                      part
	parts                       []part
	tags                        []appliedTag
	attributes                  map[string]any
}

// The states of a conversation.
const (
	stateOpen    = "open"
	stateClosed  = "closed"
	stateSnoozed = "snoozed"
)

// part is one thing that happened on a conversation. It never changes, except that it
// can be redacted.
type part struct {
	id          string
	kind        string // part_type
	body        string // HTML as stored; empty when there is none
	author      person
	at          time.Time
	unnotified  bool
	mailed      bool
	attachments []Attachment
	assignee    person // of an assignment
	after       string // state of the conversation afterwards
	redacted    bool   // a teammate has blanked it
	app         string // whose token made it; empty when somebody typed it
}

// The types of parts, as Intercom answers them.
const (
	partComment         = "comment"
	partNote            = "note"
	partOpen            = "open"
	partClose           = "close"
	partSnoozed         = "snoozed"
	partUnsnoozed       = "timer_unsnooze"
	partAssignment      = "assignment"
	partAssignAndReopen = "assign_and_reopen"
)

// person says who did something, or who is to do it.
type person struct{ kind, id string }

// The kinds of persons.
const (
	isContact = "contact"
	isAdmin   = "admin"
	isTeam    = "team"
	isBot     = "bot"
)

// String is how stories name persons: "contact:ID", "admin:ID", "bot".
func (p person) String() string {
	if p.id == "" {
		return p.kind
	}
	return p.kind + ":" + p.id
}

// happen appends a part and lets the conversation's own times follow from it.
func (c *conversation) happen(p part) {
	p.after = c.state
	c.parts = append(c.parts, p)
	c.updated = p.at
	c.wait(p)
}

// wait keeps the time since which the customer has been waiting: from the first
// message an admin has not yet answered.
func (c *conversation) wait(p part) {
	switch {
	case p.author.kind == isContact && p.kind != partNote:
		if c.waitingSince.IsZero() {
			c.waitingSince = p.at
		}
	case p.author.kind == isAdmin && p.kind == partComment, p.kind == partClose:
		c.waitingSince = time.Time{}
	}
}
