package intercomapi

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// newContact makes a stored contact; the caller still has to put it on the shelf.
func (s *Server) newContact(c Contact) *contact {
	c.Role = orElse(c.Role, roleUser)
	c.Email = strings.ToLower(c.Email)
	c.Created = s.orNow(c.Created)
	c.Companies = slices.Clone(c.Companies)
	c.Tags = nil // kept as applied tags
	return &contact{Contact: c, updated: c.Created}
}

const (
	roleUser = "user"
	roleLead = "lead"
)

func (s *Server) getContact(r *http.Request) (any, error) {
	c, err := s.contact(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.contactView(c), nil
}

// contact follows no merge: a merged contact is gone, and its refusal says
// where to. Chains of merges are resolved to their end.
func (s *Server) contact(id string) (*contact, error) {
	c, ok := s.contacts.get(id)
	if !ok {
		return nil, noContact()
	}
	if c.MergedInto == "" {
		return c, nil
	}
	for c.MergedInto != "" {
		c, _ = s.contacts.get(c.MergedInto)
	}
	return nil, merged(c.ID)
}

// getOfContact serves the lists of one contact, and the one path that looks
// like such a list: /contacts/find_by_external_id/{external_id}.
func (s *Server) getOfContact(r *http.Request) (any, error) {
	id, of := r.PathValue("id"), r.PathValue("part")
	if id == "find_by_external_id" {
		return s.contactByExternalID(of)
	}
	c, err := s.contact(id)
	if err != nil {
		return nil, err
	}
	switch of {
	case "tags":
		return object{"type": "list", "data": s.tagViews(c.tags)}, nil
	case "segments":
		return s.segmentsOf(c), nil
	case "companies":
		return s.companiesOf(c), nil
	}
	return nil, notFound("The requested resource was not found")
}

// contactByExternalID finds users only.
func (s *Server) contactByExternalID(id string) (any, error) {
	for _, c := range s.contacts.order {
		if c.ExternalID == id && c.Role == roleUser && c.living() {
			return s.contactView(c), nil
		}
	}
	return nil, noContact()
}

// touch marks a contact as changed and lets search learn of it later.
func (s *Server) touch(c *contact) {
	c.updated = s.clock.Now()
	s.foundContacts.put(c.ID, c.updated.Add(s.Settings.IndexLag), contactDocument(c))
}

// mostEmbedded is how many tags or companies a contact shows before has_more.
const mostEmbedded = 10

func (s *Server) contactView(c *contact) object {
	path := "/contacts/" + c.ID
	view := object{
		"type": isContact, "id": c.ID, "workspace_id": s.Settings.AppID,
		"external_id": orNull(c.ExternalID), "role": c.Role, "email": orNull(c.Email), "name": orNull(c.Name),
		"created_at": unix(c.Created), "updated_at": unix(c.updated), "signed_up_at": unix(c.signedUp()),
		"has_hard_bounced": false, "marked_email_as_spam": false, "unsubscribed_from_emails": false,
		"custom_attributes": c.CustomAttributes,
		"location": object{
			"type": "location", "country": nil, "region": nil, "city": nil, "country_code": nil, "continent_code": nil,
		},
		"social_profiles":              object{"type": "list", "data": []any{}},
		"tags":                         references("tag", tagIDsOf(c.tags), "/tags/", path+"/tags"),
		"companies":                    references("company", c.Companies, "/companies/", path+"/companies"),
		"notes":                        references("note", nil, "", path+"/notes"),
		"opted_out_subscription_types": references("subscription", nil, "", path+"/subscriptions"),
		"opted_in_subscription_types":  references("subscription", nil, "", path+"/subscriptions"),
	}
	for _, name := range neverSet() {
		view[name] = nil
	}
	return view
}

// living contacts are neither merged nor archived.
func (c *contact) living() bool { return c.MergedInto == "" && !c.Archived }

func (c *contact) signedUp() time.Time {
	if c.Role == roleUser {
		return c.Created
	}
	return time.Time{}
}

// references is an embedded list: the first few ids, and where to find them all.
func references(kind string, ids []string, prefix, url string) object {
	data := []object{}
	for _, id := range ids[:min(len(ids), mostEmbedded)] {
		data = append(data, object{"type": kind, "id": id, "url": prefix + id})
	}
	return object{
		"type": "list", "data": data, "url": url, "total_count": len(ids), "has_more": len(ids) > mostEmbedded,
	}
}

// neverSet names the fields of a contact that the sandbox always answers as null.
func neverSet() []string {
	return []string{
		"phone", "avatar", "owner_id", "language_override", "browser", "browser_version", "browser_language", "os",
		"last_seen_at", "last_replied_at", "last_contacted_at", "last_email_opened_at", "last_email_clicked_at",
		"android_app_name", "android_app_version", "android_device", "android_os_version", "android_sdk_version",
		"android_last_seen_at", "ios_app_name", "ios_app_version", "ios_device", "ios_os_version", "ios_sdk_version",
		"ios_last_seen_at", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referrer",
		"enabled_push_messaging",
	}
}
