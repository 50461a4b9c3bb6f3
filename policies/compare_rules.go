package policies

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// limits compares what may be moved by currency.
func (c *comparison) limits(path string, before, after CurrencyLimits) {
	for _, cur := range union(before, after) {
		was, had := before[cur]
		is, has := after[cur]
		below := join(path, string(cur))
		switch {
		case !has:
			c.add(below, was.written(cur), "", false)
		case !had:
			c.add(below, "", is.written(cur), true)
		default:
			c.amount(below+".auto", cur, was.Auto, is.Auto)
			c.amount(below+".max", cur, was.Max, is.Max)
		}
	}
}

func (c *comparison) amount(path string, cur money.Currency, was, is int64) {
	if was != is {
		c.add(path, money.Of(was, cur).String(), money.Of(is, cur).String(), is > was)
	}
}

func (l Limits) written(c money.Currency) string {
	return fmt.Sprintf("auto %s, max %s", money.Of(l.Auto, c), money.Of(l.Max, c))
}

// union are the keys of both maps, sorted.
func union[M ~map[K]V, K cmp.Ordered, V any](a, b M) []K {
	all := maps.Clone(a)
	if all == nil {
		all = M{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// reasons knows that fraud is denied unless a policy lists it.
func (c *comparison) reasons(path string, before, after map[Reason]Effect) {
	for _, r := range union(before, after) {
		was, is := (&RefundRules{Reasons: before}).stated(r), (&RefundRules{Reasons: after}).stated(r)
		if was != is {
			c.add(join(path, string(r)), was.String(), is.String(), is > was)
		}
	}
}

// disclosure compares what each principal is told.
func (c *comparison) disclosure(path string, before, after DisclosureRules) {
	if before.Default != after.Default {
		c.add(path+".default", before.Default.String(), after.Default.String(), after.Default < before.Default)
	}
	for _, by := range union(before.Principals, after.Principals) {
		if was, is := before.of(by), after.of(by); was != is {
			c.add(join(path+".principals", string(by)), was.String(), is.String(), is < was)
		}
	}
}

// approvals compares who must approve: what holds for all, and what holds for
// single amounts.
func (c *comparison) approvals(path string, before, after reflect.Value) {
	was, is := as[ApprovalRules](before), as[ApprovalRules](after)
	for f, v := range before.Fields() {
		switch f.Name {
		case "Need":
			c.need(path, "", was.Need, is.Need)
		case "Bands":
			c.bands(path+".bands", was, is)
		default:
			c.walk(join(path, keyOf(f.Name)), v, after.FieldByIndex(f.Index))
		}
	}
}

// need compares who must approve, key by key.
func (c *comparison) need(path, of string, was, is Need) {
	was.People, is.People = max(was.People, 1), max(is.People, 1)
	if was.Role != is.Role {
		// Nobody knows whether one role is harder to get than another.
		c.add(path+".role"+of, was.Role, is.Role, was.Role != "")
	}
	if was.People != is.People {
		c.add(path+".people"+of, strconv.Itoa(was.People), strconv.Itoa(is.People), is.People < was.People)
	}
	if was.Expires != is.Expires {
		c.add(path+".expires"+of, FormatSpan(was.Expires), FormatSpan(is.Expires), is.Expires > was.Expires)
	}
}

// bands compares who must approve on both sides of every amount at which that can
// change: in between it is the same.
func (c *comparison) bands(path string, was, is ApprovalRules) {
	if reflect.DeepEqual(was.Bands, is.Bands) {
		return
	}
	for _, above := range edges(was.Bands, is.Bands) {
		above.Minor++
		c.need(path, fmt.Sprintf("[over %s]", money.Of(above.Minor-1, above.Currency)), was.need(above), is.need(above))
	}
}

// edges are the amounts at which bands begin, sorted.
func edges(bands ...[]Band) (out []money.Money) {
	for _, b := range slices.Concat(bands...) {
		for cur, minor := range b.Over {
			out = append(out, money.Of(minor, cur))
		}
	}
	slices.SortFunc(out, func(a, b money.Money) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Minor, b.Minor))
	})
	return slices.Compact(out)
}

// matchers compares the when rules of a section. A rule may be renamed, and a wider
// one may stand in for it.
func (c *comparison) matchers(path string, before, after []Matcher) {
	told := map[string]bool{}
	for _, o := range before {
		if !o.Shadow && !slices.ContainsFunc(after, func(n Matcher) bool { return n.covers(o) }) {
			told[o.ID] = true
			c.add(path+"["+o.ID+"]", o.written(), named(after, o.ID).written(), true)
		}
	}
	for _, n := range after {
		if !n.Shadow && !told[n.ID] && !slices.ContainsFunc(before, func(o Matcher) bool { return o.covers(n) }) {
			told[n.ID] = true
			c.add(path+"["+n.ID+"]", named(before, n.ID).written(), n.written(), false)
		}
	}
	for _, m := range slices.Concat(before, after) {
		if was, is := named(before, m.ID), named(after, m.ID); !told[m.ID] && !reflect.DeepEqual(was, is) {
			told[m.ID] = true
			c.reworded(path+"["+m.ID+"]", was.written(), is.written())
		}
	}
}

func named(ms []Matcher, id string) Matcher {
	for _, m := range ms {
		if m.ID == id {
			return m
		}
	}
	return Matcher{}
}

// covers reports whether a rule restricts all that another one restricts, at least
// as much. A condition that nobody has thought about must be the same.
func (m Matcher) covers(o Matcher) bool {
	if m.Shadow || m.Then > o.Then {
		return false
	}
	mine, theirs := reflect.ValueOf(m), reflect.ValueOf(o)
	for f, v := range mine.Fields() {
		if !f.IsExported() || !wider(f.Name, v, theirs.FieldByIndex(f.Index)) {
			return false
		}
	}
	return true
}

// wider reports whether a condition holds wherever another one of the same name does.
func wider(name string, mine, theirs reflect.Value) bool {
	switch name {
	case "ID", "Then", "Message", "Cite", "Shadow":
		return true
	case "Channels", "Tags", "Countries", "Plans", "Intervals", "Products":
		m, o := as[[]string](mine), as[[]string](theirs)
		return len(m) == 0 || len(o) > 0 && subset(o, m)
	case "Metadata":
		o := as[map[string]string](theirs)
		for k, v := range as[map[string]string](mine) {
			if is, ok := o[k]; !ok || is != v {
				return false
			}
		}
		return true
	case "OlderThan":
		m, o := as[time.Duration](mine), as[time.Duration](theirs)
		return m == 0 || o != 0 && m <= o
	}
	return reflect.DeepEqual(mine.Interface(), theirs.Interface())
}

// written is a rule as a person reads it; "" for none.
func (m Matcher) written() string {
	if m.ID == "" {
		return ""
	}
	out := []string{m.Then.String()}
	for f, v := range reflect.ValueOf(m).Fields() {
		if slices.Contains([]string{"ID", "Then", "Message", "Cite", "Shadow"}, f.Name) || !f.IsExported() || v.IsZero() {
			continue
		}
		out = append(out, strings.ReplaceAll(keyOf(f.Name), "_", " ")+" "+written(v))
	}
	if m.Shadow {
		out = append(out, "only recorded")
	}
	return strings.Join(out, ", ")
}
