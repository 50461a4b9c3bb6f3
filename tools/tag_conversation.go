package tools

import (
	"context"
	"slices"
	"strings"

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
		Description: "Add and remove tags of a conversation. The policy lists the tags.",
	}, d.Guard, Operation[tagInput, policies.Tag, intercom.Tagged]{
		Propose: d.proposeTag, Perform: d.Intercom.Tag, Find: d.Intercom.FindTags,
	})
}

func (d Deps) proposeTag(ctx context.Context, in tagInput) (policies.Tag, error) {
	t := policies.Tag{Add: slices.Clone([]string(in.Add)), Remove: slices.Clone([]string(in.Remove))}
	if len(t.Add)+len(t.Remove) == 0 {
		return t, fault.Invalidf("name at least one tag to add or remove", "add and remove are both empty")
	}
	for _, name := range t.Add {
		if slices.ContainsFunc(t.Remove, func(r string) bool { return strings.EqualFold(r, name) }) {
			return t, fault.Invalidf("name a tag in add or in remove", "tag %q is both to be added and to be removed", name)
		}
	}
	c, asker, err := d.writable(ctx, in.Conversation)
	t.Asker, t.Traits = asker, deskTraits(c, d.Guard.Policy().Wants(policies.KindTag))
	return t, err
}
