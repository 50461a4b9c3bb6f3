package policies

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"supportmcp/policies/words"
)

// ReplyRules is the reply section of a policy. It covers replies, internal notes
// and the state of a conversation.
type ReplyRules struct {
	Section
	MaxChars int         // of one message
	Words    words.Rules // what replies may contain beyond plain words; nothing unless listed
}

// Message is text for a conversation, with what is needed to find it again.
type Message struct {
	Asker  Asker  `json:"asker"`
	Body   string `json:"body"` // plain text
	Traits Traits `json:"traits"`
	// Own is what of the body's contents is the customer's, and the refunds that
	// Stripe has for them. It is resolved only as far as the body mentions it.
	Own   Own    `json:"own,omitzero"`
	After string `json:"after"` // id of the newest part before sending; found again only behind it
}

func (m Message) subject() Subject {
	return Subject{
		Conversation: m.Asker.Conversation,
		Contact:      m.Asker.Contact,
		// One message in flight per conversation: After could not tell two apart.
		Exclusive: "conversation:" + m.Asker.Conversation,
		Same:      digest(m.Body),
	}
}

func (m Message) traits() Traits { return m.Traits }

// judge holds for all text, whoever reads it.
func (m Message) judge(p *Policy) []Finding {
	if p.Reply == nil {
		return []Finding{missing("reply")}
	}
	n := utf8.RuneCountInString(m.Body)
	if strings.TrimSpace(m.Body) == "" {
		return []Finding{{Rule: "structure.text", Effect: Deny, Message: "the text is empty", NextStep: "write what is to be said"}}
	}
	f := Finding{Rule: "reply.max_chars", Effect: Allow, Limit: strconv.Itoa(p.Reply.MaxChars), Actual: strconv.Itoa(n)}
	if n > p.Reply.MaxChars {
		f.Effect, f.Message, f.NextStep = Deny, "the text is too long", fmt.Sprintf("shorten it to %d characters", p.Reply.MaxChars)
	}
	return []Finding{f}
}

// Reply answers the customer, and may close the conversation with it.
type Reply struct {
	Message
	Close bool `json:"close"`
	// Pages are what the placeholders in the body stand for.
	Pages []Page `json:"pages,omitempty"`
}

// Kind is KindReply.
func (Reply) Kind() Kind { return KindReply }

// Subject identifies a reply by its text and whether it closes.
func (r Reply) Subject() Subject {
	s := r.subject()
	s.Same += " " + strconv.FormatBool(r.Close)
	return s
}

// binds leaves out what the text is compared with: it is judged anew when the
// reply is sent, and nobody approves it.
func (r Reply) binds() any {
	r.After, r.Own, r.Pages, r.Traits = "", Own{}, nil, Traits{}
	return r
}

// receipts is the conversation whose refunds the text must be true of.
func (r Reply) receipts() string {
	if !words.Read(r.Body).Claims() {
		return ""
	}
	return r.Asker.Conversation
}

func (Reply) asks() []Query { return nil }

func (r Reply) judge(p *Policy, s Snapshot) []Finding {
	findings := r.Message.judge(p)
	if p.Reply == nil {
		return findings
	}
	findings = append(findings, wording(words.Read(r.Body).Check(p.Reply.Words, r.Own, s.done()))...)
	return append(findings, r.pages()...)
}

// Note is text that only colleagues see.
type Note struct {
	Message
}

// Kind is KindNote.
func (Note) Kind() Kind { return KindNote }

// Subject identifies a note by its text.
func (n Note) Subject() Subject { return n.subject() }

func (n Note) binds() any {
	n.After, n.Traits = "", Traits{}
	return n
}

func (Note) asks() []Query { return nil }

// judge keeps only secrets out of notes: colleagues may know ids and addresses.
func (n Note) judge(p *Policy, _ Snapshot) []Finding {
	findings := n.Message.judge(p)
	if p.Reply == nil {
		return findings
	}
	return append(findings, wording(words.Read(n.Body).Secrets())...)
}

// ConversationState is Intercom's state of a conversation.
type ConversationState string

// The states (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations).
const (
	Open    ConversationState = "open"
	Closed  ConversationState = "closed"
	Snoozed ConversationState = "snoozed"
)

// SetState closes, opens or snoozes a conversation.
type SetState struct {
	Asker  Asker             `json:"asker"`
	State  ConversationState `json:"state"`
	Traits Traits            `json:"traits"`
	Until  time.Time         `json:"until,omitzero"` // of Snoozed
}

// Kind is KindState.
func (SetState) Kind() Kind { return KindState }

// Subject has no identity: a desired state is set again whenever it is asked for.
func (s SetState) Subject() Subject {
	return Subject{Conversation: s.Asker.Conversation, Contact: s.Asker.Contact}
}

func (s SetState) binds() any {
	s.Traits = Traits{}
	return s
}

func (s SetState) traits() Traits { return s.Traits }

func (SetState) asks() []Query { return nil }

func (s SetState) judge(p *Policy, snap Snapshot) []Finding {
	if p.Reply == nil {
		return []Finding{missing("reply")}
	}
	f := Finding{Rule: "structure.state", Effect: Deny, Actual: string(s.State)}
	switch {
	case s.State == Open, s.State == Closed, s.State == Snoozed && s.Until.After(snap.Now):
		f.Effect = Allow
	case s.State == Snoozed:
		f.Message, f.NextStep = "a conversation can only be snoozed until a time to come", "give a later snoozed_until"
	default:
		f.Message, f.NextStep = "there is no such state", "use open, closed or snoozed"
	}
	return []Finding{f}
}
