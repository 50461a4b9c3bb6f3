package policies

import "supportmcp/internal/money"

// identity compares what a claim is worth. A section that is missing says as much as
// one that leaves claims to a person, and lets nobody propose links.
func (c *comparison) identity(path string, before, after *IdentityRules) {
	switch {
	case before == nil && after == nil:
		return
	case before == nil:
		c.add(path, "", "a section", true)
	case after == nil:
		c.add(path, "a section", "", false)
	}
	was, is := before.claimed(), after.claimed()
	if was != is {
		c.add(join(path, "claimed"), was.String(), is.String(), is > was)
	}
	for _, currency := range union(before.upTo(), after.upTo()) {
		was, is := before.upTo()[currency], after.upTo()[currency]
		if was != is {
			c.add(join(join(path, "claimed_up_to"), string(currency)), money.Of(was, currency).String(), money.Of(is, currency).String(), is > was)
		}
	}
}

// upTo are the amounts for which a claim is enough.
func (r *IdentityRules) upTo() map[money.Currency]int64 {
	if r == nil {
		return nil
	}
	return r.ClaimedUpTo
}
