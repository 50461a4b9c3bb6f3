package policies

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

func (r *fileReader) tag(path string, n *yaml.Node) *TagRules {
	rules := &TagRules{}
	r.block(path, n, slices.Concat([]field{
		required("allow", "[billing, refunded]", "The tags that an agent may add to conversations and contacts or take off; no others.", r.names("tag", &rules.Allow)),
	}, r.common(&rules.Section, false), []field{
		optional("budgets", "[{scope: customer, window: 90d, count: 3}]", "How often tags may be changed.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindTag, nil)
			for i := range rules.Budgets {
				rules.Budgets[i].Kinds = append(rules.Budgets[i].Kinds, KindTagContact)
			}
		}),
	})...)
	return rules
}

// mostAlone is how many contacts no policy lets an agent change without a person.
const mostAlone = 25

func (r *fileReader) segment(path string, n *yaml.Node, p *Policy) *SegmentRules {
	rules := &SegmentRules{Alone: mostAlone}
	r.block(path, n,
		required("allow", "[card-expiring]", "The tags that a segment may set; no others.", r.names("tag", &rules.Allow)),
		optional("attributes", "[billing_plan]", "The attributes that a segment or sync_billing_attributes may set; no others. Never e-mail, external id, role or what ties a contact to a customer.", r.settable(&rules.Attributes, p)),
		required("max", "5000", "How many contacts may be changed at once at most.", r.number(&rules.Max, maxCount)),
		optional("alone", "25", "Up to so many the agent acts alone, above a person approves. 25 at most.", r.number(&rules.Alone, maxCount)).or("25"))
	if n != nil && rules.Alone > mostAlone {
		r.at(n, "%s: alone (%d) must not be above %d, since tags may start the workspace's own automations", path, rules.Alone, mostAlone)
	}
	if n != nil && rules.Alone > rules.Max && rules.Max > 0 {
		r.at(n, "%s: alone (%d) must not be above max (%d)", path, rules.Alone, rules.Max)
	}
	return rules
}

func (r *fileReader) contact(path string, n *yaml.Node, p *Policy) *ContactRules {
	rules := &ContactRules{}
	r.block(path, n, slices.Concat([]field{
		optional("attributes", "[plan_note]", "The attributes that an agent may set; no others. Never e-mail, external id, role or what ties a contact to a customer.", r.settable(&rules.Attributes, p)),
		optional("create", "allow", "Create contacts. Without this key it is denied.", r.effect(&rules.Create, Allow, NeedsApproval, Deny)).or("deny"),
	}, r.common(&rules.Section, false))...)
	return rules
}

// settable reads names of attributes that may be set. Ties were read before.
func (r *fileReader) settable(into *[]string, p *Policy) reader {
	return func(path string, n *yaml.Node) {
		r.names("attribute", into)(path, n)
		for _, a := range *into {
			switch {
			case identifying(a):
				r.at(n, "%s: %s says who somebody is, so no agent may set it", path, a)
			case p.tiesBy(a):
				r.at(n, "%s: %s ties contacts to customers, so no agent may set it", path, a)
			}
		}
	}
}

func (r *fileReader) lookup(path string, n *yaml.Node) *LookupRules {
	rules := &LookupRules{Window: time.Hour, PersonalData: MaskedPersonalData}
	levels := []string{string(NoPersonalData), string(MaskedPersonalData), string(FullPersonalData)}
	r.block(path, n,
		required("customers", "30", "How many different customers one agent may look at.", r.number(&rules.Customers, maxCount)),
		optional("window", "1h", "In how much time.", r.span(&rules.Window)).or("1h"),
		optional("personal_data", "masked", "How much of names, addresses and e-mails is shown: none, masked or full.", r.word(levels, func(text string) { rules.PersonalData = PersonalData(text) })).or("masked"))
	return rules
}
