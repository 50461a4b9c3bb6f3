package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type replyInput struct {
	Conversation conversationID `json:"conversation_id"`
	Body         messageText    `json:"body"`
	Close        bool           `json:"close,omitempty" jsonschema:"close it with this reply"`
}

// ReplyToConversation answers the customer, once.
func ReplyToConversation(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "reply_to_conversation", Title: "Reply to the customer", Destructive: true, Idempotent: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Send a reply that the customer reads; can close the conversation with it. What it says of refunds must be done; links and other people's data are refused. {card_update}, {invoice:in_...} and {receipt:ch_...} become the customer's own links when it is sent. The same text is sent once in 24 hours.",
	}, d.Guard, Operation[replyInput, policies.Reply, intercom.Sent]{
		Propose: func(ctx context.Context, in replyInput) (policies.Reply, error) {
			m, err := d.message(ctx, in.Conversation, in.Body)
			if err == nil {
				m.Own, err = d.own(ctx, in.Conversation, in.Body)
			}
			r := policies.Reply{Message: m, Close: in.Close}
			if err == nil {
				r.Pages, err = d.pages(ctx, in.Conversation, in.Body)
			}
			return r, err
		},
		Perform: d.sendReply, Find: d.Intercom.FindReply,
	})
}

// message resolves where a text goes and behind which part it will stand.
func (d Deps) message(ctx context.Context, id conversationID, body messageText) (policies.Message, error) {
	c, asker, err := d.writable(ctx, id)
	if err != nil {
		return policies.Message{}, err
	}
	return policies.Message{
		Asker: asker, Body: string(body), After: c.LastPart(), Traits: deskTraits(c, d.Guard.Policy().Wants(policies.KindReply)),
	}, nil
}
