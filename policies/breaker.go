package policies

import (
	"context"
	"encoding/json"
	"fmt"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// breaks is the breaker's word on an action. The breaker is a budget over all
// money: what would pass it waits for a person, and once it is used up it trips:
// from then on every action on money waits for a person, until one with the right
// to approve has released it.
func (b Budget) breaks(cost money.Money, s Snapshot, u Usage) Finding {
	f := Finding{Rule: "breaker", Effect: Allow}
	limit, limited := b.Sum[cost.Currency]
	if limited {
		f.Limit, f.Actual = money.Of(limit, cost.Currency).String(), money.Of(add(u.Sum, cost.Minor), cost.Currency).String()
	}
	switch {
	case s.BreakerOpen:
		f.Effect, f.Message = NeedsApproval, "so much was paid back that a person looks at every action on money for now"
	case limited && add(u.Sum, cost.Minor) > limit:
		f.Effect, f.Message = NeedsApproval, fmt.Sprintf("all together %s in %s would be paid back", f.Actual, FormatSpan(b.Window))
	}
	return f
}

// trips reports whether the breaker's budget is used up by what really is or now
// will be paid. What was only asked for trips nothing: nobody may switch the desk
// off by asking.
func (b Budget) trips(e Effect, cost money.Money, u Usage) bool {
	limit, limited := b.Sum[cost.Currency]
	spent := u.Sum
	if e == Allow {
		spent = add(spent, cost.Minor)
	}
	return limited && spent >= limit
}

// Breaker is the entry that stands for a tripped breaker: while it waits for
// approval, the breaker is open.
type Breaker struct {
	Policy string `json:"policy"` // the revision under which it tripped
	After  string `json:"after"`  // the action with which it did
}

// Kind is KindBreaker.
func (Breaker) Kind() Kind { return KindBreaker }

// Subject makes all tripping one, as long as the breaker is open.
func (Breaker) Subject() Subject { return Subject{Exclusive: "breaker", Same: "breaker"} }

func (b Breaker) binds() any   { return b }
func (Breaker) traits() Traits { return Traits{} }
func (Breaker) asks() []Query  { return nil }

func (Breaker) judge(*Policy, Snapshot) []Finding {
	return []Finding{{Rule: "breaker", Effect: NeedsApproval, Message: "look at what was paid back, then release the breaker"}}
}

// trip opens the breaker because of an entry, unless it is open. When that cannot
// be recorded, the next action finds the budget used up and trips it.
func (g *Guard) trip(ctx context.Context, after Entry) {
	p := g.Policy()
	if p == nil {
		return
	}
	a := Breaker{Policy: p.Revision, After: after.ID}
	_, _, err := g.begin(ctx, Request{Principal: Ours, Input: []byte(`{}`)}, a, 0)
	if err != nil && fault.CodeOf(err) != fault.Busy {
		g.Log.Error("trip the breaker", "action", after.ID, "err", err)
	}
}

// Release is the operation behind an approved [Breaker]: when it is done, the
// breaker is closed, and what was paid before counts for it no more.
func Release(e Entry) Operation[Breaker, struct{}] {
	return Operation[Breaker, struct{}]{
		Propose: func(context.Context) (b Breaker, err error) {
			return b, json.Unmarshal(e.Facts, &b)
		},
		Perform: func(_ context.Context, p *Permit[Breaker]) (struct{}, error) {
			_, _, err := p.Redeem()
			return struct{}{}, err
		},
		Find: func(context.Context, Breaker, string) (struct{}, bool, error) { return struct{}{}, false, nil },
	}
}
