package intercomapi

import (
	"encoding/json"
	"net/http"
	"time"
)

// searchRequest is a query with its page, which counts in the body only: a
// cursor in the query string is not looked at, and answers page one again.
type searchRequest struct {
	Query      json.RawMessage `json:"query"`
	Pagination struct {
		PerPage       *int   `json:"per_page"`
		StartingAfter string `json:"starting_after"`
	} `json:"pagination"`
	Sort *struct {
		Field string `json:"field"`
		Order string `json:"order"`
	} `json:"sort"`
}

func (s *Server) searchConversations(r *http.Request) (any, error) {
	find, err := readSearch(r, dialect{field: conversationField, inclusive: true}, conversationsPerPage)
	if err != nil {
		return nil, err
	}
	var found []*conversation
	for _, c := range s.conversations.order {
		if d, ok := s.foundConversations.get(c.id, s.clock.Now()); ok && find.matches(d) {
			found = append(found, c)
		}
	}
	return s.conversationList(found, find.page, find.sorting)
}

// searchContacts compares dates as the version that is asked for does
// (https://developers.intercom.com/docs/references/2.16/rest-api/api.intercom.io/contacts/searchcontacts).
func (s *Server) searchContacts(r *http.Request) (any, error) {
	find, err := readSearch(r, s.contactDialect(s.exact(r)), contactsPerPage)
	if err != nil {
		return nil, err
	}
	var found []*contact
	for _, c := range s.contacts.order {
		d, ok := s.foundContacts.get(c.ID, s.clock.Now())
		if ok && c.living() && find.matches(s.inSegments(d)) {
			found = append(found, c)
		}
	}
	shown, pages := paginate(found, find.page, find.sorting)
	views := []object{}
	for _, c := range shown {
		views = append(views, s.contactView(c))
	}
	return object{"type": "list", "data": views, "total_count": len(found), "pages": pages}, nil
}

// search is a request that was understood.
type search struct {
	matches match
	page    page
	sorting sorting
}

func readSearch(r *http.Request, d dialect, perPage int) (search, error) {
	in, err := decode[searchRequest](r)
	if err != nil {
		return search{}, err
	}
	if len(in.Query) == 0 {
		return search{}, missing("query")
	}
	matches, err := d.compile(in.Query, 1)
	if err != nil {
		return search{}, err
	}
	want, err := newPage(in.Pagination.PerPage, in.Pagination.StartingAfter, perPage)
	if err != nil {
		return search{}, err
	}
	by := newestFirst()
	if in.Sort != nil {
		if by, err = sortingOf(in.Sort.Field, in.Sort.Order); err != nil {
			return search{}, err
		}
	}
	return search{matches, want, by}, nil
}

// dialect is in what the two searches differ.
type dialect struct {
	field     func(name string) (field, bool)
	days      func(name string) *time.Location // by whose days a date is compared; nil, or a nil zone, is by the second
	inclusive bool                             // ">" and "<" hold for equal values too
}

// The limits of a query.
const (
	mostLevels  = 2
	mostFilters = 15
)

// match tells whether a document is wanted.
type match func(document) bool

// node is a filter, or a group of nodes under AND or OR.
type node struct {
	Field    *string         `json:"field"`
	Operator string          `json:"operator"`
	Value    json.RawMessage `json:"value"`
}

func (d dialect) compile(raw json.RawMessage, level int) (match, error) {
	n, err := parseNode(raw)
	if err != nil {
		return nil, err
	}
	if n.Field != nil {
		return d.filter(n)
	}
	return d.group(n, level)
}

func parseNode(raw json.RawMessage) (node, error) {
	var n node
	if err := json.Unmarshal(raw, &n); err != nil {
		return n, invalid("query", "a query is an object with field, operator and value, or with operator and value")
	}
	return n, nil
}

func (d dialect) group(n node, level int) (match, error) {
	if n.Operator != "AND" && n.Operator != "OR" {
		return nil, invalid("query", "the operator of a group must be AND or OR")
	}
	if level > mostLevels {
		return nil, invalid("query", "queries can be nested in at most 2 levels")
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(n.Value, &raws); err != nil || len(raws) == 0 {
		return nil, invalid("query", "the value of a group must be an array of filters")
	}
	if len(raws) > mostFilters {
		return nil, invalid("query", "a group can have at most 15 filters")
	}
	if err := allOfOneSort(raws); err != nil {
		return nil, err
	}
	members := make([]match, len(raws))
	for i, raw := range raws {
		var err error
		if members[i], err = d.compile(raw, level+1); err != nil {
			return nil, err
		}
	}
	return combine(n.Operator, members), nil
}

// allOfOneSort refuses filters beside groups.
func allOfOneSort(raws []json.RawMessage) error {
	filters := 0
	for _, raw := range raws {
		n, err := parseNode(raw)
		if err != nil {
			return err
		}
		if n.Field != nil {
			filters++
		}
	}
	if filters != 0 && filters != len(raws) {
		return invalid("query", "a group must hold either filters only or groups only")
	}
	return nil
}

func combine(operator string, members []match) match {
	return func(doc document) bool {
		for _, m := range members {
			if m(doc) == (operator == "OR") {
				return operator == "OR"
			}
		}
		return operator == "AND"
	}
}
