package intercomapi

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) listTags(*http.Request) (any, error) {
	all := []object{}
	for _, t := range s.tags.order {
		all = append(all, tagView(t))
	}
	return object{"type": "list", "data": all}, nil
}

// createTag answers the tag of that name, made now if there was none.
func (s *Server) createTag(r *http.Request) (any, error) {
	in, err := decode[struct {
		Name      string `json:"name"`
		Users     []any  `json:"users"`
		Companies []any  `json:"companies"`
	}](r)
	if err != nil {
		return nil, err
	}
	if in.Users != nil || in.Companies != nil {
		return nil, invalid("users", "the sandbox tags one contact at a time, through /contacts/{id}/tags")
	}
	name := strings.TrimSpace(in.Name)
	if name == "" {
		return nil, missing("name")
	}
	if t, ok := s.tagNamed(name); ok {
		return tagView(t), nil
	}
	t := &Tag{ID: s.nextTagID(), Name: name}
	s.tags.add(t.ID, t)
	return tagView(t), nil
}

func (s *state) tagNamed(name string) (*Tag, bool) {
	i := slices.IndexFunc(s.tags.order, func(t *Tag) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		return nil, false
	}
	return s.tags.order[i], true
}

func (s *Server) tagConversation(r *http.Request) (any, error) {
	c, err := s.conversation(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[tagRequest](r)
	if err != nil {
		return nil, err
	}
	admin, err := s.actingAdmin(in.AdminID)
	if err != nil {
		return nil, err
	}
	applied, err := s.putTag(&c.tags, string(in.ID), admin.id)
	if err != nil {
		return nil, err
	}
	c.updated = s.clock.Now()
	s.learn(c)
	return s.appliedTagView(applied), nil
}

// tagRequest names tags by id: a name is not accepted here.
type tagRequest struct {
	ID      looseID `json:"id"`
	AdminID looseID `json:"admin_id"`
}

// untagConversation wants the admin in a JSON body, which some proxies drop from a DELETE.
func (s *Server) untagConversation(r *http.Request) (any, error) {
	c, err := s.conversation(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[tagRequest](r)
	if err != nil {
		return nil, err
	}
	if _, err := s.actingAdmin(in.AdminID); err != nil {
		return nil, err
	}
	removed, err := s.takeTag(&c.tags, r.PathValue("tag"))
	if err != nil {
		return nil, err
	}
	c.updated = s.clock.Now()
	s.learn(c)
	return s.appliedTagView(removed), nil
}

func (s *Server) tagContact(r *http.Request) (any, error) {
	c, err := s.contact(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	in, err := decode[tagRequest](r)
	if err != nil {
		return nil, err
	}
	applied, err := s.putTag(&c.tags, string(in.ID), "")
	if err != nil {
		return nil, err
	}
	s.touch(c)
	return s.appliedTagView(applied), nil
}

func (s *Server) untagContact(r *http.Request) (any, error) {
	c, err := s.contact(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	removed, err := s.takeTag(&c.tags, r.PathValue("tag"))
	if err != nil {
		return nil, err
	}
	s.touch(c)
	return s.appliedTagView(removed), nil
}

// putTag is harmless where the tag already is, unless the Settings say otherwise.
func (s *Server) putTag(on *[]appliedTag, id, by string) (appliedTag, error) {
	if id == "" {
		return appliedTag{}, missing("id")
	}
	if _, ok := s.tags.get(id); !ok {
		return appliedTag{}, noTag()
	}
	if i := indexOfTag(*on, id); i >= 0 {
		if s.Settings.SecondTagConflicts {
			return appliedTag{}, conflict("Tag is already applied")
		}
		return (*on)[i], nil
	}
	applied := appliedTag{id: id, at: s.clock.Now(), by: by}
	*on = append(*on, applied)
	return applied, nil
}

func (s *Server) takeTag(from *[]appliedTag, id string) (appliedTag, error) {
	i := indexOfTag(*from, id)
	if i < 0 {
		return appliedTag{}, noTag()
	}
	removed := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return removed, nil
}

func indexOfTag(in []appliedTag, id string) int {
	return slices.IndexFunc(in, func(t appliedTag) bool { return t.id == id })
}

func tagView(t *Tag) object { return object{"type": "tag", "id": t.ID, "name": t.Name} }

func (s *Server) appliedTagView(a appliedTag) object {
	view := object{"type": "tag", "id": a.id, "applied_at": unix(a.at), "applied_by": nil}
	if t, ok := s.tags.get(a.id); ok {
		view["name"] = t.Name
	}
	if a.by != "" {
		view["applied_by"] = object{"type": isAdmin, "id": a.by}
	}
	return view
}

func (s *Server) tagViews(all []appliedTag) []object {
	views := []object{}
	for _, a := range all {
		views = append(views, s.appliedTagView(a))
	}
	return views
}

func tagIDsOf(all []appliedTag) []string {
	ids := []string{}
	for _, a := range all {
		ids = append(ids, a.id)
	}
	return ids
}
