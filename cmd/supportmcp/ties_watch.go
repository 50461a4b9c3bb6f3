package main

import (
	"context"
	"time"
)

// everyTieCheck is how often the workspace is asked whether customers can write
// what ties them to money: somebody may change an attribute at any time.
const everyTieCheck = 5 * time.Minute

// watchTies withdraws the policy for as long as customers can.
func (h hands) watchTies(ctx context.Context) {
	h.again(ctx, everyTieCheck, h.holdTies, "it cannot be told now whether customers can write what ties them to money")
}

// holdTies looks once. While the policy is withdrawn, everything is denied.
func (h hands) holdTies(ctx context.Context) error {
	c, err := checkTies(ctx, h.intercom, h.policy.current().Ways())
	if err != nil {
		return err
	}
	switch changed := h.policy.withdraw(len(c.open) > 0); {
	case len(c.open) > 0:
		h.log.Error("the policy is withdrawn, so nothing is allowed", "why", openTies(c), "next", closeAttributes)
	case changed:
		h.log.Info("customers can no longer write what ties them to money; the policy is in force again")
	}
	return nil
}
