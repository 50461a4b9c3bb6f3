package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shape is what is alike in all values at one place of an answer: their JSON
// kinds, the fields of objects, and the shape of what arrays hold.
type shape struct {
	kinds   map[string]int // how often each was seen
	fields  map[string]*shape
	element *shape
}

const (
	null   = "null"
	array  = "array"
	object = "object"
)

// shapeOf is the shape of JSON bodies, taken together.
func shapeOf(bodies ...[]byte) (*shape, error) {
	s := &shape{}
	for _, b := range bodies {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return nil, fmt.Errorf("read an answer: %w", err)
		}
		s.learn(v)
	}
	return s, nil
}

func (s *shape) learn(v any) {
	if s.kinds == nil {
		s.kinds = map[string]int{}
	}
	s.kinds[kindOf(v)]++
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			if s.fields == nil {
				s.fields = map[string]*shape{}
			}
			if s.fields[name] == nil {
				s.fields[name] = &shape{}
			}
			s.fields[name].learn(field)
		}
	case []any:
		for _, e := range v {
			if s.element == nil {
				s.element = &shape{}
			}
			s.element.learn(e)
		}
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return array
	case map[string]any:
		return object
	}
	return null
}

func (s *shape) seen() int {
	n := 0
	for _, times := range s.kinds {
		n += times
	}
	return n
}

// something are the kinds other than null.
func (s *shape) something() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.kinds)), func(k string) bool { return k == null })
}

// String is the kinds, such as "number or null".
func (s *shape) String() string { return strings.Join(slices.Sorted(maps.Keys(s.kinds)), " or ") }

// contrast is how one place of an account's answers differs from the sandbox's.
type contrast struct {
	path             string // data[].refunds.data[].id
	sandbox, account string // kinds
	mild             bool   // only null, or only empty, on one side
}

const missing = "missing"

// compare lists where b, an account's, is not as a, the sandbox's, and counts the
// fields that only b has. A field counts as missing when the sandbox always has
// it and the account does not.
func compare(a, b *shape, path string) (found []contrast, more int) {
	left, right := a.something(), b.something()
	switch {
	case len(left) == 0 && len(right) == 0:
		return nil, 0
	case len(left) == 0 || len(right) == 0:
		return []contrast{{path, a.String(), b.String(), true}}, 0
	case slices.ContainsFunc(right, func(k string) bool { return !slices.Contains(left, k) }):
		return []contrast{{path, a.String(), b.String(), false}}, 0
	}
	for _, name := range slices.Sorted(maps.Keys(a.fields)) {
		fields, extra := compareField(a, b, name, path)
		found, more = append(found, fields...), more+extra
	}
	for name := range b.fields {
		if a.fields[name] == nil {
			more++
		}
	}
	switch in := path + "[]"; {
	case a.element != nil && b.element != nil:
		elements, extra := compare(a.element, b.element, in)
		return append(found, elements...), more + extra
	case a.element != nil && slices.Contains(right, array):
		found = append(found, contrast{in, a.element.String(), "empty", true})
	case b.element != nil && slices.Contains(left, array):
		found = append(found, contrast{in, "empty", b.element.String(), true})
	}
	return found, more
}

func compareField(a, b *shape, name, path string) ([]contrast, int) {
	in := strings.TrimPrefix(path+"."+name, ".")
	always := a.fields[name].seen() == a.kinds[object]
	there := b.fields[name] != nil && b.fields[name].seen() == b.kinds[object]
	if always && !there {
		nothing := len(a.fields[name].something()) == 0
		return []contrast{{in, a.fields[name].String(), missing, nothing}}, 0
	}
	if b.fields[name] == nil {
		return nil, 0
	}
	return compare(a.fields[name], b.fields[name], in)
}
