package main

import (
	"context"
	"time"

	"supportmcp/policies"
	"supportmcp/tools"
)

// everyNoteLook is how often conversations in which something waits are read for
// notes that decide on it. Twenty of them are read at a time, so that this takes a
// hundredth of what Intercom allows.
const everyNoteLook = 10 * time.Second

// noting lets internal notes decide on what waits, where the policy says so and a
// name is enough: beside signatures a note counts for nothing.
func (h hands) noting(ctx context.Context) {
	if h.guard.Approvers != nil {
		return
	}
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

// aftermath is what follows an action. Where approvals are signed no note can
// decide, so none is asked for.
func (s settings) aftermath(e policies.Entry) []policies.Followup {
	if e.State == policies.Awaiting && (s.mode != "sandbox" || s.roster != "") {
		return nil
	}
	return tools.Aftermath(e)
}
