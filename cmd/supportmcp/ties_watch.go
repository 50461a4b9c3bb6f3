package main

import (
	"context"
	"time"

	"supportmcp/policies"
)

// everyTieCheck is how often the workspace is asked whether customers can write
// what ties them to money: somebody may change an attribute at any time.
const everyTieCheck = 5 * time.Minute

// watchTies withdraws the policy for as long as customers can.
func (h hands) watchTies(ctx context.Context) {
	var withdrawn *policies.Policy
	for {
		pause := everyTieCheck
		if err := h.holdTies(ctx, &withdrawn); err != nil {
			if ctx.Err() != nil {
				return
			}
			h.log.Warn("it cannot be told now whether customers can write what ties them to money", "err", err)
			pause = soonAgain
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// holdTies looks once. Without a policy everything is denied.
func (h hands) holdTies(ctx context.Context, withdrawn **policies.Policy) error {
	p := h.guard.Policy()
	if p == nil {
		p = *withdrawn
	}
	if p == nil {
		return nil
	}
	c, err := checkTies(ctx, h.intercom, p.Ways())
	switch {
	case err != nil:
		return err
	case len(c.open) > 0:
		h.log.Error("the policy is withdrawn, so nothing is allowed", "why", openTies(c), "next", closeAttributes)
		*withdrawn = p
		h.guard.Use(nil)
	case *withdrawn != nil:
		h.log.Info("customers can no longer write what ties them to money; the policy is in force again", "revision", p.Revision)
		*withdrawn = nil
		h.guard.Use(p)
	}
	return nil
}
