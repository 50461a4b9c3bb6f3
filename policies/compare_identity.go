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
	c.upTo(join(path, "claimed_up_to"), before.upTo(), after.upTo())
}

// upTo compares amounts up to which less is wanted. A currency that is not listed has
// none.
func (c *comparison) upTo(path string, before, after map[money.Currency]int64) {
	for _, currency := range union(before, after) {
		if was, is := before[currency], after[currency]; was != is {
			c.add(join(path, string(currency)), money.Of(was, currency).String(), money.Of(is, currency).String(), is > was)
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
