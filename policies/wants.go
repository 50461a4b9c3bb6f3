package policies

import (
	"maps"
	"slices"
)

// Facts are those that cost extra reads and matter only to some policies.
type Facts struct {
	Traits        bool // some when rule looks at traits at all
	Customer      bool // country, metadata, and since when the customer exists
	Subscriptions bool // plans, intervals, products and metadata
	// Metadata are the keys of metadata that some rule looks at, sorted. Others are
	// not its business: anything may stand in them.
	Metadata []string
}

// Wants tells which facts the policy looks at for actions of a kind. A nil policy
// wants none.
func (p *Policy) Wants(k Kind) Facts {
	var f Facts
	if p == nil {
		return f
	}
	switch {
	case k == KindRefund && p.Refund != nil:
		f.Customer = p.Refund.AccountAge > 0
	case k == KindCredit && p.Credit != nil:
		f.Customer = p.Credit.AccountAge > 0
	}
	s := p.section(k)
	if s == nil {
		return f
	}
	f.Traits = len(s.When) > 0
	f.Customer = f.Customer || slices.ContainsFunc(s.When, Matcher.onCustomer)
	f.Subscriptions = slices.ContainsFunc(s.When, Matcher.onSubscriptions)
	for _, m := range s.When {
		f.Metadata = slices.AppendSeq(f.Metadata, maps.Keys(m.Metadata))
	}
	slices.Sort(f.Metadata)
	f.Metadata = slices.Compact(f.Metadata)
	return f
}

func (m Matcher) onCustomer() bool { return len(m.Countries)+len(m.Metadata) > 0 }

func (m Matcher) onSubscriptions() bool {
	return len(m.Plans)+len(m.Intervals)+len(m.Products)+len(m.Metadata) > 0
}
