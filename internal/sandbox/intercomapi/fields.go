package intercomapi

import (
	"strconv"
	"strings"
)

// kind is the type of a searchable field.
type kind int

const (
	kindText kind = iota
	kindNumber
	kindFlag
	kindDate
	kindTag // a tag of a contact: equal or not, nothing else
)

// field says how one field is searched.
type field struct {
	kind   kind
	folded bool // kept in lower case
}

// kindOfType translates a data_type of Intercom's data attributes.
func kindOfType(dataType string) (kind, bool) {
	switch dataType {
	case "string":
		return kindText, true
	case "integer", "float":
		return kindNumber, true
	case "boolean":
		return kindFlag, true
	case "date", "datetime":
		return kindDate, true
	}
	return 0, false
}

// kindOfValue is the type of an attribute that a story uses without declaring it.
func kindOfValue(v any) kind {
	switch v.(type) {
	case bool:
		return kindFlag
	case string:
		return kindText
	}
	return kindNumber
}

// holds reports whether an attribute of this kind can have the value, as decoded from JSON.
func (k kind) holds(v any) bool {
	switch v.(type) {
	case string:
		return k == kindText
	case bool:
		return k == kindFlag
	case float64:
		return k == kindNumber || k == kindDate
	}
	return false
}

// value is how search knows a single value, or none.
func value(v any) []any {
	if v == nil {
		return nil
	}
	return []any{v}
}

func conversationField(name string) (field, bool) {
	f, ok := map[string]field{
		"id": {}, "state": {}, "priority": {}, "title": {}, "contact_ids": {}, "teammate_ids": {}, "tag_ids": {},
		"source.type": {}, "source.id": {}, "source.delivered_as": {}, "source.subject": {},
		"source.body":      {folded: true},
		"source.author.id": {}, "source.author.type": {}, "source.author.name": {}, "source.author.email": {folded: true},
		"open": {kind: kindFlag}, "read": {kind: kindFlag},
		"admin_assignee_id": {kind: kindNumber}, "team_assignee_id": {kind: kindNumber},
		"created_at": {kind: kindDate}, "updated_at": {kind: kindDate},
		"waiting_since": {kind: kindDate}, "snoozed_until": {kind: kindDate},
	}[name]
	return f, ok
}

func (s *Server) conversationDocument(c *conversation) document {
	author := s.authorView(c.source.author)
	return document{
		"id": text(c.id), "state": text(c.state), "priority": text(c.priority), "title": text(c.title),
		"contact_ids": texts(c.contacts), "teammate_ids": texts(c.adminAuthors()), "tag_ids": texts(tagIDsOf(c.tags)),
		"source.type": text(c.channel), "source.id": text(c.source.id),
		"source.delivered_as": text(deliveredAs(c.source.author)), "source.subject": text(plaintext(c.subject)),
		"source.body":      texts(words(c.source.body)),
		"source.author.id": value(author["id"]), "source.author.type": value(author["type"]),
		"source.author.name": value(author["name"]), "source.author.email": value(author["email"]),
		"open": {c.state != stateClosed}, "read": {c.read()},
		"admin_assignee_id": idNumber(c.adminAssignee), "team_assignee_id": idNumber(c.teamAssignee),
		"created_at": seconds(c.created), "updated_at": seconds(c.updated),
		"waiting_since": seconds(c.waitingSince), "snoozed_until": seconds(c.snoozedUntil),
	}
}

func idNumber(id string) []any {
	n, err := strconv.ParseFloat(id, 64)
	if err != nil {
		return nil
	}
	return []any{n}
}

const attributePrefix = "custom_attributes."

func (s *Server) contactField(name string) (field, bool) {
	if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
		k, known := s.attributes[attribute]
		return field{kind: k}, known
	}
	f, ok := map[string]field{
		"id": {}, "role": {}, "name": {}, "external_id": {}, "email": {folded: true}, "email_domain": {folded: true},
		"tag_id": {kind: kindTag}, "segment_id": {kind: kindTag},
		"created_at": {kind: kindDate}, "updated_at": {kind: kindDate}, "signed_up_at": {kind: kindDate},
	}[name]
	return f, ok
}

func contactDocument(c *contact) document {
	_, domain, _ := strings.Cut(c.Email, "@")
	d := document{
		"id": text(c.ID), "role": text(c.Role), "name": text(c.Name), "external_id": text(c.ExternalID),
		"email": text(c.Email), "email_domain": text(domain), "tag_id": texts(tagIDsOf(c.tags)),
		"created_at": seconds(c.Created), "updated_at": seconds(c.updated), "signed_up_at": seconds(c.signedUp()),
	}
	for name, v := range c.CustomAttributes {
		d[attributePrefix+name] = value(v)
	}
	return d
}
