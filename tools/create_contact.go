package tools

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type createContactInput struct {
	Role  contactRole  `json:"role"`
	Email emailAddress `json:"email"`
	Name  string       `json:"name,omitempty" jsonschema:"of the person"`
}

type contactRole string

// Schema lists the roles.
func (contactRole) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Enum: []any{"user", "lead"}, Description: "lead: has no account"}
}

type emailAddress string

// Schema wants what can be an address at all.
func (emailAddress) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[^\s@<>",;]{1,64}@[^\s@<>",;]{1,190}$`, MaxLength: jsonschema.Ptr(254), Description: "e-mail address"}
}

// CreateContact makes a contact, or tells the one that there is.
func CreateContact(d Deps) Tool {
	return Write(Spec{
		Toolset: Contacts, Name: "create_contact", Title: "Create a contact", Idempotent: true,
		Scopes:      access.Scopes{access.ContactsWrite},
		Description: "Make a user or lead with an e-mail address, unless there is one. It is tied to no Stripe customer by that.",
	}, d.Guard, Operation[createContactInput, policies.NewContact, intercom.Created]{
		Propose: func(ctx context.Context, in createContactInput) (policies.NewContact, error) {
			return policies.NewContact{Role: string(in.Role), Email: string(in.Email), Name: in.Name}, d.Intercom.Ready(ctx)
		},
		Perform: d.Intercom.CreateContact, Find: d.Intercom.FindContact,
	})
}
