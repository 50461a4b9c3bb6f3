package policies

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

func (r *fileReader) refund(path string, n *yaml.Node) *RefundRules {
	rules := &RefundRules{DuplicateWithin: 7 * day, Inquiry: Allow}
	r.block(path, n, slices.Concat([]field{
		required("currencies", "{eur: {auto: 50.00, max: 500.00}}", "Limits by currency. A currency that is not listed is denied.", r.limits(&rules.Currencies)),
		required("window", "30d", "How old a payment may be.", r.span(&rules.Window)),
		optional("max_percent", "100", "How much of a payment may be given back, all its refunds together.", r.number(&rules.MaxPercent, 100)),
		optional("duplicate_within", "7d", `"I was charged twice" needs a second, equal payment this close by, or a person.`, r.span(&rules.DuplicateWithin)).or("7d"),
		optional("account_age", "7d", "How long the customer must have had the account.", r.span(&rules.AccountAge)),
		optional("risk", "{elevated: needs_approval, highest: deny}", "What becomes of refunds of payments that Stripe gave this risk. A payment whose risk is not known is treated as the strictest of these.", r.risk(&rules.Risk)),
		optional("inquiry", "allow", "Refunds while the customer's bank asks about the payment (Stripe: an inquiry). A real dispute is always denied.", r.effect(&rules.Inquiry, Allow, NeedsApproval, Deny)).or("allow"),
		optional("connect", "platform", "Refunds of payments in which a connected account has a share (Stripe Connect): denied, paid by the platform alone, or with the account's share taken back.", r.word([]string{Deny.String(), string(FromPlatform), string(FromAccount)}, func(text string) {
			if rules.Connect = RefundFrom(text); text == Deny.String() {
				rules.Connect = ""
			}
		})).or("deny"),
		optional("reasons", "{fraudulent: deny}", "What becomes of a refund for a stated reason. It only restricts: what an agent states is no evidence. fraudulent is denied unless it is listed.", r.reasons(&rules.Reasons)),
		optional("cooldown", "24h", "How long after a refund of a payment the next one of the same payment must wait.", r.cooldown(rules)),
	}, r.common(&rules.Section, true), []field{
		// After currencies, whatever their order in the file: only what is refunded can be summed.
		optional("budgets", "[{scope: customer, window: 90d, count: 3}]", "How much all refunds together may come to, so that many small ones do not become a large one.", func(path string, n *yaml.Node) {
			rules.Budgets = append(rules.Budgets, r.budgets(path, n, KindRefund, rules.Currencies)...)
		}),
	})...)
	return rules
}

// cooldown is a budget of one refund per charge.
func (r *fileReader) cooldown(rules *RefundRules) reader {
	return func(path string, n *yaml.Node) {
		b := Budget{Scope: PerCharge, Count: 1, Kinds: []Kind{KindRefund}}
		if r.span(&b.Window)(path, n); b.Window > 0 {
			rules.Budgets = append(rules.Budgets, b)
		}
	}
}

func (r *fileReader) risk(into *map[string]Effect) reader {
	return r.effects("risk", []string{"normal", "elevated", "highest"}, func(level string, e Effect) {
		if *into == nil {
			*into = map[string]Effect{}
		}
		(*into)[level] = e
	})
}

func (r *fileReader) reasons(into *map[Reason]Effect) reader {
	known := []string{string(Duplicate), string(RequestedByCustomer), string(Fraudulent)}
	return r.effects("reason", known, func(reason string, e Effect) {
		if *into == nil {
			*into = map[Reason]Effect{}
		}
		(*into)[Reason(reason)] = e
	})
}

// effects reads effects that only restrict, by a word that is known.
func (r *fileReader) effects(what string, known []string, set func(string, Effect)) reader {
	return r.words(what, known, func(key string) reader {
		return func(path string, n *yaml.Node) {
			e := Deny
			r.effect(&e, NeedsApproval, Deny)(path, n)
			set(key, e)
		}
	})
}

func (r *fileReader) credit(path string, n *yaml.Node) *CreditRules {
	rules := &CreditRules{}
	r.block(path, n, slices.Concat([]field{
		required("currencies", "{eur: {auto: 10.00, max: 100.00}}", "Limits by currency. A currency that is not listed is denied.", r.limits(&rules.Currencies)),
		optional("account_age", "30d", "How long the customer must have had the account.", r.span(&rules.AccountAge)),
	}, r.common(&rules.Section, true), []field{
		optional("budgets", "[{scope: customer, window: 90d, count: 3}]", "How much all credits together may come to.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindCredit, rules.Currencies)
		}),
	})...)
	return rules
}

func (r *fileReader) cancel(path string, n *yaml.Node) *CancelRules {
	rules := &CancelRules{}
	all := []Effect{Allow, NeedsApproval, Deny}
	r.block(path, n, slices.Concat([]field{
		optional("at_period_end", "allow", "Let a subscription run out. Without this key it is denied.", r.effect(&rules.AtPeriodEnd, all...)).or("deny"),
		optional("now", "needs_approval", "End a subscription at once, without money back. Without this key it is denied.", r.effect(&rules.Now, all...)).or("deny"),
		optional("keep", "allow", "Take back a cancellation that is still to come. Without this key it is denied.", r.effect(&rules.Keep, all...)).or("deny"),
		optional("refund_unused", "{eur: {auto: 20.00, max: 200.00}}", "End a subscription at once and pay unused time back, within these limits. Without this key it is denied.", r.limits(&rules.RefundUnused)),
	}, r.common(&rules.Section, true), []field{
		optional("budgets", "[{scope: customer, window: 90d, count: 3}]", "How many subscriptions may be ended, and how much paid back with that.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindCancel, rules.RefundUnused)
		}),
	})...)
	return rules
}

func (r *fileReader) discount(path string, n *yaml.Node) *DiscountRules {
	rules := &DiscountRules{}
	r.block(path, n, slices.Concat([]field{
		required("coupons", "[STAY20]", "Ids of coupons and promotion codes; no others.", r.names("coupon", &rules.Coupons)),
		required("currencies", "{eur: {auto: 50.00, max: 200.00}}", "Limits for what a discount takes off, all its invoices together.", r.limits(&rules.Currencies)),
		optional("remove", "allow", "Take a discount off. Without this key it is denied.", r.effect(&rules.Remove, Allow, NeedsApproval, Deny)).or("deny"),
		optional("stack", "needs_approval", "Add a discount to another. Without this key it is denied.", r.effect(&rules.Stack, Allow, NeedsApproval, Deny)).or("deny"),
	}, r.common(&rules.Section, true), []field{
		optional("budgets", "[{scope: customer, window: 90d, count: 3}]", "How many discounts there may be, and what they may be worth together.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindDiscount, rules.Currencies)
		}),
	})...)
	return rules
}

func (r *fileReader) limits(into *CurrencyLimits) reader {
	return func(path string, n *yaml.Node) {
		*into = CurrencyLimits{}
		r.currencies(path, n, func(path string, _ *yaml.Node, c money.Currency, n *yaml.Node) {
			(*into)[c] = r.limitsIn(c, path, n)
		})
	}
}

func (r *fileReader) limitsIn(c money.Currency, path string, n *yaml.Node) Limits {
	var auto, ceiling money.Money
	var autoOK, ceilingOK bool
	r.block(path, n,
		required("auto", "50.00", "Up to here the agent acts alone. Write 0 to see every one.", func(path string, n *yaml.Node) { auto, autoOK = r.amount(path, n, c) }),
		required("max", "500.00", "Above here nobody can, through this server. Between auto and max a person approves.", func(path string, n *yaml.Node) { ceiling, ceilingOK = r.positive(path, n, c) }))
	if autoOK && ceilingOK && auto.Minor > ceiling.Minor {
		r.at(n, "%s: auto (%s) must not be above max (%s)", path, auto, ceiling)
	}
	return Limits{Auto: auto.Minor, Max: ceiling.Minor}
}

// currencies goes through a block whose keys are currencies, each given once.
func (r *fileReader) currencies(path string, n *yaml.Node, each func(path string, key *yaml.Node, c money.Currency, n *yaml.Node)) {
	if r.outline.currencies(path, func(path string) { each(path, nil, "eur", nil) }) {
		return
	}
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

// limited are the currencies in which a policy lets money move at all.
func (p *Policy) limited() CurrencyLimits {
	out := CurrencyLimits{}
	if p.Refund != nil {
		maps.Copy(out, p.Refund.Currencies)
	}
	if p.Credit != nil {
		maps.Copy(out, p.Credit.Currencies)
	}
	if p.Cancel != nil {
		maps.Copy(out, p.Cancel.RefundUnused)
	}
	if p.Discount != nil {
		maps.Copy(out, p.Discount.Currencies)
	}
	if p.Retry != nil {
		maps.Copy(out, p.Retry.Currencies)
	}
	return out
}
