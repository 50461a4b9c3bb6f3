package tools

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type listDeskOptionsInput struct {
	Of     optionKind `json:"of"`
	Cursor cursor     `json:"cursor,omitempty"`
}

type optionKind string

// The kinds of options.
const (
	tagOptions       optionKind = "tags"
	teamOptions      optionKind = "teams"
	adminOptions     optionKind = "admins"
	macroOptions     optionKind = "macros"
	attributeOptions optionKind = "attributes"
)

// Schema lists the kinds.
func (optionKind) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Description: "what to list; attributes are those of contacts",
		Enum: []any{string(tagOptions), string(teamOptions), string(adminOptions), string(macroOptions), string(attributeOptions)},
	}
}

type deskOptions struct {
	Options []deskOption `json:"options"`
	Total   int          `json:"total"`
	Next    cursor       `json:"next_cursor,omitempty"`
}

type deskOption struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Text string `json:"text,omitempty" jsonschema:"of a macro, its reply"`
}

// ListDeskOptions lists what the desk has to work with.
func ListDeskOptions(d Deps) Tool {
	return Read(Spec{
		Toolset: Inbox, Name: "list_desk_options", Title: "List what the desk has",
		Scopes:      access.Scopes{access.ConversationsRead},
		Description: "Tags, teams, admins with an inbox seat, saved replies (macros) or contact attributes of the workspace.",
	}, d.listDeskOptions)
}

func (d Deps) listDeskOptions(ctx context.Context, _ policies.Principal, in listDeskOptionsInput) (out deskOptions, err error) {
	p, err := in.Cursor.place("list_desk_options", string(in.Of))
	if err != nil {
		return out, err
	}
	all, err := d.options(ctx, in.Of)
	if err != nil {
		return out, err
	}
	p.Thread, out.Total = moreOptions, len(all)
	same := func(o deskOption) deskOption { return o }
	key := func(o deskOption) string { return o.ID + " " + o.Name }
	out.Options, out.Next, err = pageOf("list_desk_options", p, intercom.Page[deskOption]{Items: all}, key, same)
	return out, err
}

func (d Deps) options(ctx context.Context, of optionKind) (all []deskOption, err error) {
	switch of {
	case tagOptions:
		return optionsOf(ctx, d.Intercom.Tags, func(t intercom.Tag) (deskOption, bool) { return option(t.ID, t.Name), true })
	case teamOptions:
		return optionsOf(ctx, d.Intercom.Teams, func(t intercom.Team) (deskOption, bool) { return option(t.ID, t.Name), true })
	case adminOptions:
		return optionsOf(ctx, d.Intercom.Admins, func(a intercom.Admin) (deskOption, bool) { return option(a.ID, a.Name), a.InboxSeat })
	case macroOptions:
		return optionsOf(ctx, d.Intercom.Macros, func(m intercom.Macro) (deskOption, bool) {
			o := option(m.ID, m.Name)
			o.Text = messageRoom.holds(m.Body)
			return o, true
		})
	case attributeOptions:
	}
	contacts := func(ctx context.Context) ([]intercom.Attribute, error) {
		return d.Intercom.Attributes(ctx, intercom.OfContacts)
	}
	return optionsOf(ctx, contacts, func(a intercom.Attribute) (deskOption, bool) { return option("", a.Name), a.Custom })
}

func option(id, name string) deskOption { return deskOption{ID: id, Name: label(name, maxLabel)} }

func optionsOf[T any](ctx context.Context, list func(context.Context) ([]T, error), of func(T) (deskOption, bool)) ([]deskOption, error) {
	all, err := list(ctx)
	if err != nil {
		return nil, err
	}
	var out []deskOption
	for _, v := range all {
		if o, ok := of(v); ok {
			out = append(out, o)
		}
	}
	return out, nil
}
