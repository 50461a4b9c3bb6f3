package intercomapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// filter compares one field. A field with many values is equal if one of them
// is, and unequal if none is; the words of source.body are such values.
func (d dialect) filter(n node) (match, error) {
	f, ok := d.field(*n.Field)
	if !ok {
		return nil, invalid(*n.Field, fmt.Sprintf("%s is not a searchable field", *n.Field))
	}
	days := d.daysFor(*n.Field, f)
	if !slices.Contains(operators(f.kind, days != nil), n.Operator) {
		return nil, invalid(*n.Field, fmt.Sprintf("operator %q cannot be used with %s", n.Operator, *n.Field))
	}
	wanted, err := operands(n, f)
	if err != nil {
		return nil, err
	}
	return func(doc document) bool {
		held := doc[*n.Field]
		if days != nil {
			return compare(n.Operator, daysOf(held, days), daysOf(wanted, days), false)
		}
		return compare(n.Operator, held, wanted, d.inclusive)
	}, nil
}

// daysFor is by whose days a field is compared; nil is by the second.
func (d dialect) daysFor(name string, f field) *time.Location {
	if f.kind != kindDate || d.days == nil {
		return nil
	}
	return d.days(name)
}

func operators(k kind, byDay bool) []string {
	switch k {
	case kindText:
		return []string{"=", "!=", "IN", "NIN", "~", "!~", "^", "$"}
	case kindFlag:
		return []string{"=", "!=", "IN", "NIN"}
	case kindNumber:
		return []string{"=", "!=", "IN", "NIN", ">", "<"}
	case kindDate:
		if byDay {
			return []string{"=", ">", "<"}
		}
		return []string{"=", "!=", "IN", "NIN", ">", "<"}
	case kindTag:
		return []string{"=", "!="}
	}
	return nil
}

// operands reads the value of a filter: an array for IN and NIN, else one
// value. Null stands for a field without a value and reads as no operand.
func operands(n node, f field) ([]any, error) {
	raws := []json.RawMessage{n.Value}
	if n.Operator == "IN" || n.Operator == "NIN" {
		if err := json.Unmarshal(n.Value, &raws); err != nil || raws == nil {
			return nil, invalid(*n.Field, fmt.Sprintf("operator %s needs an array", n.Operator))
		}
	}
	var all []any
	for _, raw := range raws {
		v, err := f.operand(raw)
		if err != nil {
			return nil, invalid(*n.Field, fmt.Sprintf("the value of %s is of the wrong type", *n.Field))
		}
		if v != nil {
			all = append(all, v)
		}
	}
	if len(all) == 0 && n.Operator != "=" && n.Operator != "!=" {
		return nil, invalid(*n.Field, fmt.Sprintf("operator %s needs a value", n.Operator))
	}
	return all, nil
}

// operand reads one value. Numbers and flags may be written as strings, as
// Intercom's own examples do.
func (f field) operand(raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch f.kind {
	case kindNumber, kindDate:
		var n looseID
		if err := json.Unmarshal(raw, &n); err != nil {
			return nil, err
		}
		return strconv.ParseFloat(string(n), 64)
	case kindFlag:
		return strconv.ParseBool(strings.Trim(string(raw), `"`))
	case kindTag:
		var id looseID
		err := json.Unmarshal(raw, &id)
		return string(id), err
	case kindText:
	}
	var s string
	err := json.Unmarshal(raw, &s)
	if f.folded {
		s = strings.ToLower(s)
	}
	return s, err
}

// daysOf replaces times by the beginning of their day.
func daysOf(times []any, zone *time.Location) []any {
	days := make([]any, len(times))
	for i, t := range times {
		at := time.Unix(int64(t.(float64)), 0).In(zone)
		days[i] = float64(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone).Unix())
	}
	return days
}

func compare(operator string, held, wanted []any, inclusive bool) bool {
	switch operator {
	case "=", "IN":
		return equal(held, wanted)
	case "!=", "NIN":
		return !equal(held, wanted)
	case "~":
		return anyText(held, wanted, strings.Contains)
	case "!~":
		return !anyText(held, wanted, strings.Contains)
	case "^":
		return anyText(held, wanted, strings.HasPrefix)
	case "$":
		return anyText(held, wanted, strings.HasSuffix)
	}
	return slices.ContainsFunc(held, func(v any) bool {
		have, want := v.(float64), wanted[0].(float64)
		return inclusive && have == want || operator == ">" && have > want || operator == "<" && have < want
	})
}

// equal: one of the held values is wanted; where none is wanted, none is held.
func equal(held, wanted []any) bool {
	if len(wanted) == 0 {
		return len(held) == 0
	}
	return slices.ContainsFunc(held, func(v any) bool { return slices.Contains(wanted, v) })
}

func anyText(held, wanted []any, test func(s, part string) bool) bool {
	return slices.ContainsFunc(held, func(v any) bool { return test(v.(string), wanted[0].(string)) })
}
