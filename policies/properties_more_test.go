package policies

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"supportmcp/internal/money"
)

// situation is what a ledger would say, by the names that cases use.
type situation struct {
	usage  map[string]Usage
	denied int
	open   bool
}

func drawSituation(t *rapid.T) situation {
	s := situation{usage: map[string]Usage{}, denied: rapid.IntRange(0, 4).Draw(t, "denied"), open: rapid.IntRange(0, 4).Draw(t, "open") == 0}
	for _, scope := range scopeKinds() {
		for _, shared := range []bool{false, true} {
			for _, window := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour} {
				b := Budget{Scope: scope, Shared: shared, Window: window}
				s.usage[b.name()] = Usage{Count: rapid.Int64Range(0, 5).Draw(t, "used count"), Sum: rapid.Int64Range(0, 70).Draw(t, "used sum")}
			}
		}
	}
	s.usage["breaker"] = Usage{Sum: rapid.Int64Range(0, 100).Draw(t, "spent")}
	return s
}

func (s situation) decide(p *Policy, a Action) Decision {
	pl := p.planned(a, Request{Principal: "agent"})
	snap := Snapshot{Now: noon(), BreakerOpen: s.open, Denied: slices.Repeat([]time.Time{noon()}, s.denied)}
	for _, name := range pl.names() {
		snap.Usage = append(snap.Usage, s.usage[name])
	}
	return pl.judge(snap)
}

func smallBudget(t *rapid.T, kinds ...Kind) Budget {
	b := Budget{
		Scope: rapid.SampledFrom(scopeKinds()).Draw(t, "scope"), Window: time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * time.Hour,
		Count: rapid.Int64Range(0, 4).Draw(t, "count"), Kinds: kinds, Exceed: rapid.SampledFrom([]Effect{Deny, NeedsApproval}).Draw(t, "exceed"),
	}
	if sum := rapid.Int64Range(0, 60).Draw(t, "sum"); sum > 0 || b.Count == 0 {
		b.Sum = map[money.Currency]int64{"eur": max(1, sum)}
	}
	return b
}

func smallMatcher(t *rapid.T) Matcher {
	return Matcher{
		ID: "drawn", Then: rapid.SampledFrom([]Effect{Deny, NeedsApproval}).Draw(t, "then"), Shadow: rapid.Bool().Draw(t, "shadow"),
		Channels:  rapid.SampledFrom([][]string{nil, {"email"}, {"chat"}}).Draw(t, "channels"),
		Countries: rapid.SampledFrom([][]string{nil, {"DE"}, {"CH", "NO"}}).Draw(t, "countries"),
		OlderThan: time.Duration(rapid.IntRange(0, 10).Draw(t, "days")) * day,
	}
}

// moneyPolicy lets all kinds of money move, within small limits.
func moneyPolicy(t *rapid.T) *Policy {
	limits := func() CurrencyLimits {
		auto := rapid.Int64Range(0, 40).Draw(t, "auto")
		return CurrencyLimits{"eur": {Auto: auto, Max: auto + rapid.Int64Range(1, 40).Draw(t, "max")}}
	}
	p := &Policy{
		Revision: "drawn", Approvals: ApprovalRules{Need: Need{Expires: day, People: 1}},
		Refund:   &RefundRules{Window: 10 * day, DuplicateWithin: day, Inquiry: Allow, Currencies: limits()},
		Credit:   &CreditRules{Currencies: limits()},
		Cancel:   &CancelRules{AtPeriodEnd: Allow, Now: Allow, Keep: Allow, RefundUnused: limits()},
		Discount: &DiscountRules{Coupons: []string{"STAY20", "LOYAL"}, Currencies: limits(), Remove: Allow, Stack: Allow},
		Retry:    &RetryRules{Currencies: limits(), Cooldown: day},
	}
	if rapid.Bool().Draw(t, "shared") {
		p.Budgets = append(p.Budgets, withShared(smallBudget(t, KindCredit, KindRefund)))
	}
	return p
}

func withShared(b Budget) Budget {
	b.Shared = true
	return b
}

func drawMoney(t *rapid.T, minor int64) Action {
	asker := Asker{Conversation: "1", Contact: "c1", Identity: Proven, Ties: []Tie{{Customer: "cus_1"}}}
	amount := money.Of(minor, "eur")
	traits := Traits{Known: true, Channel: rapid.SampledFrom([]string{"email", "chat"}).Draw(t, "channel"), Country: rapid.SampledFrom([]string{"DE", "CH", ""}).Draw(t, "country")}
	sub := Subscription{ID: "sub_1", Customer: "cus_1", Status: "active"}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return Credit{Asker: asker, Customer: Customer{ID: "cus_1"}, Amount: amount, Traits: traits}
	case 1:
		return Cancel{Asker: asker, Subscription: sub, How: NowWithRefund, Refund: amount, Traits: traits}
	case 2:
		return Discount{Asker: asker, Subscription: sub, Coupon: Coupon{ID: "STAY20", Usable: true}, Worth: amount, Traits: traits}
	case 3:
		return Retry{
			Asker: asker, Traits: traits, Card: DefaultCard{Name: "visa 4242", Until: noon().Add(day)},
			Invoice: Invoice{ID: "in_1", Customer: "cus_1", Status: "open", Remaining: amount, TriedAt: noon().Add(-time.Duration(rapid.IntRange(0, 48).Draw(t, "tried")) * time.Hour)},
		}
	}
	whole := money.Of(2000, "eur")
	return Refund{
		Asker: asker, Amount: amount, Traits: traits, Reason: RequestedByCustomer,
		Charge: Charge{ID: "ch_1", Customer: "cus_1", Amount: whole, Remaining: whole, Succeeded: true, Captured: true, CreatedAt: noon().Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "age")) * day)},
	}
}

// withAmount is the same action with another amount.
func withAmount(a Action, minor int64) Action {
	amount := money.Of(minor, "eur")
	switch x := a.(type) {
	case Credit:
		x.Amount = amount
		return x
	case Cancel:
		x.Refund = amount
		return x
	case Discount:
		x.Worth = amount
		return x
	case Retry:
		x.Invoice.Remaining = amount
		return x
	case Refund:
		x.Amount = amount
		return x
	}
	return a
}

func TestAnotherRuleOfAnyKindNeverLoosens(t *testing.T) {
	more := map[string]func(*rapid.T, *Policy){
		"a matcher": func(t *rapid.T, p *Policy) {
			for _, s := range []*Section{&p.Refund.Section, &p.Credit.Section, &p.Cancel.Section, &p.Discount.Section, &p.Retry.Section} {
				s.When = append(s.When, smallMatcher(t))
			}
		},
		"a shared budget": func(t *rapid.T, p *Policy) {
			p.Budgets = append(p.Budgets, withShared(smallBudget(t, KindCancel, KindCredit, KindDiscount, KindRefund)))
		},
		"a breaker": func(t *rapid.T, p *Policy) {
			p.Breaker = &Budget{Scope: Global, Window: time.Hour, Kinds: moneyKinds(), Exceed: NeedsApproval, Sum: map[money.Currency]int64{"eur": rapid.Int64Range(1, 100).Draw(t, "limit")}}
		},
		"denials": func(t *rapid.T, p *Policy) {
			p.Denials = DenialRules{Count: rapid.Int64Range(1, 4).Draw(t, "denials"), Window: time.Hour}
		},
		"a band": func(t *rapid.T, p *Policy) {
			p.Approvals.Bands = append(p.Approvals.Bands, Band{
				Over: map[money.Currency]int64{"eur": rapid.Int64Range(0, 60).Draw(t, "over")},
				Need: Need{People: rapid.IntRange(0, 3).Draw(t, "people"), Expires: time.Duration(rapid.IntRange(0, 48).Draw(t, "expires")) * time.Hour},
			})
		},
	}
	for name, add := range more {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p, a, s := moneyPolicy(t), drawMoney(t, rapid.Int64Range(1, 90).Draw(t, "amount")), drawSituation(t)
				before := s.decide(p, a)
				add(t, p)
				if after := s.decide(p, a); milder(before, after) {
					t.Fatalf("%s by %+v became %s by %+v", before.Effect, before.Need, after.Effect, after.Need)
				}
			})
		})
	}
}

func TestALargerAmountOfAnyKindIsNeverTreatedMoreGenerously(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := moneyPolicy(t), drawSituation(t)
		p.Breaker = &Budget{Scope: Global, Window: time.Hour, Kinds: moneyKinds(), Exceed: NeedsApproval, Sum: map[money.Currency]int64{"eur": 100}}
		p.Denials = DenialRules{Count: 3, Window: time.Hour}
		p.Approvals.Bands = []Band{{Over: map[money.Currency]int64{"eur": 30}, Need: Need{People: 2, Expires: time.Hour}}}
		p.Refund.MaxPercent = 50
		p.Refund.When = []Matcher{smallMatcher(t)}
		minor := rapid.Int64Range(1, 60).Draw(t, "smaller")
		a := drawMoney(t, minor)
		before := s.decide(p, a)
		if after := s.decide(p, withAmount(a, minor+rapid.Int64Range(0, 2000).Draw(t, "more"))); milder(before, after) {
			t.Fatalf("%s by %+v became %s by %+v", before.Effect, before.Need, after.Effect, after.Need)
		}
	})
}

// granting asks for money again and again, and keeps what an agent was given alone.
func granting(t *rapid.T, p *Policy, draw func(i int) Action) []Entry {
	var granted []Entry
	clock := noon()
	for i := range rapid.IntRange(1, 25).Draw(t, "asked") {
		clock = clock.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
		a := draw(i)
		reads, judge := p.plan(a, Request{Principal: "agent"})
		if judge(NewHistory(granted).At(reads, clock, "")).Effect != Allow {
			continue
		}
		granted = append(granted, Entry{
			Draft: Draft{Kind: a.Kind(), Principal: "agent", Subject: a.Subject()}, ID: fmt.Sprintf("act_%03d", i),
			State: Done, CreatedAt: clock, UpdatedAt: clock,
		})
	}
	return granted
}

// most is the largest sum that ends with one of the entries and counts with it.
func most(entries []Entry, window time.Duration, together func(a, b Entry) bool) (minor int64) {
	for _, last := range entries {
		var sum int64
		for _, e := range entries {
			if !e.CreatedAt.After(last.CreatedAt) && e.CreatedAt.After(last.CreatedAt.Add(-window)) && together(e, last) && e.ID <= last.ID {
				sum += e.Subject.Cost.Minor
			}
		}
		minor = max(minor, sum)
	}
	return minor
}

func TestSplittingOverSectionsGetsNoMoreThanASharedBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := unlimited()
		p.Budgets = []Budget{{Scope: PerCustomer, Window: 2 * time.Hour, Sum: map[money.Currency]int64{"eur": 100}, Kinds: []Kind{KindCancel, KindCredit, KindDiscount, KindRefund}, Shared: true}}
		granted := granting(t, p, func(int) Action { return drawMoney(t, rapid.Int64Range(1, 60).Draw(t, "part")) })
		if got := most(granted, 2*time.Hour, func(a, b Entry) bool { return true }); got > 100 {
			t.Fatalf("%d of 100 came through", got)
		}
	})
}

func TestSplittingOverCustomersAndCardsGetsNoMoreThanAPersonsBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := unlimited()
		p.Refund.Budgets = []Budget{{Scope: PerPerson, Window: 2 * time.Hour, Sum: map[money.Currency]int64{"eur": 100}, Kinds: []Kind{KindRefund}}}
		granted := granting(t, p, func(i int) Action {
			r := refundOf(rapid.Int64Range(1, 60).Draw(t, "part"))
			r.Asker.Ties = nil
			for _, customer := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"cus_1", "cus_2", "cus_3"}), 1, 3, rapid.ID).Draw(t, "ties") {
				r.Asker.Ties = append(r.Asker.Ties, Tie{Customer: customer})
			}
			r.Charge.Customer, r.Charge.ID = r.Asker.Ties[0].Customer, fmt.Sprintf("ch_%d", i)
			r.Charge.Card = rapid.SampledFrom([]string{"", "card_1", "card_2"}).Draw(t, "card")
			return r
		})
		related := func(a, b Entry) bool {
			return slices.ContainsFunc(strings.Fields(a.Subject.Person), func(k string) bool { return slices.Contains(strings.Fields(b.Subject.Person), k) })
		}
		if got := most(granted, 2*time.Hour, related); got > 100 {
			t.Fatalf("%d of 100 came through", got)
		}
	})
}

func TestSplittingGetsNoMoreThanTheBreakerWithoutAPerson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := unlimited()
		p.Breaker = &Budget{Scope: Global, Window: 2 * time.Hour, Sum: map[money.Currency]int64{"eur": 100}, Kinds: moneyKinds(), Exceed: NeedsApproval}
		granted := granting(t, p, func(int) Action { return drawMoney(t, rapid.Int64Range(1, 60).Draw(t, "part")) })
		if got := most(granted, 2*time.Hour, func(a, b Entry) bool { return true }); got > 100 {
			t.Fatalf("%d of 100 came through", got)
		}
	})
}

// unlimited limits nothing but what a test adds.
func unlimited() *Policy {
	limits := CurrencyLimits{"eur": {Auto: 1000, Max: 1000}}
	return &Policy{
		Revision: "generous",
		Refund:   &RefundRules{Window: 3650 * day, Inquiry: Allow, Currencies: limits},
		Credit:   &CreditRules{Currencies: limits}, Cancel: &CancelRules{RefundUnused: limits},
		Discount: &DiscountRules{Coupons: []string{"STAY20"}, Currencies: limits},
	}
}

func TestABudgetIsFreeAgainExactlyWhenItsWindowHasPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := time.Duration(rapid.Int64Range(1, int64(100*day)/int64(time.Second)).Draw(t, "seconds")) * time.Second
		p := unlimited()
		b := smallBudget(t, KindRefund)
		b.Window, b.Count, b.Sum, b.Exceed = window, 1, nil, Deny
		p.Refund.Budgets = []Budget{b}
		first := refundOf(10)
		first.Charge.Card = "card_1"
		h := NewHistory([]Entry{{Draft: Draft{Kind: KindRefund, Principal: "agent", Subject: first.Subject()}, ID: "act_1", State: Done, CreatedAt: noon(), UpdatedAt: noon()}})
		second := first
		second.Amount.Minor = 11
		at := func(after time.Duration) Effect {
			reads, judge := p.plan(second, Request{Principal: "agent"})
			return judge(h.At(reads, noon().Add(after), "")).Effect
		}
		if at(0) != Deny || at(window-1) != Deny || at(window) != Allow {
			t.Fatalf("%s at once, %s just before and %s after %s", at(0), at(window-1), at(window), window)
		}
	})
}
