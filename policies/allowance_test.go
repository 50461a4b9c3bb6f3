package policies

import (
	"context"
	"errors"
	"testing"

	"supportmcp/internal/fault"
)

// allowances are the budgets of principals, as text.
type allowances map[Principal]string

func (a allowances) Of(_ context.Context, p Principal) ([]Budget, error) {
	if a[p] == "down" {
		return nil, errors.New("down")
	}
	return ParseAllowance(a[p])
}

func TestAPrincipalsOwnBudgetIsJudgedBesideThePolicy(t *testing.T) {
	for name, c := range map[string]struct {
		budget string
		minor  int64
		want   Effect
		rule   string
	}{
		"within it":          {"20.00 EUR/24h", 2000, Allow, ""},
		"above it":           {"19.99 EUR/24h", 2000, Deny, "budget.own.principal.24h"},
		"above one of two":   {"30.00 EUR/24h, 19.00 EUR/30d", 2000, Deny, "budget.own.principal.30d"},
		"another currency":   {"50.00 USD/24h", 2000, Deny, "budget.own.currency"},
		"two currencies":     {"50.00 USD/24h, 20.00 EUR/30d", 2000, Allow, ""},
		"no looser than all": {"9000.00 EUR/24h", 6000, NeedsApproval, "refund.limit"},
		"no budget":          {"", 2000, Allow, ""},
	} {
		d := newDesk(t)
		d.Allowances = allowances{"agent": c.budget, "other": "0.01 EUR/24h"}
		o := enforce(t, d, d.ask(), d.refunding(refundOf(c.minor)))
		against := ""
		if all := o.Decision.Against(); len(all) > 0 {
			against = all[0].Rule
		}
		if o.Decision.Effect != c.want || against != c.rule {
			t.Errorf("%s: %v by %q, want %v by %q", name, o.Decision.Effect, against, c.want, c.rule)
		}
	}
}

func TestWhatAPrincipalMovedCountsInItsBudgetAndInNoOthers(t *testing.T) {
	d := newDesk(t)
	d.Allowances = allowances{"agent": "30.00 EUR/24h", "other": "30.00 EUR/24h"}
	first := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	second := refundOf(2000)
	second.Charge.ID = "ch_2"
	again := enforce(t, d, d.ask(), d.refunding(second))
	others := enforce(t, d, d.ask(func(r *Request) { r.Principal = "other" }), d.refunding(second))
	if first.State != Done || again.State != Denied || others.State != Done {
		t.Errorf("first %s, again %s, of the other %s", first.State, again.State, others.State)
	}
}

func TestWhileABudgetCannotBeReadNothingIsMoved(t *testing.T) {
	d := newDesk(t)
	d.Allowances = allowances{"agent": "down"}
	if _, err := Enforce(t.Context(), d.Guard, d.ask(), d.refunding(refundOf(2000))); err == nil || len(d.sent) != 0 || len(d.ledger.all()) != 0 {
		t.Errorf("%v, sent %v", err, d.sent)
	}
	if o := enforce(t, d, d.ask(), d.replying("Hello")); o.State == Denied {
		t.Errorf("a reply, which moves nothing: %+v", o)
	}
}

func TestABudgetThatCannotBeReadIsRefused(t *testing.T) {
	for _, text := range []string{"20 EUR", "EUR/24h", "20.00/24h", "20.00 EUR/", "0.00 EUR/24h", "-1.00 EUR/24h", "20.00 EUR/24h,", "20.00 EUR/24x", "1.005 EUR/24h"} {
		if _, err := ParseAllowance(text); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
