package intercom

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Sent is the receipt of a message.
type Sent struct {
	Part         string    `json:"part_id"`
	Conversation string    `json:"conversation_id"`
	State        string    `json:"state"` // of the conversation, as it was right after or when it was found
	SentAt       time.Time `json:"sent_at"`
	// NotMailed says that the customer does not get it: Intercom keeps a bot's answer to
	// an e-mail, and sends it only where the workspace has switched that on.
	NotMailed bool `json:"not_mailed,omitempty" jsonschema:"the customer does not get it: a person must answer"`
}

// Reply sends what the permit holds to the customer, with an address in the place of
// each placeholder, and closes the conversation in the same call when that was
// permitted, so that one cannot happen without the other
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/manageconversation).
// A text without placeholders needs no addresses. They are sent and kept nowhere.
func (c *Client) Reply(ctx context.Context, p *policies.Permit[policies.Reply], addresses map[string]string) (Sent, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Sent{}, err
	}
	text, err := policies.Addressed(a.Body, addresses)
	if err != nil {
		return Sent{}, &fault.Error{
			Code: fault.Internal, Took: fault.No, Cause: err,
			Message: "a placeholder could not be filled in, so nothing was sent", NextStep: "leave the placeholder out, or " + askOperator,
		}
	}
	return c.say(ctx, replying(a), text)
}

// FindReply looks for a reply that may have been sent. Found means that the
// customer has the text; the receipt's State tells whether it also closed. Not
// found says only that it is not there yet.
func (c *Client) FindReply(ctx context.Context, a policies.Reply, _ string) (Sent, bool, error) {
	return c.heard(ctx, replying(a))
}

// AddNote writes what the permit holds for colleagues only.
func (c *Client) AddNote(ctx context.Context, p *policies.Permit[policies.Note]) (Sent, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Sent{}, err
	}
	return c.say(ctx, noting(a), a.Body)
}

// FindNote looks for a note that may have been written, as FindReply does.
func (c *Client) FindNote(ctx context.Context, a policies.Note, _ string) (Sent, bool, error) {
	return c.heard(ctx, noting(a))
}

// utterance is a message in Intercom's terms.
type utterance struct {
	policies.Message
	what string // for errors
	path string // below the conversation
	kind string // message_type
}

func replying(a policies.Reply) utterance {
	u := utterance{Message: a.Message, what: "reply to conversation ", path: "/reply", kind: "comment"}
	if a.Close {
		u.path, u.kind = "/parts", "close"
	}
	return u
}

func noting(a policies.Note) utterance {
	return utterance{Message: a.Message, what: "add note to conversation ", path: "/reply", kind: "note"}
}

// manage is the body of every request that adds a part.
type manage struct {
	MessageType  string `json:"message_type"`
	Type         string `json:"type,omitempty"`
	AdminID      string `json:"admin_id"` // a string, though Intercom's own examples send numbers
	Body         string `json:"body,omitempty"`
	SnoozedUntil int64  `json:"snoozed_until,omitempty"` // Unix seconds
}

// say sends a text that is the utterance's, but for addresses.
func (c *Client) say(ctx context.Context, u utterance, text string) (Sent, error) {
	id := u.Asker.Conversation
	if err := c.checkMessage(u.Message); err != nil {
		return Sent{}, err
	}
	var w wireConversation
	_, err := c.write(ctx, call{
		what: u.what + id, method: http.MethodPost, path: "/conversations/" + id + u.path,
		body: manage{MessageType: u.kind, Type: "admin", AdminID: c.admin, Body: toHTML(text)},
	}, &w)
	if err != nil {
		return Sent{}, err
	}
	now := w.conversation()
	if sent, ok := c.spot(now, u); ok {
		return sent, nil
	}
	// It was accepted, and somebody's later part or a change of its text hides it.
	return Sent{Part: now.LastPart(), Conversation: id, State: now.State, SentAt: now.UpdatedAt}, nil
}

// checkMessage refuses what could not be sent, or not be found again.
func (c *Client) checkMessage(m policies.Message) error {
	if err := c.checkWriter(m.Asker.Conversation); err != nil {
		return err
	}
	if toHTML(m.Body) == "" {
		return fault.Invalidf("write a text", "the message has no visible text")
	}
	if !isNumber(m.After) {
		return &fault.Error{
			Code: fault.Internal, Took: fault.No,
			Message: "a message without its place in the conversation cannot be sent", NextStep: askOperator,
		}
	}
	return nil
}

// checkWriter refuses a write that names no possible conversation or no admin.
func (c *Client) checkWriter(conversation string) error {
	if c.admin == "" {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No,
			Message: "this server has no Intercom admin to write as", NextStep: askOperator,
		}
	}
	return checkConversation(conversation)
}

// heard reads the conversation by its id, never by search, whose index lags
// behind. Bodies are read as HTML, where a link that Intercom made of an address
// still shows only the text that was sent.
func (c *Client) heard(ctx context.Context, u utterance) (Sent, bool, error) {
	if err := c.checkMessage(u.Message); err != nil {
		return Sent{}, false, err
	}
	now, err := c.conversation(ctx, u.Asker.Conversation, "")
	if err != nil {
		return Sent{}, false, err
	}
	sent, ok := c.spot(now, u)
	return sent, ok, nil
}

// spot finds our message among the parts that came after it was decided on.
func (c *Client) spot(now Conversation, u utterance) (Sent, bool) {
	for _, p := range newer(now, u.After) {
		ours := (p.Author.Type == "admin" || p.Author.Type == "bot") && p.Author.ID == c.admin
		if ours && isNote(p.Type) == isNote(u.kind) && p.Body != "" && sameText(p.Body, u.Body) {
			mailed := now.Channel != "email" || isNote(p.Type) || p.Author.Type != "bot" || !p.NotifiedAt.IsZero()
			return Sent{Part: p.ID, Conversation: now.ID, State: now.State, SentAt: p.CreatedAt, NotMailed: !mailed}, true
		}
	}
	return Sent{}, false
}

// isNote tells what colleagues see from what the customer sees. The customer's
// side has many names: a reply that also reopens or assigns is no "comment".
func isNote(partType string) bool { return strings.HasPrefix(partType, "note") }

// newer are the parts behind the one named after. The source has an id of
// another series; a part that is no longer listed is compared by its number.
func newer(c Conversation, after string) []Part {
	if after == c.Source.ID {
		return c.Parts
	}
	if i := slices.IndexFunc(c.Parts, func(p Part) bool { return p.ID == after }); i >= 0 {
		return c.Parts[i+1:]
	}
	return slices.DeleteFunc(slices.Clone(c.Parts), func(p Part) bool { return !isNumber(p.ID) || compareNumbers(p.ID, after) <= 0 })
}

// compareNumbers compares decimal numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
