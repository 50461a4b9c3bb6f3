package intercomapi

import (
	"net/http"
	"slices"
)

// mostParts is how many parts an answer holds: the newest ones
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/conversations/retrieveconversation).
const mostParts = 500

// format is how a stored body is shown; an empty one is null.
type format func(stored string) any

func asHTML(stored string) any { return orNull(stored) }

func asText(stored string) any { return orNull(plaintext(stored)) }

func bodyFormat(r *http.Request) format {
	if r.URL.Query().Get("display_as") == "plaintext" {
		return asText
	}
	return asHTML
}

func (s *Server) conversationWithParts(c *conversation, show format) object {
	parts := []object{}
	for _, p := range c.parts[max(0, len(c.parts)-mostParts):] {
		parts = append(parts, s.partView(p, show))
	}
	view := s.conversationView(c, show)
	view["conversation_parts"] = object{
		"type": "conversation_part.list", "conversation_parts": parts, "total_count": len(c.parts),
	}
	return view
}

// conversationView is a conversation without its parts, as lists and search show it.
func (s *Server) conversationView(c *conversation, show format) object {
	return object{
		"type": "conversation", "id": c.id, "title": orNull(c.title),
		"created_at": unix(c.created), "updated_at": unix(c.updated),
		"state": c.state, "open": c.state != stateClosed, "read": c.read(), "priority": c.priority,
		"snoozed_until": unix(c.snoozedUntil), "waiting_since": unix(c.waitingSince),
		"admin_assignee_id": numberOrNull(c.adminAssignee), "team_assignee_id": numberOrNull(c.teamAssignee),
		"source":              s.sourceView(c, show),
		"contacts":            object{"type": "contact.list", "contacts": s.participants(c)},
		"teammates":           c.teammates(),
		"tags":                object{"type": "tag.list", "tags": s.tagViews(c.tags)},
		"custom_attributes":   c.attributes,
		"first_contact_reply": c.firstContactReply(),
		"statistics":          c.statistics(),
		"linked_objects":      object{"type": "list", "data": []any{}, "total_count": 0, "has_more": false},
		"topics":              object{},
		"sla_applied":         nil, "conversation_rating": nil, "ticket": nil, "ai_agent": nil,
		"ai_agent_participated": false,
	}
}

func (s *Server) sourceView(c *conversation, show format) object {
	body := show(c.source.body)
	if body == nil {
		body = ""
	}
	subject := show(c.subject)
	if subject == nil {
		subject = ""
	}
	return object{
		"type": c.channel, "id": c.source.id, "delivered_as": deliveredAs(c.source.author),
		"subject": subject, "body": body, "author": s.authorView(c.source.author),
		"attachments": attachmentViews(c.source.attachments), "url": nil, "redacted": false,
	}
}

func deliveredAs(p person) string {
	switch p.kind {
	case isContact:
		return "customer_initiated"
	case isAdmin:
		return "admin_initiated"
	}
	return "operator_initiated"
}

func (s *Server) partView(p part, show format) object {
	view := object{
		"type": "conversation_part", "id": p.id, "part_type": p.kind, "body": show(p.body), "state": p.after,
		"created_at": unix(p.at), "updated_at": unix(p.at), "notified_at": unix(p.at),
		"author": s.authorView(p.author), "assigned_to": nil, "attachments": attachmentViews(p.attachments),
		"external_id": nil, "redacted": p.redacted, "metadata": object{}, "email_message_metadata": nil,
		"tags": []any{}, "event_details": nil, "app_package_code": nil,
	}
	if p.mailed {
		view["email_message_metadata"] = object{"subject": "Re:", "email_address_headers": []any{}, "message_id": "<" + p.id + "@mail.example>"}
	}
	if p.app != "" {
		view["app_package_code"] = p.app
	}
	if p.unnotified {
		view["notified_at"] = nil
	}
	if p.assignee.id != "" {
		view["assigned_to"] = object{"type": p.assignee.kind, "id": p.assignee.id}
	}
	return view
}

// authorView shows a contact by its role: user or lead.
func (s *Server) authorView(p person) object {
	view := object{
		"type": isBot, "id": "1", "name": "Operator", "email": "operator+" + s.Settings.AppID + "@intercom.io",
	}
	if c, ok := s.contacts.get(p.id); ok && p.kind == isContact {
		view = object{"type": c.Role, "id": c.ID, "name": orNull(c.Name), "email": orNull(c.Email)}
	}
	if a, ok := s.admins.get(p.id); ok && p.kind != isContact {
		view = object{"type": p.kind, "id": a.ID, "name": a.Name, "email": a.Email}
	}
	return view
}

func attachmentViews(all []Attachment) []object {
	views := []object{}
	for _, a := range all {
		views = append(views, object{
			"type": "upload", "name": a.Name, "url": a.URL, "content_type": a.ContentType, "filesize": a.Size,
			"width": nil, "height": nil,
		})
	}
	return views
}

func (s *Server) participants(c *conversation) []object {
	views := []object{}
	for _, id := range c.contacts {
		view := object{"type": isContact, "id": id, "external_id": nil}
		if known, ok := s.contacts.get(id); ok {
			view["external_id"] = orNull(known.ExternalID)
		}
		views = append(views, view)
	}
	return views
}

// teammates are the admins who wrote on the conversation.
func (c *conversation) teammates() any {
	ids := c.adminAuthors()
	if len(ids) == 0 {
		return nil
	}
	views := []object{}
	for _, id := range ids {
		views = append(views, object{"type": isAdmin, "id": id})
	}
	return object{"type": "admin.list", "admins": views}
}

func (c *conversation) adminAuthors() []string {
	var ids []string
	for p := range c.messages() {
		if p.author.kind == isAdmin && !slices.Contains(ids, p.author.id) {
			ids = append(ids, p.author.id)
		}
	}
	return ids
}

// read says that no customer message is newer than the last thing an admin did.
func (c *conversation) read() bool {
	read := false
	for p := range c.messages() {
		read = p.author.kind == isAdmin
	}
	return read
}
