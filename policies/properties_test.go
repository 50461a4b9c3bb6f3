package policies

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"supportmcp/internal/money"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// drawPolicy makes a policy whose limits are small, so that edges are met often.
func drawPolicy(t *rapid.T) *Policy {
	p := &Policy{Revision: "drawn", Refund: &RefundRules{
		Window:          time.Duration(rapid.IntRange(1, 10).Draw(t, "window")) * day,
		DuplicateWithin: day,
		Currencies:      map[money.Currency]Limits{},
	}}
	for _, c := range rapid.SliceOfDistinct(rapid.SampledFrom([]money.Currency{"eur", "jpy", "kwd"}), rapid.ID).Draw(t, "currencies") {
		auto := rapid.Int64Range(0, 30).Draw(t, "auto")
		p.Refund.Currencies[c] = Limits{Auto: auto, Max: auto + rapid.Int64Range(1, 30).Draw(t, "max")}
	}
	if rapid.Bool().Draw(t, "claims") {
		p.Identity = &IdentityRules{Claimed: rapid.SampledFrom([]Effect{Deny, NeedsApproval}).Draw(t, "claimed")}
		p.Identity.ClaimedUpTo = map[money.Currency]int64{"eur": rapid.Int64Range(1, 40).Draw(t, "claimed up to")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "budgets") {
		p.Refund.Budgets = append(p.Refund.Budgets, drawBudget(t))
	}
	return p
}

func drawBudget(t *rapid.T) Budget {
	b := Budget{
		Scope:  rapid.SampledFrom(scopeKinds()).Draw(t, "scope"),
		Window: time.Duration(rapid.IntRange(1, 48).Draw(t, "hours")) * time.Hour,
		Count:  rapid.Int64Range(0, 4).Draw(t, "count"),
		Kinds:  []Kind{KindRefund},
	}
	if sum := rapid.Int64Range(0, 60).Draw(t, "sum"); sum > 0 {
		b.Sum = map[money.Currency]int64{"eur": sum}
	}
	return b
}

// drawRefund makes a refund that is sound more often than not.
func drawRefund(t *rapid.T) Refund {
	c := rapid.SampledFrom([]money.Currency{"eur", "eur", "jpy", "kwd", "chf"}).Draw(t, "currency")
	often := rapid.SampledFrom([]bool{true, true, true, false})
	r := Refund{
		Asker: Asker{Conversation: "1", Contact: "c1", Identity: rapid.SampledFrom([]Identity{Proven, Proven, Claimed, Unidentified}).Draw(t, "identity"), Ties: []Tie{{Customer: "cus_1"}}},
		Charge: Charge{
			ID: "ch_1", Customer: "cus_1", Succeeded: often.Draw(t, "succeeded"), Captured: often.Draw(t, "captured"),
			Amount: money.Of(100, c), Remaining: money.Of(rapid.Int64Range(0, 100).Draw(t, "remaining"), c),
			CreatedAt: noon().Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "age")) * time.Hour),
		},
		Amount: money.Of(rapid.Int64Range(-2, 100).Draw(t, "amount"), c),
		Reason: rapid.SampledFrom([]Reason{RequestedByCustomer, Duplicate, Fraudulent, "anything"}).Draw(t, "reason"),
	}
	if rapid.Bool().Draw(t, "twin") {
		r.Twins = []Twin{{Charge: "ch_2", CreatedAt: r.Charge.CreatedAt}}
	}
	if !often.Draw(t, "own") {
		r.Charge.Customer = "cus_2"
	}
	return r
}

func drawUsage(t *rapid.T, n int) []Usage {
	out := make([]Usage, n)
	for i := range out {
		out[i] = Usage{Count: rapid.Int64Range(0, 5).Draw(t, "used count"), Sum: rapid.Int64Range(0, 70).Draw(t, "used sum")}
	}
	return out
}

func verdict(p *Policy, r Refund, usage []Usage) Effect {
	_, judge := p.plan(r, Request{Principal: "agent"})
	return judge(Snapshot{Now: noon(), Usage: usage}).Effect
}

func TestAnotherBudgetNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets)+1)
		before := verdict(p, r, usage[:len(p.Refund.Budgets)])
		p.Refund.Budgets = append(p.Refund.Budgets, drawBudget(t))
		if after := verdict(p, r, usage); after > before {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestATighterRuleNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		before := verdict(p, r, usage)
		tighten(t, p)
		if after := verdict(p, r, usage); after > before {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func tighten(t *rapid.T, p *Policy) {
	less := func(n int64) int64 { return rapid.Int64Range(0, n).Draw(t, "less") }
	for c, l := range maps.Clone(p.Refund.Currencies) {
		l.Max = less(l.Max)
		p.Refund.Currencies[c] = Limits{Auto: less(min(l.Auto, l.Max)), Max: l.Max}
		if rapid.Bool().Draw(t, "drop") {
			delete(p.Refund.Currencies, c)
		}
	}
	if p.Identity != nil {
		p.Identity.Claimed = min(p.Identity.Claimed, rapid.SampledFrom([]Effect{Deny, NeedsApproval}).Draw(t, "claimed"))
		p.Identity.ClaimedUpTo["eur"] = less(p.Identity.ClaimedUpTo["eur"])
	}
	p.Refund.Window = time.Duration(less(int64(p.Refund.Window)))
	p.Refund.DuplicateWithin = time.Duration(less(int64(p.Refund.DuplicateWithin)))
	for i, b := range p.Refund.Budgets {
		if b.Count > 1 {
			p.Refund.Budgets[i].Count = 1 + less(b.Count-1)
		}
		for c, n := range b.Sum {
			b.Sum[c] = less(n)
		}
	}
	if rapid.Bool().Draw(t, "no section") {
		p.Refund = nil
	}
}

func TestALargerAmountIsNeverTreatedMoreGenerously(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		r.Amount.Minor = rapid.Int64Range(1, 100).Draw(t, "smaller")
		before := verdict(p, r, usage)
		r.Amount.Minor += rapid.Int64Range(0, 1000).Draw(t, "more")
		if after := verdict(p, r, usage); after > before {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

func TestAReasonNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		stated := verdict(p, r, usage)
		r.Reason = RequestedByCustomer
		if plain := verdict(p, r, usage); stated > plain {
			t.Fatalf("a reason made %s of %s", stated, plain)
		}
	})
}

func TestDoubtNeverLoosensAndNeverActsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		sure := verdict(p, r, usage)
		r.Asker.Doubt = "two contacts share an e-mail"
		if doubted := verdict(p, r, usage); doubted > sure || doubted == Allow {
			t.Fatalf("doubt made %s of %s", doubted, sure)
		}
	})
}

// Who is less well known never gets more, and whoever is not known at all nothing.
func TestIdentityOnlyRestricts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		least := Allow
		for _, is := range []Identity{Proven, Claimed, Unidentified, "anything"} {
			r.Asker.Identity = is
			got := verdict(p, r, usage)
			if got > least || is != Proven && is != Claimed && got != Deny {
				t.Fatalf("%s is answered %s, after %s", is.word(), got, least)
			}
			least = got
		}
	})
}

func TestWhatTheAgentWritesIsNoFact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		before := verdict(p, r, usage)
		r.Asker.Ties[0].Way = rapid.String().Draw(t, "way")
		r.Rest = !r.Rest && r.Amount.Minor > 0
		if after := verdict(p, r, usage); after != before {
			t.Fatalf("%s became %s", before, after)
		}
	})
}

// Many small refunds over days: in no window do more come through than one
// budget allows, however they are split.
func TestSplittingGetsNoMoreThroughThanABudgetAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPolicy(t)
		p.Refund.Currencies["eur"] = Limits{Auto: 100, Max: 100}
		p.Refund.Budgets = append(p.Refund.Budgets, drawBudget(t))
		l, clock := newLedger(), noon()
		l.now = func() time.Time { return clock }
		var granted []Settled
		for range rapid.IntRange(1, 30).Draw(t, "refunds") {
			clock = clock.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute)
			r := drawRefund(t)
			r.Charge.CreatedAt = clock
			reads, judge := p.plan(r, Request{Principal: "agent"})
			e, _, err := l.Begin(t.Context(), Draft{Kind: KindRefund, Principal: "agent", Subject: r.Subject(), Reads: reads}, judge)
			if err != nil || e.State != Executing {
				continue
			}
			if _, err := l.Settle(t.Context(), e.ID, Settlement{State: Done}); err != nil {
				t.Fatal(err)
			}
			if r.Amount.Currency == "eur" {
				granted = append(granted, Settled{clock, r.Amount.Minor})
			}
		}
		for _, b := range p.Refund.Budgets {
			checkWindows(t, b, granted)
		}
	})
}

// checkWindows sums every window that ends at a grant; all grants share the scopes.
func checkWindows(t *rapid.T, b Budget, granted []Settled) {
	for _, last := range granted {
		var count, sum int64
		for _, g := range granted {
			if !g.At.After(last.At) && g.At.After(last.At.Add(-b.Window)) {
				count, sum = count+1, sum+g.Minor
			}
		}
		if limit, ok := b.Sum["eur"]; ok && sum > limit || b.Count > 0 && count > b.Count {
			t.Fatalf("%s: %d refunds of %d in one window, budget %+v", b.name(), count, sum, b)
		}
	}
}

// What a refusal offers must be true: asking for no more than every finding's
// max_allowed_now is allowed when only amounts stood against it.
func TestWhatARefusalStillAllowsIsAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := drawPolicy(t), drawRefund(t)
		usage := drawUsage(t, len(p.Refund.Budgets))
		_, judge := p.plan(r, Request{Principal: "agent"})
		against := judge(Snapshot{Now: noon(), Usage: usage}).Against()
		if len(against) == 0 || slices.ContainsFunc(against, func(f Finding) bool { return f.MaxAllowedNow.Minor <= 0 }) {
			return
		}
		for _, f := range against {
			r.Amount.Minor = min(r.Amount.Minor, f.MaxAllowedNow.Minor)
		}
		if got := verdict(p, r, usage); got == Deny {
			t.Fatalf("%s was offered and denied; against: %+v", r.Amount, against)
		}
	})
}
