package intercomapi

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// How many things stand on a page when the request does not say, and at most.
const (
	conversationsPerPage = 20
	contactsPerPage      = 50
	mostPerPage          = 150
)

// page is the part of a list that is wanted.
type page struct {
	size  int
	after *cursor // nil for the first page
}

// cursor is the last thing of the page before. It is opaque to clients.
type cursor struct {
	Key  int64  `json:"k"`
	ID   string `json:"i"`
	Page int    `json:"p"`
}

func newPage(size *int, after string, usual int) (page, error) {
	p := page{size: given(size, usual)}
	if p.size < 1 || p.size > mostPerPage {
		return p, invalid("per_page", fmt.Sprintf("per_page must be between 1 and %d", mostPerPage))
	}
	if after == "" {
		return p, nil
	}
	b, err := base64.URLEncoding.DecodeString(after)
	if err == nil {
		err = json.Unmarshal(b, &p.after)
	}
	if err != nil {
		return p, invalid("starting_after", "starting_after is not a cursor of this list")
	}
	return p, nil
}

func pageOfQuery(q url.Values, usual int) (page, error) {
	var size *int
	if q.Has("per_page") {
		n, err := strconv.Atoi(q.Get("per_page"))
		if err != nil {
			return page{}, invalid("per_page", "per_page must be a number")
		}
		size = &n
	}
	return newPage(size, q.Get("starting_after"), usual)
}

// sorting is the order of a list.
type sorting struct {
	field     string // created_at or updated_at
	ascending bool
}

func newestFirst() sorting { return sorting{field: "updated_at"} }

func sortingOf(field, order string) (sorting, error) {
	if field != "created_at" && field != "updated_at" {
		return sorting{}, invalid("sort", "the sandbox sorts by created_at and updated_at only")
	}
	if order != "ascending" && order != "descending" {
		return sorting{}, &refusal{
			status: http.StatusBadRequest, code: "invalid_sort_order",
			message: fmt.Sprintf("Invalid sort order '%s'. Must be one of: ascending, descending", order),
		}
	}
	return sorting{field, order == "ascending"}, nil
}

// listed can stand in a list.
type listed interface {
	listID() string
	times() (created, updated time.Time)
}

func (c *conversation) listID() string                      { return c.id }
func (c *conversation) times() (created, updated time.Time) { return c.created, c.updated }
func (c *contact) listID() string                           { return c.ID }
func (c *contact) times() (created, updated time.Time)      { return c.Created, c.updated }

func (by sorting) position(v listed) cursor {
	created, updated := v.times()
	if by.field == "created_at" {
		return cursor{Key: created.Unix(), ID: v.listID()}
	}
	return cursor{Key: updated.Unix(), ID: v.listID()}
}

func (by sorting) order(a, b cursor) int {
	o := cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	if by.ascending {
		return o
	}
	return -o
}

// paginate cuts the wanted page out of all, and describes it. A thing that
// changes between two pages may be seen twice or not at all, as with Intercom.
func paginate[T listed](all []T, want page, by sorting) ([]T, object) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b T) int { return by.order(by.position(a), by.position(b)) })
	number, start := 1, 0
	if want.after != nil {
		number = want.after.Page
		start = slices.IndexFunc(all, func(v T) bool { return by.order(by.position(v), *want.after) > 0 })
		if start < 0 {
			start = len(all)
		}
	}
	end := min(len(all), start+want.size)
	pages := object{
		"type": "pages", "page": number, "per_page": want.size,
		"total_pages": (len(all) + want.size - 1) / want.size, "next": nil,
	}
	if end < len(all) {
		next := by.position(all[end-1])
		next.Page = number + 1
		pages["next"] = object{"page": next.Page, "starting_after": next.encode()}
	}
	return all[start:end], pages
}

func (c cursor) encode() string {
	b, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.URLEncoding.EncodeToString(b)
}
