package stripeapi

import (
	"net/http"
	"slices"
	"time"
)

// action executes a request whose parameters have been checked.
type action func() (object, *apiError)

// page is the part of a list that was asked for.
type page struct {
	limit         int
	after, before string // ids of the objects next to it
}

func (p *params) page() page {
	pg := page{limit: p.limit(), after: p.text("starting_after"), before: p.text("ending_before")}
	if pg.after != "" && pg.before != "" {
		p.refuse(invalid("", "", "You can only specify one of these parameters: ending_before, starting_after."))
	}
	return pg
}

func (p *params) limit() int { return int(p.integer("limit", 1, 100, 10)) }

// list answers with one page of the rows that keep accepts, newest first.
// See https://docs.stripe.com/api/pagination.
func list[T record](p *params, t *table[T], url string, keep func(T) bool) action {
	pg, during := p.page(), p.during("created")
	return func() (object, *apiError) {
		rows, more, err := cut(t, pg, func(row T) bool {
			_, created := row.stamp()
			return during(created) && keep(row)
		})
		if err != nil {
			return nil, err
		}
		return listing(t, url, rows, more), nil
	}
}

// cut gives one page. A cursor marks a place among all objects of the kind, so
// it may be one that the filter leaves out.
func cut[T record](t *table[T], pg page, keep func(T) bool) (rows []T, more bool, err *apiError) {
	every := t.newest(func(T) bool { return true })
	if pg.before != "" {
		i, err := position(t, every, pg.before, "ending_before")
		if err != nil {
			return nil, false, err
		}
		rows = only(every[:i], keep)
		from := max(0, len(rows)-pg.limit)
		return rows[from:], from > 0, nil
	}
	if pg.after != "" {
		i, err := position(t, every, pg.after, "starting_after")
		if err != nil {
			return nil, false, err
		}
		every = every[i+1:]
	}
	rows = only(every, keep)
	to := min(len(rows), pg.limit)
	return rows[:to], to < len(rows), nil
}

func position[T record](t *table[T], rows []T, id, param string) (int, *apiError) {
	if _, err := t.find(id, param, http.StatusBadRequest); err != nil {
		return 0, err
	}
	return slices.IndexFunc(rows, func(row T) bool { other, _ := row.stamp(); return other == id }), nil
}

func only[T any](rows []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(rows), func(row T) bool { return !keep(row) })
}

// listing is a list on the wire.
func listing[T record](t *table[T], url string, rows []T, more bool) object {
	data := make([]object, 0, len(rows))
	for _, row := range rows {
		data = append(data, t.render(row))
	}
	return object{"object": "list", "url": url, "has_more": more, "data": data}
}

// retrieve answers with the object whose id is in the path.
func retrieve[T record](p *params, t *table[T]) action {
	id := p.path("id")
	return func() (object, *apiError) {
		row, err := t.find(id, "id", http.StatusNotFound)
		if err != nil {
			return nil, err
		}
		return t.render(row), nil
	}
}

// known refuses a filter that names an object which does not exist.
func known[T record](p *params, t *table[T], param string) string {
	id := p.text(param)
	if id != "" {
		if _, err := t.find(id, param, http.StatusBadRequest); err != nil {
			p.refuse(err)
		}
	}
	return id
}

// wanted reports whether a filter accepts a value; no filter accepts all.
func wanted(filter, value string) bool { return filter == "" || filter == value }

// orNow is the time an object was created at: now, unless the story says otherwise.
func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t.UTC()
}
