package intercomapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Segment is a stored query over contacts. The API reads segments and writes none.
type Segment struct {
	ID         string // 24 hexadecimal digits
	Name       string
	PersonType string // user (the default) or contact
	Query      string // a query of contact search, as JSON
}

type segment struct {
	Segment
	holds match
}

// AddSegment puts a segment into the workspace. Who is in it follows from what
// its query says of contacts, at any time.
func (s *Server) AddSegment(g Segment) {
	s.seed(func() {
		must(isContactID(g.ID), "segment id %q is not 24 hexadecimal digits", g.ID)
		g.PersonType = orElse(g.PersonType, roleUser)
		holds, err := s.contactDialect(false).compile(json.RawMessage(g.Query), 1)
		must(err == nil, "segment %s: %v", g.ID, err)
		must(s.segments.add(g.ID, &segment{g, holds}), "segment %s is added twice", g.ID)
	})
}

// contactDialect compares every date by days of the workspace, as version 2.16 does.
// An exact one, as of 2.17, compares those of Intercom's own by the second, and custom
// ones by the days of UTC.
func (s *Server) contactDialect(exact bool) dialect {
	return dialect{field: s.contactField, days: func(name string) *time.Location {
		switch {
		case !exact:
			return s.Settings.Timezone
		case strings.HasPrefix(name, attributePrefix):
			return time.UTC
		}
		return nil
	}}
}

func (s *Server) listSegments(r *http.Request) (any, error) {
	count := r.URL.Query().Get("include_count") == "true"
	all := []object{}
	for _, g := range s.segments.order {
		all = append(all, s.segmentView(g, count))
	}
	return object{"type": "segment.list", "segments": all}, nil
}

func (s *Server) getSegment(r *http.Request) (any, error) {
	g, ok := s.segments.get(r.PathValue("id"))
	if !ok {
		return nil, notFound("Segment Not Found")
	}
	return s.segmentView(g, r.URL.Query().Get("include_count") == "true"), nil
}

func (s *Server) segmentView(g *segment, count bool) object {
	view := object{
		"type": "segment", "id": g.ID, "name": g.Name, "person_type": g.PersonType,
		"created_at": int64(0), "updated_at": int64(0),
	}
	if count {
		n := 0
		for _, c := range s.contacts.order {
			if d, ok := s.foundContacts.get(c.ID, s.clock.Now()); ok && c.living() && g.holds(d) {
				n++
			}
		}
		view["count"] = n
	}
	return view
}

// segmentsOf are the segments that a contact is in now.
func (s *Server) segmentsOf(c *contact) any {
	data := []object{}
	for _, g := range s.segments.order {
		if g.holds(contactDocument(c)) {
			data = append(data, s.segmentView(g, false))
		}
	}
	return object{"type": "list", "data": data}
}

// inSegments adds to what search knows of a contact the segments that it is in.
func (s *Server) inSegments(d document) document {
	var ids []any
	for _, g := range s.segments.order {
		if g.holds(d) {
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 0 {
		return d
	}
	with := document{"segment_id": ids}
	maps.Copy(with, d)
	return with
}

// Macro is a reply that the workspace keeps for use again.
type Macro struct {
	ID   string // decimal
	Name string
	Body string // plain text with placeholders
}

// AddMacro puts a macro into the workspace.
func (s *Server) AddMacro(m Macro) {
	s.seed(func() {
		mustBeDecimal("macro", m.ID)
		must(s.macros.add(m.ID, &m), "macro %s is added twice", m.ID)
	})
}

// listMacros pages by the last id told.
func (s *Server) listMacros(r *http.Request) (any, error) {
	want, err := pageOfQuery(r.URL.Query(), contactsPerPage)
	if err != nil {
		return nil, err
	}
	start := 0
	if want.after != nil {
		start = 1 + slices.IndexFunc(s.macros.order, func(m *Macro) bool { return m.ID == want.after.ID })
	}
	end := min(len(s.macros.order), start+want.size)
	data := []object{}
	for _, m := range s.macros.order[start:end] {
		data = append(data, object{
			"type": "macro", "id": m.ID, "name": m.Name, "body": storedBody(m.Body), "body_text": m.Body,
			"visible_to": "everyone", "visible_to_team_ids": []any{}, "available_on": []string{"inbox"},
		})
	}
	var next any
	if end < len(s.macros.order) {
		next = object{"starting_after": cursor{ID: s.macros.order[end-1].ID}.encode()}
	}
	return object{"type": "list", "data": data, "pages": object{"type": "pages", "per_page": want.size, "next": next}}, nil
}
