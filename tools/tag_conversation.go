package tools

import (
	"context"
	"slices"
	"strings"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type tagInput struct {
	Conversation conversationID `json:"conversation_id"`
	Add          tagNames       `json:"add,omitempty"`
	Remove       tagNames       `json:"remove,omitempty"`
}

// TagConversation adds and removes tags.
func TagConversation(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "tag_conversation", Title: "Tag a conversation", Idempotent: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Add and remove tags of a conversation. The policy lists the tags.",
	}, d.Guard, Operation[tagInput, policies.Tag, intercom.Tagged]{
		Propose: d.proposeTag, Perform: d.Intercom.Tag, Find: d.Intercom.FindTags,
	})
}

func (d Deps) proposeTag(ctx context.Context, in tagInput) (policies.Tag, error) {
	var t policies.Tag
	var err error
	if t.Add, t.Remove, err = tagsOf(in.Add, in.Remove); err != nil {
		return t, err
	}
	c, asker, err := d.writable(ctx, in.Conversation)
	t.Asker, t.Traits = asker, deskTraits(c, d.Guard.Policy().Wants(policies.KindTag))
	return t, err
}

// tagsOf are the names as facts: one at least, and none on both sides.
func tagsOf(add, remove tagNames) (added, removed []string, err error) {
	if len(add)+len(remove) == 0 {
		return nil, nil, fault.Invalidf("name at least one tag to add or remove", "add and remove are both empty")
	}
	for _, name := range add {
		if slices.ContainsFunc(remove, func(r string) bool { return strings.EqualFold(r, name) }) {
			return nil, nil, fault.Invalidf("name a tag in add or in remove", "tag %q is both to be added and to be removed", name)
		}
	}
	return slices.Clone([]string(add)), slices.Clone([]string(remove)), nil
}
