package main

import (
	"context"
	"time"

	"supportmcp/tools"
)

// everyNoteLook is how often conversations in which something waits are read for
// notes that decide on it. Twenty of them are read at a time, so that this takes a
// hundredth of what Intercom allows.
const everyNoteLook = 10 * time.Second

// noting lets internal notes decide on what waits, where the policy says so.
func (h hands) noting(ctx context.Context) {
	decisions := tools.NewNoteDecisions(tools.Deps{Guard: h.guard, Intercom: h.intercom}, h.ledger)
	tick := time.NewTicker(everyNoteLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := decisions.Sweep(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("notes that may decide on what waits could not all be read", "err", err)
		}
	}
}
