package policies

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

func (r *fileReader) retry(path string, n *yaml.Node) *RetryRules {
	rules := &RetryRules{Cooldown: day}
	r.block(path, n, slices.Concat([]field{
		required("currencies", "{eur: {auto: 50.00, max: 500.00}}", "Limits for what is collected at a time. A currency that is not listed is denied.", r.limits(&rules.Currencies)),
		optional("cooldown", "24h", "How long after Stripe last charged for an invoice, by itself or because somebody asked, the next attempt must wait.", r.span(&rules.Cooldown)).or("24h"),
	}, r.common(&rules.Section, true), []field{
		optional("budgets", "[{scope: customer, window: 30d, count: 3}]", "How many invoices may be collected like this, and how much. What the bank declined uses up nothing; the cooldown bounds it.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindRetry, rules.Currencies)
		}),
	})...)
	return rules
}
