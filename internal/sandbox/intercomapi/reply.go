package intercomapi

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// mostAttachments is how many files one reply may carry.
const mostAttachments = 10

// lastConversation is the word that stands for an id in the path of a reply.
const lastConversation = "last"

// replyRequest is a message of an admin, or one written in a contact's name.
type replyRequest struct {
	MessageType    string   `json:"message_type"`
	Type           string   `json:"type"`
	AdminID        looseID  `json:"admin_id"`
	IntercomUserID string   `json:"intercom_user_id"`
	UserID         looseID  `json:"user_id"`
	Email          string   `json:"email"`
	Body           string   `json:"body"`
	AttachmentURLs []string `json:"attachment_urls"`
}

// reply adds a comment or a note. There is no idempotency key: the same request
// sent twice is two parts.
func (s *Server) reply(r *http.Request) (any, error) {
	in, err := decode[replyRequest](r)
	if err != nil {
		return nil, err
	}
	author, err := s.replier(in)
	if err != nil {
		return nil, err
	}
	c, err := s.repliedTo(r, author)
	if err != nil {
		return nil, err
	}
	p := part{kind: in.MessageType, author: author, at: s.clock.Now(), body: storedBody(in.Body), app: packageCode}
	if p.attachments, err = in.attachments(); err != nil {
		return nil, err
	}
	if plaintext(p.body) == "" && len(p.attachments) == 0 {
		return nil, invalid("body", "body can't be blank")
	}
	s.say(c, p)
	return s.conversationWithParts(c, asHTML), nil
}

// replier checks the message type and finds its author.
func (s *Server) replier(in replyRequest) (person, error) {
	switch in.MessageType {
	case "":
		return person{}, missing("message_type")
	case partComment, partNote:
	default:
		return person{}, invalid("message_type", "message_type must be comment or note")
	}
	switch in.Type {
	case "":
		return person{}, missing("type")
	case isAdmin:
		return s.actingAdmin(in.AdminID)
	case "user":
		if in.MessageType == partNote {
			return person{}, invalid("message_type", "a contact cannot write a note")
		}
		return s.replyingContact(in)
	}
	return person{}, invalid("type", "type must be admin or user")
}

func (s *Server) actingAdmin(id looseID) (person, error) {
	if id == "" {
		return person{}, missing("admin_id")
	}
	a, ok := s.admins.get(string(id))
	if !ok {
		return person{}, noAdmin()
	}
	if a.Bot {
		return person{isBot, a.ID}, nil
	}
	return person{isAdmin, a.ID}, nil
}

func (s *Server) replyingContact(in replyRequest) (person, error) {
	if in.IntercomUserID == "" && in.UserID == "" && in.Email == "" {
		return person{}, missing("intercom_user_id")
	}
	for _, c := range s.contacts.order {
		if c.MergedInto == "" && (c.ID == in.IntercomUserID ||
			in.UserID != "" && c.ExternalID == string(in.UserID) ||
			in.Email != "" && strings.EqualFold(c.Email, in.Email)) {
			return person{isContact, c.ID}, nil
		}
	}
	return person{}, noContact()
}

// repliedTo is the conversation of the path. "last" is the contact's most
// recent one; for an admin it is whichever conversation of the workspace moved
// last, which is how a careless client answers the wrong customer.
func (s *Server) repliedTo(r *http.Request, author person) (*conversation, error) {
	if r.PathValue("id") != lastConversation {
		return s.conversation(r)
	}
	var latest *conversation
	for _, c := range s.conversations.order {
		if author.kind == isContact && !slices.Contains(c.contacts, author.id) {
			continue
		}
		if latest == nil || !c.updated.Before(latest.updated) {
			latest = c
		}
	}
	if latest == nil {
		return nil, noConversation()
	}
	return latest, nil
}

func (in replyRequest) attachments() ([]Attachment, error) {
	if len(in.AttachmentURLs) > mostAttachments {
		return nil, invalid("attachment_urls", "at most 10 attachments are allowed")
	}
	var all []Attachment
	for _, u := range in.AttachmentURLs {
		all = append(all, Attachment{Name: path.Base(u), URL: u})
	}
	return all, nil
}

// say adds a message and applies what it does to the state.
func (s *Server) say(c *conversation, p part) {
	p.unnotified = p.author.kind == isBot && c.channel == "email" && p.kind == partComment
	fromContact := p.author.kind == isContact
	reopens := fromContact && c.state != stateOpen ||
		p.author.kind == isAdmin && p.kind == partComment && c.state == stateClosed && s.Settings.AdminCommentReopens
	if reopens {
		c.state, c.snoozedUntil = stateOpen, time.Time{}
	}
	if reopens && fromContact {
		p.kind = partOpen // a customer's answer that reopens is one part: an open with a body
	}
	s.record(c, p)
}
