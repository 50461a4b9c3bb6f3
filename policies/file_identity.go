package policies

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

func (r *fileReader) identity(path string, n *yaml.Node) *IdentityRules {
	rules := &IdentityRules{Claimed: NeedsApproval}
	r.block(path, n,
		optional("claimed", "needs_approval", "What becomes of money, cancellations and discounts that somebody asks for who has not shown to be the contact, as in an e-mail.", r.effect(&rules.Claimed, NeedsApproval, Deny)),
		optional("claimed_up_to", "{eur: 10.00}", "Up to these amounts a claim is enough. What has no amount, such as a cancellation, is not covered.", func(path string, n *yaml.Node) {
			rules.ClaimedUpTo = map[money.Currency]int64{}
			r.currencies(path, n, func(path string, _ *yaml.Node, c money.Currency, n *yaml.Node) {
				m, _ := r.positive(path, n, c)
				rules.ClaimedUpTo[c] = m.Minor
			})
		}))
	return rules
}

// ties is a list in which each item names one way.
func (r *fileReader) ties(p *Policy) reader {
	return func(path string, n *yaml.Node) {
		r.list(path, n, func(path string, n *yaml.Node) {
			w := r.way(path, n)
			switch {
			case n == nil || w.Kind == "":
			case slices.Contains(p.Ties, w):
				r.at(n, "%s: this tie is listed twice", path)
			default:
				p.Ties = append(p.Ties, w)
			}
		})
	}
}

// way is one item, with exactly one key.
func (r *fileReader) way(path string, n *yaml.Node) (w Way) {
	given := 0
	named := func(k TieKind) reader {
		return func(path string, n *yaml.Node) {
			given++
			w.Kind = k
			r.named("attribute", &w.Attribute)(path, n)
		}
	}
	r.block(path, n,
		optional("external_id", "user_id", "The key of a Stripe customer's metadata that holds the contact's external id. Your back end writes both.", named(TieExternalID)),
		optional("contact_attribute", customerAttribute, "The attribute of a contact that names the Stripe customer.", named(TieContactAttribute)),
		optional("company_attribute", customerAttribute, "The attribute of a contact's company that names the Stripe customer: somebody else pays.", named(TieCompanyAttribute)),
		optional("email", "equal", "equal: contact and customer have the same e-mail address, where no tie before it found anybody.", func(path string, n *yaml.Node) {
			given++
			r.word([]string{"equal"}, func(string) { w.Kind = TieEmail })(path, n)
		}))
	if n != nil && n.Kind == yaml.MappingNode && given > 1 {
		r.at(n, "%s names several ties: write each as an item of its own", path)
		return Way{}
	}
	return w
}
