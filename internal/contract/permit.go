package contract

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// permitted lets an action through a guard, the only way to a permit, and does it.
func permitted[A policies.Action, Out any](ctx context.Context, r *run, key string, a A, do func(context.Context, *policies.Permit[A]) (Out, error)) (out Out, err error) {
	g := &policies.Guard{
		Ledger: &slip{key: r.key(key), now: r.Now}, Now: r.Now, Log: slog.New(slog.DiscardHandler), Timeout: 30 * time.Second, Lease: time.Minute,
	}
	g.Use(forTestAccounts(r))
	performed := false
	_, denied := policies.Enforce(ctx, g, policies.Request{Principal: "verify-account"}, policies.Operation[A, Out]{
		Propose: func(context.Context) (A, error) { return a, nil },
		Perform: func(ctx context.Context, p *policies.Permit[A]) (Out, error) {
			performed = true
			out, err = do(ctx, p)
			return out, err
		},
	})
	if !performed {
		return out, fmt.Errorf("ask the guard: %w", denied)
	}
	return out, err
}

// forTestAccounts is the policy for things that this package has made itself.
func forTestAccounts(r *run) *policies.Policy {
	most := policies.CurrencyLimits{currency: {Auto: 1 << 40, Max: 1 << 40}}
	return &policies.Policy{
		Revision: "verify-account",
		Refund:   &policies.RefundRules{Currencies: most, Window: 24 * time.Hour},
		Cancel:   &policies.CancelRules{AtPeriodEnd: policies.Allow, Now: policies.Allow, Keep: policies.Allow, RefundUnused: most},
		Credit:   &policies.CreditRules{Currencies: most},
		Discount: &policies.DiscountRules{Coupons: []string{r.coupon, r.promotion()}, Currencies: most, Remove: policies.Allow, Stack: policies.Allow},
		Retry:    &policies.RetryRules{Currencies: most},
		Reply:    &policies.ReplyRules{MaxChars: 1000},
		Tag:      &policies.TagRules{Allow: []string{r.tagName()}},
		Contact:  &policies.ContactRules{Attributes: []string{attribute}, Create: policies.Allow},
	}
}

// slip is a ledger for one entry: nothing of a comparison is to be remembered.
type slip struct {
	policies.Ledger // what else a ledger can do is not asked for

	key   string
	now   func() time.Time
	entry policies.Entry
}

// Mark implements policies.Ledger.
func (*slip) Mark(context.Context) (policies.Mark, error) { return 1, nil }

// Begin implements policies.Ledger.
func (s *slip) Begin(_ context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	verdict := judge(policies.Snapshot{Now: s.now(), Usage: make([]policies.Usage, len(d.Reads.Queries))})
	s.entry = policies.Entry{Draft: d, ID: s.key, State: policies.Next(verdict, false), Decision: verdict}
	if s.entry.State != policies.Executing {
		return s.entry, false, &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the action was denied: " + against(verdict)}
	}
	return s.entry, false, nil
}

// against is what spoke against an action.
func against(verdict policies.Decision) string {
	var all []string
	for _, f := range verdict.Against() {
		all = append(all, f.Message)
	}
	return strings.Join(all, "; ")
}

// Settle implements policies.Ledger.
func (s *slip) Settle(_ context.Context, _ string, how policies.Settlement) (policies.Entry, error) {
	s.entry.State, s.entry.Receipt, s.entry.Failure = how.State, how.Receipt, how.Failure
	return s.entry, nil
}
