package tools

import (
	"context"

	"supportmcp/policies"
)

// Inner are the writes that the worker carries out and no agent can ask for.
func Inner(d Deps) []Tool { return []Tool{releaseBreaker(d), recordEvent(d), lookUp(d)} }

// releaseBreaker closes the breaker once an approver has released it.
func releaseBreaker(d Deps) Tool {
	return Tool{
		Kind: policies.KindBreaker,
		Resume: func(ctx context.Context, e policies.Entry) error {
			return policies.Resume(ctx, d.Guard, e, policies.Release(e))
		},
		Recover: func(ctx context.Context, e policies.Entry) error {
			return policies.Recover(ctx, d.Guard, e, policies.Release(e))
		},
		Settle: func(ctx context.Context, e policies.Entry, v policies.Verdict) (policies.Entry, error) {
			return policies.Settle(ctx, d.Guard, e, v, policies.Release(e))
		},
	}
}
