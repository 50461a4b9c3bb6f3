package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// bound is one limit of a budget: its count, or its sum in one currency.
type bound struct {
	list     string // the key of the list that the budget is in
	scope    ScopeKind
	kinds    []Kind
	window   time.Duration
	exceed   Effect
	currency money.Currency // "" of a count
	limit    int64
}

// holds reports whether a bound stops all that another one stops: it counts the
// same or more, for as long or longer, and lets no more through.
func (b bound) holds(o bound) bool {
	return b.breaker() == o.breaker() && b.scope == o.scope && b.currency == o.currency &&
		b.window >= o.window && b.limit <= o.limit && b.exceed <= o.exceed && b.counts(o.kinds)
}

func (b bound) breaker() bool { return b.list == "breaker" }

func (b bound) counts(kinds []Kind) bool {
	return !slices.ContainsFunc(kinds, func(k Kind) bool { return !slices.Contains(b.kinds, k) })
}

func (b bound) path() string {
	what := ".count"
	if b.currency != "" {
		what = ".sum." + string(b.currency)
	}
	if b.breaker() {
		return b.list + what
	}
	return fmt.Sprintf("%s[%s]%s", b.list, b.scope, what)
}

func (b bound) written() string {
	kinds := ""
	if b.list == "budgets" {
		for _, k := range b.kinds {
			kinds += "+" + string(k)
		}
		kinds = " of " + strings.TrimPrefix(kinds, "+")
	}
	return b.amount(b.limit) + kinds + " in " + FormatSpan(b.window) + ", then " + b.exceed.String()
}

// amount is a count or a sum as a person reads it.
func (b bound) amount(n int64) string {
	if b.currency == "" {
		return strconv.FormatInt(n, 10)
	}
	return money.Of(n, b.currency).String()
}

// bounds are the limits of one budget, in the order of their names.
func (b Budget) bounds(list string) (out []bound) {
	one := bound{list: list, scope: b.Scope, kinds: b.Kinds, window: b.Window, exceed: b.Exceed}
	if b.Count > 0 {
		one.limit = b.Count
		out = append(out, one)
	}
	for _, c := range union(b.Sum, nil) {
		one.currency, one.limit = c, b.Sum[c]
		out = append(out, one)
	}
	return out
}

// bounds are those of all budgets, the breaker's last.
func (p *Policy) bounds() (out []bound) {
	for _, k := range kinds() {
		s := p.section(k)
		if s == nil || k.section() != string(k) {
			continue // of another kind's section
		}
		for _, b := range s.Budgets {
			out = append(out, b.bounds(k.section()+".budgets")...)
		}
	}
	for _, b := range p.Budgets {
		out = append(out, b.bounds("budgets")...)
	}
	if p.Breaker != nil {
		out = append(out, p.Breaker.bounds("breaker")...)
	}
	return out
}

// budgets compares all budgets, so that one can stand in for another. Those of a
// section that only one policy has are part of that difference.
func (c *comparison) budgets(before, after *Policy) {
	olds, news := before.boundsBeside(after), after.boundsBeside(before)
	var told []bound
	for _, o := range olds {
		if !slices.ContainsFunc(news, func(n bound) bool { return n.holds(o) }) {
			n, text := closest(o, news)
			told = append(told, n)
			c.add(o.path(), o.written(), text, true)
		}
	}
	for _, n := range news {
		if !slices.ContainsFunc(olds, func(o bound) bool { return o.holds(n) }) && !slices.ContainsFunc(told, n.same) {
			_, text := closest(n, olds)
			c.add(n.path(), text, n.written(), false)
		}
	}
	c.breakerItself(before, after)
}

// breakerItself tells of a breaker that only one policy has: while it is open, it
// stops every currency.
func (c *comparison) breakerItself(before, after *Policy) {
	if (before.Breaker == nil) != (after.Breaker == nil) {
		words := map[bool]string{false: "a breaker"}
		c.add("breaker", words[before.Breaker == nil], words[after.Breaker == nil], after.Breaker == nil)
	}
}

func (p *Policy) boundsBeside(other *Policy) []bound {
	return slices.DeleteFunc(p.bounds(), func(b bound) bool {
		name, _, ofSection := strings.Cut(b.list, ".")
		return ofSection && other.section(Kind(name)) == nil
	})
}

// closest is the bound that took another one's place, as it is written.
func closest(b bound, among []bound) (bound, string) {
	here := slices.DeleteFunc(slices.Clone(among), func(o bound) bool { return o.path() != b.path() })
	if i := slices.IndexFunc(here, func(o bound) bool { return o.window == b.window }); i > 0 {
		here = here[i:]
	}
	if len(here) == 0 {
		return bound{}, ""
	}
	return here[0], here[0].written()
}

func (b bound) same(o bound) bool {
	return b.path() == o.path() && b.written() == o.written()
}
