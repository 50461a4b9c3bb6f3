package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
	"supportmcp/tools"
)

// How often conversations in which something waits are read for notes that decide on
// it, and how often at most when somebody says that there is news. Twenty of them are
// read at a time, so that this takes a hundredth of what Intercom allows, and a tenth
// at most.
const (
	everyNoteLook  = 10 * time.Second
	everyHastyLook = time.Second
)

// noting lets internal notes decide on what waits, where the policy says so.
func (h hands) noting(ctx context.Context) {
	deps := tools.Deps{Guard: h.guard, Intercom: h.intercom}
	decisions := tools.NewNoteDecisions(deps, h.noteTaker())
	tick := time.NewTicker(everyHastyLook)
	defer tick.Stop()
	news, last := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.news:
			news = true
			continue
		case at := <-tick.C:
			if !news && at.Sub(last) < everyNoteLook {
				continue
			}
			news, last = false, at
		}
		if err := decisions.Sweep(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("notes that may decide on what waits could not all be read", "err", err)
		}
	}
}

// hurry says that somebody may have written a note. It waits for nothing.
func (h hands) hurry() {
	select {
	case h.news <- struct{}{}:
	default: // somebody has said so already
	}
}

// noteTaker records what notes decide: under the name that the roster gives their
// author, or where names are enough under the author's number.
func (h hands) noteTaker() tools.Waiting {
	if h.guard.Approvers == nil {
		return tools.NamedNotes{Ledger: h.ledger}
	}
	return signedNotes{ledger: h.ledger, panel: h.authority.panel()}
}

// signedNotes counts notes of those whom the roster of approvers names.
type signedNotes struct {
	ledger *ledger.Ledger
	panel  approvers.Panel
}

// Waiting implements [tools.Waiting].
func (n signedNotes) Waiting(ctx context.Context) ([]policies.Entry, error) {
	return n.ledger.Waiting(ctx)
}

// Note implements [tools.Waiting]. Before anything is performed the note is read again.
func (n signedNotes) Note(ctx context.Context, e policies.Entry, d policies.NoteDecision) (string, error) {
	a, err := n.panel.Noted(ctx, e, d)
	if f := refusedIn(err); f != nil {
		return f.Message, nil
	}
	if err != nil {
		return "", fmt.Errorf("decide on %s by a note: %w", e.ID, err)
	}
	_, err = n.ledger.Decide(ctx, e.ID, a, func(e policies.Entry, _ []policies.Approval) error {
		if need := e.Decision.Needed(); !need.Note {
			return &fault.Error{Code: fault.Refused, Took: fault.No, Message: "a note is not enough for this", NextStep: "let somebody sign"}
		}
		return nil
	})
	if refusedIn(err) != nil { // it does not wait any more: another server was faster
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("decide on %s by a note: %w", e.ID, err)
	}
	return "", nil
}

// aftermath is what follows an action. Where nobody's note can decide, none is asked for.
func (s settings) aftermath(e policies.Entry) []policies.Followup {
	if e.State == policies.Awaiting && e.Decision.ByNote && !s.notesDecide() {
		return nil
	}
	return tools.Aftermath(e)
}

// refusedIn is what an error refuses; nil when it is none, or of another kind.
func refusedIn(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.Refused {
		return f
	}
	return nil
}

func (s settings) notesDecide() bool {
	if s.roster == "" {
		return s.mode == "sandbox"
	}
	_, r, err := readRoster(s.roster)
	return err == nil && len(r.Accounts()) > 0
}
