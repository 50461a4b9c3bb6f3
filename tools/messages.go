package tools

import (
	"slices"
	"time"

	"supportmcp/internal/intercom"
)

type message struct {
	From               string    `json:"from"` // customer, colleague, bot, or internal note
	At                 time.Time `json:"at"`
	Text               string    `json:"text,omitempty"`
	Event              string    `json:"event,omitempty"`
	Attachments        []string  `json:"attachments,omitempty"`
	AttachmentsOmitted int       `json:"attachments_omitted,omitempty"`
	Cut                bool      `json:"cut,omitempty"`
	Rest               cursor    `json:"rest_cursor,omitempty" jsonschema:"of the text: give it as cursor"`
}

// maxMessages bounds a page of a conversation.
const maxMessages = 20

// source is what cursors call the first message: its id is of another kind than
// the parts' ids, and may be one of those.
const source = "source"

// partsOf are the messages that can be read, oldest first. Of more than 500 after
// the first one, Intercom gives the newest
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/retrieveconversation).
func partsOf(c intercom.Conversation) []intercom.Part {
	first := c.Source
	first.ID = source
	return append([]intercom.Part{first}, c.Parts...)
}

// tell fills the answer with the newest of some parts, one of them at least, and
// says what is left out before them.
func (out *conversation) tell(c intercom.Conversation, parts []intercom.Part) {
	left := answerRoom - weigh(out)
	from := len(parts)
	for from > 0 && len(out.Messages) < maxMessages {
		m := messageOf(c.ID, parts[from-1])
		if !left.take(m) && len(out.Messages) > 0 {
			break
		}
		out.Messages = append(out.Messages, m)
		from--
	}
	slices.Reverse(out.Messages)
	out.Unreachable = max(0, c.TotalParts-len(c.Parts))
	out.Omitted = from + out.Unreachable
	if from > 0 {
		out.Next = place{Thread: olderMessages, Within: c.ID, After: parts[from].ID}.cursor()
	}
}

// tellBefore fills the answer with what came before a message. Messages that have
// come in since change nothing: a place is a message, not a number of them.
func (out *conversation) tellBefore(c intercom.Conversation, p place) error {
	parts := partsOf(c)
	i := slices.IndexFunc(parts, func(part intercom.Part) bool { return part.ID == p.After })
	if i < 0 {
		return strayCursor("get_conversation")
	}
	out.tell(c, parts[:i])
	return nil
}

// tellRest fills the answer with one message from a place in its text on.
func (out *conversation) tellRest(c intercom.Conversation, p place) error {
	for _, part := range partsOf(c) {
		if part.ID != p.Of {
			continue
		}
		if err := p.in(part.Body, "get_conversation"); err != nil {
			return err
		}
		m := message{From: authorOf(part), At: part.CreatedAt}
		m.Text, m.Rest = pieceRoom.piece(part.Body, p)
		m.Cut = p.From+len(m.Text) < len(part.Body)
		out.Messages = append(out.Messages, m)
		return nil
	}
	return strayCursor("get_conversation")
}

func messageOf(conversation string, p intercom.Part) message {
	m := message{From: authorOf(p), At: p.CreatedAt}
	switch p.Type {
	case "comment", "note", "source", "":
	default:
		m.Event = label(p.Type, maxLabel)
	}
	m.Text, m.Rest = messageRoom.piece(p.Body, place{Thread: restOfMessage, Within: conversation, Of: p.ID})
	m.Cut = len(m.Text) < len(p.Body)
	files := make([]string, 0, len(p.Attachments))
	for _, a := range p.Attachments {
		files = append(files, a.Name+" ("+a.Type+")")
	}
	m.Attachments, m.AttachmentsOmitted = nameRoom.names(files)
	return m
}

func authorOf(p intercom.Part) string {
	if p.Type == "note" {
		return "internal note"
	}
	switch p.Author.Type {
	case "user", "lead", "contact":
		return "customer"
	case "admin", "team":
		return "colleague"
	}
	return p.Author.Type
}
