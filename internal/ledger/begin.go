package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Begin implements [policies.Ledger].
func (l *Ledger) Begin(ctx context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (e policies.Entry, replayed bool, err error) {
	if err := checkDraft(d); err != nil {
		return policies.Entry{}, false, err
	}
	rehearsed := false
	err = l.transact(ctx, "begin", func(t *tx) error {
		r, again, err := t.begin(d, judge)
		if err != nil {
			return err
		}
		e, replayed = r.Entry, again
		if rehearsed = d.DryRun; rehearsed {
			return errDryRun // rolls everything back
		}
		return nil
	})
	if rehearsed {
		err = nil
	}
	return e, replayed, err
}

// errDryRun ends the transaction of a dry run.
var errDryRun = errors.New("dry run")

// most is the largest amount that is recorded, in minor units: Stripe takes no more
// than twelve digits in any currency (https://docs.stripe.com/currencies), and
// millions of such amounts can be summed.
const most = 999_999_999_999

// checkDraft keeps out what could not be stored, not be read back, or not be summed.
func checkDraft(d policies.Draft) error {
	s := d.Subject
	var back money.Money
	if text, err := s.Cost.MarshalText(); err != nil || back.UnmarshalText(text) != nil || back != s.Cost || max(s.Cost.Minor, -s.Cost.Minor) > most {
		return fault.Invalidf("use an amount and a currency that Stripe can move", "the amount %s cannot be recorded", s.Cost)
	}
	return validText("an id of the action", string(d.Kind), string(d.Principal), s.Conversation, s.Customer, s.Charge,
		s.Exclusive, s.Same, string(s.Cost.Currency), d.RepeatOf, d.Parent)
}

func (t *tx) begin(d policies.Draft, judge func(policies.Snapshot) policies.Decision) (r *row, replayed bool, err error) {
	if err := t.lockScopes(d); err != nil {
		return nil, false, err
	}
	if err := t.readClock(); err != nil {
		return nil, false, err
	}
	at, err := t.place(d)
	if err != nil {
		return nil, false, err
	}
	if at.answer != nil {
		return at.answer, true, nil
	}
	if err := t.keepExclusive(d); err != nil {
		return nil, false, err
	}
	decision, err := t.decide(d.Reads, judge)
	if err != nil {
		return nil, false, err
	}
	r = &row{Entry: policies.Entry{Draft: d, ID: newID(d, at.ordinal), Ordinal: at.ordinal, Decision: decision}, identity: identityOf(d)}
	r.Reads = policies.Reads{}
	t.enter(r, policies.Next(decision, false))
	if err := t.insertAfter(t.unlocking(r), r); err != nil {
		return nil, false, err
	}
	t.judged(r)
	if err := t.aftermath(r); err != nil {
		return nil, false, err
	}
	return r, false, t.reserve(r)
}

// lockScopes keeps others from counting in the scopes of d until this transaction
// ends. The rows are locked in one order by everyone, so that no two
// transactions wait for each other, and in a statement of its own: a sum in the
// same one would not see what was committed while waiting.
func (t *tx) lockScopes(d policies.Draft) error {
	if !t.ledger.engine.rowLocks {
		return nil
	}
	scopes := policies.Scopes(d.Subject, d.Principal)
	for _, q := range d.Reads.Queries {
		scopes = append(append(scopes, q.Scope), q.Also...)
	}
	slices.Sort(scopes)
	scopes = slices.Compact(scopes)
	var args arguments
	rows := `(` + strings.ReplaceAll(addAll(&args, scopes), `, `, `), (`) + `)`
	// In the order of the rows. A row that is there is locked and not changed:
	// https://www.postgresql.org/docs/current/sql-insert.html, under ON CONFLICT.
	err := t.execAll(
		statement{text: `SAVEPOINT unlocked`},
		statement{`INSERT INTO scope_lock (scope) VALUES ` + rows + ` ON CONFLICT (scope) DO UPDATE SET scope = EXCLUDED.scope WHERE FALSE`, args},
	)
	if err != nil {
		return fmt.Errorf("lock budget scopes: %w", err)
	}
	return nil
}

// unlocking gives the statement that frees the scopes of an entry which counts in
// none of them, so that nobody waits for it to be written. There is none where the
// statement would take back what this transaction has already changed.
func (t *tx) unlocking(r *row) []statement {
	if !t.ledger.engine.rowLocks || r.State != policies.Denied || len(t.events) > 0 {
		return nil
	}
	// https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS
	return []statement{{text: `ROLLBACK TO SAVEPOINT unlocked`}}
}

// keepExclusive refuses a draft whose target was changed behind its facts, and
// one whose target another action in flight keeps to
// itself. The error does not name that action, which may be another customer's.
func (t *tx) keepExclusive(d policies.Draft) error {
	target := d.Subject.Exclusive
	if target == "" {
		return nil
	}
	if err := t.keepFresh(target, d.Mark); err != nil {
		return err
	}
	var state policies.State
	err := t.sql.QueryRowContext(t.ctx, `SELECT state FROM entry WHERE exclusive = $1 AND exclusive <> ''
		AND state IN ('executing', 'unknown', 'review')`, target).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look for actions in flight: %w", err)
	case state == policies.Executing:
		return &fault.Error{
			Code: fault.Busy, Took: fault.NotYet,
			Message: "another action on the same target is under way", NextStep: "wait a few seconds, read the facts again, and then ask again",
		}
	}
	return &fault.Error{
		Code: fault.Busy, Took: fault.No,
		Message: "it is not known yet what became of an earlier action on the same target", NextStep: "read that action with get_action; ask again when it is settled",
	}
}

// keepFresh refuses facts that were read before the last change of their target.
func (t *tx) keepFresh(target string, since policies.Mark) error {
	if since == 0 {
		return nil
	}
	changed, err := t.changed(target, since)
	if err != nil {
		return fmt.Errorf("look for what changed meanwhile: %w", err)
	}
	if !changed {
		return nil
	}
	return &fault.Error{
		Code: fault.Busy, Took: fault.NotYet,
		Message: "another action has just changed the same target", NextStep: "read the facts again, and then ask again",
	}
}

// changed tells whether an action on the target has become done since. Of what is
// done, only an erasure makes a later event, and it changes no target.
func (t *tx) changed(target string, since policies.Mark) (bool, error) {
	rows, err := t.sql.QueryContext(t.ctx, `SELECT event.body FROM event JOIN entry ON entry.id = event.entry_id
		WHERE event.seq >= $1 AND entry.exclusive = $2 AND entry.state = 'done'`, int64(since)-1, target)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return false, err
		}
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			return false, fmt.Errorf("read an event of %s: %w", target, err)
		}
		if e.Erased == nil {
			return true, nil
		}
	}
	return false, rows.Err()
}

// decide reads usage and judges. The decision is given as a later read will give
// it, and one that could not be read back is never recorded.
func (t *tx) decide(r policies.Reads, judge func(policies.Snapshot) policies.Decision) (policies.Decision, error) {
	if err := t.keepTime(); err != nil {
		return policies.Decision{}, err
	}
	s := policies.Snapshot{Now: t.now}
	var err error
	if s.Usage, err = usage(t.ctx, t.sql, r.Queries, t.now); err != nil {
		return policies.Decision{}, err
	}
	if err := around(t.ctx, t.sql, r, &s); err != nil {
		return policies.Decision{}, err
	}
	b, err := json.Marshal(judge(s))
	if err != nil {
		return policies.Decision{}, fmt.Errorf("encode the decision: %w", err)
	}
	var d policies.Decision
	if err := json.Unmarshal(b, &d); err != nil {
		return policies.Decision{}, fmt.Errorf("read the decision back: %w", err)
	}
	return d, nil
}

// enter puts an entry into the state that its judgement leads to.
func (t *tx) enter(r *row, s policies.State) {
	r.State = s
	switch s { //nolint:exhaustive // a judgement that waits for nobody and sends nothing has no times
	case policies.Awaiting:
		r.ExpiresAt = t.now.Add(r.Expires)
	case policies.Executing:
		r.leaseUntil = t.now.Add(r.Lease)
		if r.FirstSent.IsZero() {
			r.FirstSent = t.now
		}
	}
}
