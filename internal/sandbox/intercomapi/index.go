package intercomapi

import (
	"slices"
	"time"
)

// index is what search knows: for every id the documents it has held, and
// since when. It lags behind the things themselves.
type index struct {
	versions map[string][]indexed
}

type indexed struct {
	since time.Time
	doc   document
}

// document holds the searchable values of one thing by field: none, one or
// many, each a string, a float64 or a bool. Times are unix seconds.
type document map[string][]any

// put lets search know a document from then on.
func (x *index) put(id string, since time.Time, d document) {
	if x.versions == nil {
		x.versions = map[string][]indexed{}
	}
	x.versions[id] = append(x.versions[id], indexed{since, d})
}

// get is the document search knows now, and drops older ones.
func (x *index) get(id string, now time.Time) (document, bool) {
	all := x.versions[id]
	for i, v := range slices.Backward(all) {
		if !v.since.After(now) {
			x.versions[id] = all[i:]
			return v.doc, true
		}
	}
	return nil, false
}

func texts[S ~[]string](all S) []any {
	values := make([]any, 0, len(all))
	for _, s := range all {
		if s != "" {
			values = append(values, s)
		}
	}
	return values
}

func text(s string) []any { return texts([]string{s}) }

func seconds(t time.Time) []any {
	if t.IsZero() {
		return nil
	}
	return []any{float64(t.Unix())}
}
