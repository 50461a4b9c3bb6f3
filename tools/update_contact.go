package tools

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type updateContactInput struct {
	Contact   contactID     `json:"contact_id"`
	Attribute attributeName `json:"attribute"`
	Value     string        `json:"value" jsonschema:"text; or true, a number, or 2026-12-31, as the attribute's type wants; empty clears it"`
	Type      attributeType `json:"type,omitempty"`
}

type attributeName string

// Schema wants a name.
func (attributeName) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), MaxLength: jsonschema.Ptr(190), Description: "custom attribute"}
}

type attributeType string

// Schema lists the types of attributes.
func (attributeType) Schema() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Description: "of an attribute that the workspace lacks"}
	for _, t := range intercom.DataTypes() {
		s.Enum = append(s.Enum, string(t))
	}
	return s
}

// UpdateContact sets an attribute of a contact.
func UpdateContact(d Deps) Tool {
	return Write(Spec{
		Toolset: Contacts, Name: "update_contact", Title: "Set a contact's attribute", Idempotent: true,
		Scopes:      access.Scopes{access.ContactsWrite},
		Description: "Set a custom attribute of a contact; one that the workspace lacks is made. The policy lists the attributes.",
	}, d.Guard, Operation[updateContactInput, policies.Contact, intercom.Kept]{
		Propose: d.proposeUpdate, Perform: d.Intercom.UpdateContact, Find: d.Intercom.FindUpdate,
	})
}

func (d Deps) proposeUpdate(ctx context.Context, in updateContactInput) (policies.Contact, error) {
	name := string(in.Attribute)
	c, err := d.writableContact(ctx, in.Contact)
	if err != nil {
		return policies.Contact{}, err
	}
	out := policies.Contact{ID: c.ID, Set: map[string]string{name: in.Value}}
	t, err := d.Intercom.ContactAttribute(ctx, name)
	switch {
	case err != nil:
		return out, err
	case t == "" && in.Type == "":
		return out, fault.Invalidf("give type, or take a name from list_desk_options", "attribute: the workspace has no such attribute")
	case t != "" && in.Type != "" && string(t) != string(in.Type):
		return out, fault.Invalidf("leave type out", "type: the attribute is a %s, and that cannot change", t)
	case t == "":
		t = intercom.DataType(in.Type)
		out.Make = map[string]string{name: string(t)}
	}
	_, err = t.Value(in.Value)
	return out, err
}
