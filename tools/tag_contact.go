package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type tagContactInput struct {
	Contact contactID `json:"contact_id"`
	Add     tagNames  `json:"add,omitempty"`
	Remove  tagNames  `json:"remove,omitempty"`
}

// TagContact adds and removes tags of a contact.
func TagContact(d Deps) Tool {
	return Write(Spec{
		Toolset: Contacts, Name: "tag_contact", Title: "Tag a contact", Idempotent: true,
		Scopes:      access.Scopes{access.ContactsWrite},
		Description: "Add and remove tags of a contact. The policy lists the tags; tags can start the workspace's own automations.",
	}, d.Guard, Operation[tagContactInput, policies.TagContact, intercom.TaggedContact]{
		Propose: d.proposeTagContact, Perform: d.Intercom.TagContact, Find: d.Intercom.FindContactTags,
	})
}

func (d Deps) proposeTagContact(ctx context.Context, in tagContactInput) (policies.TagContact, error) {
	add, remove, err := tagsOf(in.Add, in.Remove)
	if err != nil {
		return policies.TagContact{}, err
	}
	c, err := d.writableContact(ctx, in.Contact)
	return policies.TagContact{Contact: c.ID, Add: add, Remove: remove}, err
}

// writableContact reads a contact, and makes sure that this server may write to the
// workspace at all.
func (d Deps) writableContact(ctx context.Context, id contactID) (intercom.Contact, error) {
	if err := d.Intercom.Ready(ctx); err != nil {
		return intercom.Contact{}, err
	}
	return d.Intercom.Contact(ctx, string(id))
}
