package policies

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

// Bounds of single values.
const (
	maxCount = 1_000_000
	maxChars = 20_000
)

func (r *fileReader) policy(root *yaml.Node) *Policy {
	p := &Policy{Approvals: ApprovalRules{Expires: day, Repeats: NeedsApproval}}
	r.block("", root,
		required("version", r.version),
		optional("approvals", func(path string, n *yaml.Node) { r.approvals(path, n, &p.Approvals) }),
		optional("refund", func(path string, n *yaml.Node) { p.Refund = r.refund(path, n) }),
		optional("reply", func(path string, n *yaml.Node) { p.Reply = r.reply(path, n) }),
		optional("tag", func(path string, n *yaml.Node) { p.Tag = r.tag(path, n) }))
	return p
}

func (r *fileReader) version(path string, n *yaml.Node) {
	if text, ok := r.text(path, n, "1"); ok && text != "1" {
		r.at(n, "version: this server reads version 1, got %q", text)
	}
}

func (r *fileReader) approvals(path string, n *yaml.Node, a *ApprovalRules) {
	r.block(path, n,
		optional("expires", func(path string, n *yaml.Node) { a.Expires = r.span(path, n) }),
		optional("repeats", func(path string, n *yaml.Node) { a.Repeats = r.effect(path, n) }))
}

func (r *fileReader) effect(path string, n *yaml.Node) (e Effect) {
	known := []string{NeedsApproval.String(), Allow.String(), Deny.String()}
	text, ok := r.text(path, n, "one of "+strings.Join(known, ", "))
	if ok && e.UnmarshalText([]byte(text)) != nil {
		r.at(n, "%s: unknown effect %q; %s", path, shorten(text), hint(text, known))
	}
	return e
}

func (r *fileReader) tag(path string, n *yaml.Node) *TagRules {
	rules := &TagRules{}
	r.block(path, n, required("allow", func(path string, n *yaml.Node) {
		r.list(path, n, func(path string, n *yaml.Node) { r.tagName(path, n, rules) })
	}))
	return rules
}

func (r *fileReader) tagName(path string, n *yaml.Node, rules *TagRules) {
	name, ok := r.text(path, n, fmt.Sprintf("the name of a tag, at most %d characters", longest))
	switch {
	case !ok:
	case n.ShortTag() != "!!str":
		// YAML reads 007 as 7 and 1.0 as 1: only quotes make plain which tag is meant.
		r.at(n, "%s: write %q in quotes, so that it is read as a name", path, name)
	case name == "" || strings.TrimSpace(name) != name:
		r.at(n, "%s: the name %q is empty, or starts or ends with a space", path, name)
	case slices.ContainsFunc(rules.Allow, func(a string) bool { return strings.EqualFold(a, name) }):
		r.at(n, "%s: the tag %q is listed twice; upper and lower case are the same tag", path, name)
	default:
		rules.Allow = append(rules.Allow, name)
	}
}

func (r *fileReader) refund(path string, n *yaml.Node) *RefundRules {
	rules := &RefundRules{DuplicateWithin: 7 * day}
	r.block(path, n,
		required("window", func(path string, n *yaml.Node) { rules.Window = r.span(path, n) }),
		optional("duplicate_within", func(path string, n *yaml.Node) { rules.DuplicateWithin = r.span(path, n) }),
		required("currencies", func(path string, n *yaml.Node) { rules.Currencies = r.limits(path, n) }),
		// After currencies, whatever their order in the file: only what is refunded can be summed.
		optional("budgets", func(path string, n *yaml.Node) { rules.Budgets = r.budgets(path, n, rules.Currencies) }))
	return rules
}

func (r *fileReader) limits(path string, n *yaml.Node) map[money.Currency]Limits {
	limits := map[money.Currency]Limits{}
	r.currencies(path, n, func(path string, _ *yaml.Node, c money.Currency, n *yaml.Node) {
		limits[c] = r.limitsIn(c, path, n)
	})
	return limits
}

func (r *fileReader) limitsIn(c money.Currency, path string, n *yaml.Node) Limits {
	var auto, ceiling money.Money
	var autoOK, ceilingOK bool
	r.block(path, n,
		required("auto", func(path string, n *yaml.Node) { auto, autoOK = r.amount(path, n, c) }),
		required("max", func(path string, n *yaml.Node) { ceiling, ceilingOK = r.positive(path, n, c) }))
	if autoOK && ceilingOK && auto.Minor > ceiling.Minor {
		r.at(n, "%s: auto (%s) must not be above max (%s)", path, auto, ceiling)
	}
	return Limits{Auto: auto.Minor, Max: ceiling.Minor}
}

// currencies goes through a block whose keys are currencies, each given once.
func (r *fileReader) currencies(path string, n *yaml.Node, each func(path string, key *yaml.Node, c money.Currency, n *yaml.Node)) {
	seen := map[money.Currency]bool{}
	r.pairs(path, n, func(key, value *yaml.Node) {
		c, err := money.ParseCurrency(key.Value)
		switch {
		case err != nil:
			r.at(key, "%s: %q is no currency that Stripe can charge; want a code such as eur", path, shorten(key.Value))
		case seen[c]:
			r.at(key, "%s is written twice; upper and lower case are the same currency", join(path, string(c)))
		default:
			seen[c] = true
			each(join(path, string(c)), key, c, value)
		}
	})
}

// positive is an amount above zero: a limit of nothing is better left out.
func (r *fileReader) positive(path string, n *yaml.Node, c money.Currency) (money.Money, bool) {
	m, ok := r.amount(path, n, c)
	if ok && m.Minor == 0 {
		r.at(n, "%s must be more than zero; a currency that is not under refund.currencies is denied", path)
	}
	return m, ok && m.Minor > 0
}

func (r *fileReader) budgets(path string, n *yaml.Node, limited map[money.Currency]Limits) (out []Budget) {
	r.list(path, n, func(path string, n *yaml.Node) { out = append(out, r.budget(path, n, limited)) })
	return out
}

func (r *fileReader) budget(path string, n *yaml.Node, limited map[money.Currency]Limits) Budget {
	b := Budget{Kinds: []Kind{KindRefund}}
	var count, sum bool
	r.block(path, n,
		required("scope", func(path string, n *yaml.Node) { b.Scope = r.scope(path, n) }),
		required("window", func(path string, n *yaml.Node) { b.Window = r.span(path, n) }),
		optional("count", func(path string, n *yaml.Node) { count, b.Count = true, r.number(path, n, maxCount) }),
		optional("sum", func(path string, n *yaml.Node) { sum, b.Sum = true, r.sum(path, n, limited) }))
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 && !count && !sum {
		r.at(n, "%s needs count, sum or both", path)
	}
	return b
}

func (r *fileReader) scope(path string, n *yaml.Node) ScopeKind {
	var known []string
	for _, k := range scopeKinds() {
		known = append(known, string(k))
	}
	text, ok := r.text(path, n, "one of "+strings.Join(known, ", "))
	if ok && !slices.Contains(known, text) {
		r.at(n, "%s: unknown scope %q; %s", path, text, hint(text, known))
	}
	return ScopeKind(text)
}

func (r *fileReader) sum(path string, n *yaml.Node, limited map[money.Currency]Limits) map[money.Currency]int64 {
	sum := map[money.Currency]int64{}
	r.currencies(path, n, func(path string, key *yaml.Node, c money.Currency, n *yaml.Node) {
		m, _ := r.positive(path, n, c)
		sum[c] = m.Minor
		if _, ok := limited[c]; !ok && len(limited) > 0 {
			r.at(key, "%s: refund.currencies does not list %s, so it is denied already", path, c)
		}
	})
	return sum
}
