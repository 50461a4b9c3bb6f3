package policies

import (
	"context"
	"fmt"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Allowances bound what single principals may move, besides what the policy lets
// everybody.
type Allowances interface {
	// Of gives the budgets of a principal, as [ParseAllowance] makes them; none is no
	// bound. While they cannot be read, nothing of the principal's is judged.
	Of(ctx context.Context, p Principal) ([]Budget, error)
}

// ParseAllowance reads a principal's own budgets, such as "200.00 EUR/24h, 900.00
// EUR/30d". A currency that none of them names is denied; no text at all is no bound.
func ParseAllowance(text string) ([]Budget, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var out []Budget
	for each := range strings.SplitSeq(text, ",") {
		amount, span, _ := strings.Cut(strings.TrimSpace(each), "/")
		limit, err := money.Parse(amount)
		var window time.Duration
		if err == nil {
			window, err = ParseSpan(span)
		}
		if err != nil || limit.Minor <= 0 {
			return nil, fault.Invalidf(`write amounts with the time they are for, such as "200.00 EUR/24h, 900.00 EUR/30d"`, "%q is no budget", strings.TrimSpace(each))
		}
		out = append(out, Budget{
			Scope: PerPrincipal, Window: window, Kinds: moneyKinds(), Sum: map[money.Currency]int64{limit.Currency: limit.Minor}, Exceed: Deny, Own: true,
		})
	}
	return out, nil
}

// allowed adds to a request what its principal is bounded by.
func (g *Guard) allowed(ctx context.Context, r Request, k Kind) (Request, error) {
	if g.Allowances == nil || !k.MovesMoney() {
		return r, nil
	}
	own, err := g.Allowances.Of(ctx, r.Principal)
	if err != nil {
		return r, fmt.Errorf("read the budget of %s: %w", r.Principal, err)
	}
	r.own = own
	return r, nil
}

// foreign denies money in a currency that a principal with budgets has none of.
func foreign(own []Budget, cost money.Money) []Finding {
	if len(own) == 0 || cost.IsZero() {
		return nil
	}
	for _, b := range own {
		if _, known := b.Sum[cost.Currency]; known {
			return nil
		}
	}
	return []Finding{{
		Rule: "budget.own.currency", Effect: Deny, Actual: cost.String(),
		Message: "you have no budget in this currency", NextStep: "hand the conversation to a person",
	}}
}
