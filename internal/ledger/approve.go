package ledger

import (
	"context"
	"fmt"
	"strings"

	"supportmcp/policies"
)

// Approve records that a person lets a waiting entry go on; the worker then
// performs it if its facts still hold. by names the person, who must not be the
// one that asked. note is kept with the entry.
func (l *Ledger) Approve(ctx context.Context, id, by, note string) (policies.Entry, error) {
	return l.personDecides(ctx, id, policies.Approved, by, note)
}

// Reject records that a person refuses a waiting entry. The same rules hold as
// for Approve.
func (l *Ledger) Reject(ctx context.Context, id, by, note string) (policies.Entry, error) {
	return l.personDecides(ctx, id, policies.Rejected, by, note)
}

func (l *Ledger) personDecides(ctx context.Context, id string, verdict policies.State, by, note string) (e policies.Entry, err error) {
	if by, err = person(by, note); err != nil {
		return policies.Entry{}, err
	}
	err = l.transact(ctx, "decide on "+id, func(t *tx) error {
		r, err := t.loadNow(id)
		if err != nil {
			return err
		}
		if err := t.mayDecide(r, by); err != nil {
			return err
		}
		r.State, r.Approver, r.Note = verdict, by, note
		err = t.decided(r)
		e = r.Entry
		return err
	})
	if err == nil && verdict == policies.Approved {
		l.hint(ctx)
	}
	return e, err
}

// person is the name under which a decision is recorded.
func person(by, note string) (string, error) {
	by = strings.TrimSpace(by)
	if by == "" {
		return "", refused("name the person who decides", "a decision needs the name of a person")
	}
	return by, validText("name or note", by, note)
}

// mayJudge is the one place that says whether a person may judge an entry: let it
// go on, refuse it, or say what became of it.
func mayJudge(r *row, by string) error {
	if strings.EqualFold(by, strings.TrimSpace(string(r.Principal))) {
		return refused("let another person decide", "%s was asked for by %s, who cannot decide on it", r.ID, r.Principal)
	}
	return nil
}

func (t *tx) mayDecide(r *row, by string) error {
	switch {
	case r.State != policies.Awaiting:
		return refused("only actions that wait for approval can be decided", "%s does not wait for approval: it is %s", r.ID, r.State)
	case r.overdue(t.now):
		return refused("ask the agent to propose it again", "%s waited for approval until %s and has expired", r.ID, r.ExpiresAt.Format("2006-01-02 15:04:05 MST"))
	}
	return mayJudge(r, by)
}

func (t *tx) decided(r *row) error {
	if err := t.save(policies.Awaiting, r); err != nil {
		return err
	}
	err := t.exec(`INSERT INTO approval (entry_id, verdict, approver, at) VALUES ($1, $2, $3, $4)`,
		r.ID, string(r.State), r.Approver, millis(t.now))
	if err != nil {
		return fmt.Errorf("record the approval of %s: %w", r.ID, err)
	}
	if err := t.exec(`UPDATE personal SET approval_note = $2 WHERE entry_id = $1`, r.ID, r.Note); err != nil {
		return fmt.Errorf("keep the note on %s: %w", r.ID, err)
	}
	return nil
}
