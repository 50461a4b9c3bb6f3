package policies

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Coverage is how far cases prove a policy.
type Coverage struct {
	Rules     int      // and bounds that cases can touch at all
	Untouched []string // those that could be other without any case noticing, by their keys
}

// Cover says which rules and bounds of a policy no case touches: where one of them
// was gone, or let everything through, every case would still be decided as it is,
// rule by rule. What only a caller or a ledger can show, such as disclosure and
// repeats, is left out.
func Cover(p *Policy, cases []Case) Coverage {
	c := &coverage{cases: cases}
	for _, x := range cases {
		c.decided = append(c.decided, x.notices(x.Judge(p)))
	}
	c.walk("", reflect.ValueOf(p).Elem(), func(changed reflect.Value) *Policy {
		q := as[Policy](changed)
		return &q
	})
	return c.Coverage
}

type coverage struct {
	Coverage
	cases   []Case
	decided []string
}

// notices is all of a decision that a case looks at.
func (c Case) notices(d Decision) string {
	out := []string{d.Effect.String()}
	if c.Need != nil {
		out = append(out, d.Need.String(), FormatSpan(d.Need.Expires))
	}
	for _, f := range slices.Concat(d.Findings, d.Shadow) {
		if f.Effect != Allow {
			out = append(out, f.Rule, f.Effect.String())
		}
	}
	return strings.Join(out, " ")
}

// try asks whether any case notices a change.
func (c *coverage) try(path string, changed *Policy) {
	c.Rules++
	for i, x := range c.cases {
		if x.notices(x.Judge(changed)) != c.decided[i] {
			return
		}
	}
	c.Untouched = append(c.Untouched, path)
}

// rebuild makes a policy in which one value is another.
type rebuild = func(reflect.Value) *Policy

// walk tries every change of what a value holds, one at a time.
func (c *coverage) walk(path string, v reflect.Value, with rebuild) {
	switch x := v.Interface().(type) {
	case CurrencyLimits:
		c.limits(path, x, with)
	case []Matcher:
		each(x, func(m Matcher, without []Matcher) {
			c.try(path+"["+m.ID+"]", with(reflect.ValueOf(without)))
		})
	case []Band:
		each(x, func(b Band, without []Band) {
			c.try(fmt.Sprintf("%s[over %s]", path, edges([]Band{b})), with(reflect.ValueOf(without)))
		})
	case []Budget:
		c.budgets(path, x, with)
	case *Budget:
		if x != nil {
			c.budgets(path, []Budget{*x}, func(v reflect.Value) *Policy { return with(v.Index(0).Addr()) })
		}
	case []string:
		if slices.Contains(lists(), path) {
			each(x, func(name string, without []string) { c.try(path+"["+name+"]", with(reflect.ValueOf(without))) })
		}
	default:
		c.walkKind(path, v, with)
	}
}

// each gives every item, and the list without it.
func each[T any](items []T, do func(item T, without []T)) {
	for i, item := range items {
		do(item, slices.Delete(slices.Clone(items), i, i+1))
	}
}

func (c *coverage) walkKind(path string, v reflect.Value, with rebuild) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.walk(path, v.Elem(), func(changed reflect.Value) *Policy {
				p := reflect.New(changed.Type())
				p.Elem().Set(changed)
				return with(p)
			})
		}
	case reflect.Struct:
		c.fields(path, v, with)
	case reflect.Map:
		c.words(path, v, with)
	default:
		c.leaf(path, v, with)
	}
}

// beyondCases are keys that no case shows: what callers are told, what the ledger
// or a caller brings, and what is only cited.
func beyondCases(path string) bool {
	return slices.Contains([]string{"revision", "disclosure", "lookup", "approvals.repeats", "approvals.without_conversation", "denials.window"}, path) ||
		strings.HasSuffix(path, "cite")
}

func (c *coverage) fields(path string, v reflect.Value, with rebuild) {
	for f, field := range v.Fields() {
		below := join(path, keyOf(f.Name))
		if f.Anonymous {
			below = path
		}
		if !f.IsExported() || beyondCases(below) {
			continue
		}
		c.walk(below, field, func(changed reflect.Value) *Policy {
			s := reflect.New(v.Type()).Elem()
			s.Set(v)
			s.FieldByIndex(f.Index).Set(changed)
			return with(s)
		})
	}
}

// words tries a map of effects without each of its words.
func (c *coverage) words(path string, v reflect.Value, with rebuild) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	for _, k := range keys {
		without := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			if it.Key().String() != k.String() {
				without.SetMapIndex(it.Key(), it.Value())
			}
		}
		if v.MapIndex(k).Type() == reflect.TypeFor[Effect]() {
			c.try(join(path, k.String()), with(without))
		}
	}
}

func (c *coverage) leaf(path string, v reflect.Value, with rebuild) {
	if e, ok := reflect.TypeAssert[Effect](v); ok {
		other := Allow
		if e == Allow {
			other = Deny
		}
		c.try(path, with(reflect.ValueOf(other)))
		return
	}
	n, known := number(path)
	if !known || n.smaller && v.Int() == 0 || n.unlimited && v.Int() == 0 {
		return
	}
	loose := reflect.New(v.Type()).Elem()
	if loose.SetInt(int64(forever)); n.smaller || n.unlimited {
		loose.SetInt(0)
	}
	if strings.HasPrefix(path, "approvals.") {
		loose.SetInt(v.Int() + 1) // zero people are one
	}
	c.try(path, with(loose))
}

func (c *coverage) limits(path string, x CurrencyLimits, with rebuild) {
	for _, cur := range union(x, nil) {
		l := x[cur]
		one := func(key string, other Limits) {
			changed := maps.Clone(x)
			changed[cur] = other
			c.try(join(join(path, string(cur)), key), with(reflect.ValueOf(changed)))
		}
		if l.Auto < l.Max {
			one("auto", Limits{Auto: l.Max, Max: l.Max})
		}
		one("max", Limits{Auto: l.Auto, Max: math.MaxInt64})
	}
}

// budgets tries each of their bounds: without it, the rest of its budget stays.
func (c *coverage) budgets(path string, x []Budget, with rebuild) {
	for i, b := range x {
		for _, bound := range b.bounds(path) {
			less := slices.Clone(x)
			less[i] = b.without(bound)
			c.try(bound.path()+" in "+FormatSpan(b.Window), with(reflect.ValueOf(less)))
		}
	}
}

func (b Budget) without(o bound) Budget {
	if o.currency == "" {
		b.Count = 0
		return b
	}
	b.Sum = maps.Clone(b.Sum)
	delete(b.Sum, o.currency)
	return b
}
