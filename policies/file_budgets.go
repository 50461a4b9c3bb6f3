package policies

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

// budgets are those of one section, whose actions are all of one kind.
func (r *fileReader) budgets(path string, n *yaml.Node, k Kind, limited CurrencyLimits) (out []Budget) {
	r.list(path, n, func(path string, n *yaml.Node) {
		b := Budget{Kinds: []Kind{k}}
		r.budget(path, n, &b, limited)
		out = r.another(path, n, out, b)
	})
	return out
}

// another adds a budget whose name no other one has.
func (r *fileReader) another(path string, n *yaml.Node, out []Budget, b Budget) []Budget {
	if n != nil && slices.ContainsFunc(out, func(o Budget) bool { return o.name() == b.name() && slices.Equal(o.Kinds, b.Kinds) }) {
		r.at(n, "%s: there is a budget with this scope and window already", path)
	}
	return append(out, b)
}

// sharedBudgets count the actions of several sections together.
func (r *fileReader) sharedBudgets(path string, n *yaml.Node, limited CurrencyLimits) (out []Budget) {
	r.list(path, n, func(path string, n *yaml.Node) {
		var counted []Kind
		sections := optional("of", "[refund, credit, discount]", "The sections that share this budget: refund, credit, cancel, discount.", nil)
		sections.required, sections.read = true, r.moneySections(&counted)
		b := Budget{Shared: true}
		r.budget(path, n, &b, limited, sections)
		b.Kinds = slices.Sorted(slices.Values(counted))
		out = r.another(path, n, out, b)
	})
	return out
}

func (r *fileReader) moneySections(into *[]Kind) reader {
	known := []string{string(KindRefund), string(KindCredit), string(KindCancel), string(KindDiscount)}
	return func(path string, n *yaml.Node) {
		r.list(path, n, func(path string, n *yaml.Node) {
			r.word(known, func(text string) {
				if slices.Contains(*into, Kind(text)) {
					r.at(n, "%s: %s is listed twice", path, text)
				}
				*into = append(*into, Kind(text))
			})(path, n)
		})
	}
}

func (r *fileReader) budget(path string, n *yaml.Node, b *Budget, limited CurrencyLimits, more ...field) {
	before := len(r.problems)
	r.block(path, n, append(more,
		required("scope", "customer", "What is counted by: one charge, one customer, one person (all customers tied to whoever asks, and those with the same card), one conversation, one principal (a login of an agent), or global (everything).", r.scope(&b.Scope)),
		required("window", "30d", "The time that is looked back on. It rolls: 24h is always the last 24 hours.", r.span(&b.Window)),
		optional("count", "3", "How many actions. An action that is under way, or whose outcome is not known yet, counts as well.", r.number(&b.Count, maxCount)),
		optional("sum", "{eur: 300.00}", "How much money, by currency. A currency that is not listed is not limited by this budget.", r.sum(&b.Sum, limited)),
		optional("on_exceed", "deny", "What becomes of an action that does not fit any more.", r.effect(&b.Exceed, Deny, NeedsApproval)).or("deny"))...)
	if n != nil && n.Kind == yaml.MappingNode && len(n.Content) > 0 && b.Count == 0 && b.Sum == nil && len(r.problems) == before {
		r.at(n, "%s needs count, sum or both", path)
	}
}

func (r *fileReader) scope(into *ScopeKind) reader {
	var known []string
	for _, k := range scopeKinds() {
		known = append(known, string(k))
	}
	return r.word(known, func(text string) { *into = ScopeKind(text) })
}

func (r *fileReader) sum(into *map[money.Currency]int64, limited CurrencyLimits) reader {
	return func(path string, n *yaml.Node) {
		*into = map[money.Currency]int64{}
		r.currencies(path, n, func(path string, key *yaml.Node, c money.Currency, n *yaml.Node) {
			m, _ := r.positive(path, n, c)
			(*into)[c] = m.Minor
			if _, ok := limited[c]; !ok && len(limited) > 0 && key != nil {
				r.at(key, "%s: no limits are given for %s, so it is denied already", path, c)
			}
		})
	}
}

func (r *fileReader) breaker(path string, n *yaml.Node, limited CurrencyLimits) *Budget {
	b := &Budget{Scope: Global, Kinds: moneyKinds(), Exceed: NeedsApproval}
	r.block(path, n,
		required("window", "24h", "The time that is looked back on.", r.span(&b.Window)),
		required("sum", "{eur: 5000.00}", "How much money, by currency.", r.sum(&b.Sum, limited)))
	return b
}
