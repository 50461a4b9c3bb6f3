package intercomapi

import (
	"net/http"
	"slices"
)

func (s *Server) companiesOf(c *contact) object {
	views := []object{}
	for _, id := range c.Companies {
		if company, ok := s.companies.get(id); ok {
			views = append(views, s.companyView(company))
		}
	}
	return object{
		"type": "list", "data": views, "total_count": len(views),
		"pages": object{"type": "pages", "page": 1, "per_page": 50, "total_pages": 1, "next": nil},
	}
}

func (s *Server) getCompany(r *http.Request) (any, error) {
	c, ok := s.companies.get(r.PathValue("id"))
	if !ok {
		return nil, notFound("Company Not Found")
	}
	return s.companyView(c), nil
}

func (s *Server) companyView(c *Company) object {
	members := 0
	for _, contact := range s.contacts.order {
		if contact.MergedInto == "" && slices.Contains(contact.Companies, c.ID) {
			members++
		}
	}
	return object{
		"type": "company", "id": c.ID, "company_id": orNull(c.CompanyID), "app_id": s.Settings.AppID, "name": c.Name,
		"created_at": unix(c.Created), "updated_at": unix(c.Created), "remote_created_at": nil, "last_request_at": nil,
		"monthly_spend": 0, "session_count": 0, "user_count": members, "size": nil, "website": nil, "industry": nil,
		"plan": object{}, "custom_attributes": c.CustomAttributes,
		"tags":     object{"type": "tag.list", "tags": []any{}},
		"segments": object{"type": "segment.list", "segments": []any{}},
	}
}
