package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"supportmcp/policies"
)

// afterIndex sets apart the ids of what is queued here from those of follow-ups of
// the same entry, should it be done after all.
const afterIndex = 100

// waitIndex does so for what is queued when an entry begins to wait for a person.
const waitIndex = 50

// aftermathFor is how long what is queued here may wait for a server that runs.
const aftermathFor = 7 * 24 * time.Hour

// longInDoubt is how old an attempt is when people are told that nobody knows what
// became of it. Most doubts end sooner, by themselves.
const longInDoubt = 3 * time.Minute

// aftermath queues what follows when an entry began to wait for a person, came to
// nothing, or has been in doubt for long, once, in the transaction that says so.
func (t *tx) aftermath(r *row) error {
	from := afterIndex
	ended := []policies.State{policies.Rejected, policies.Expired, policies.Stale, policies.Review}
	lost := r.State == policies.InDoubt && t.now.Sub(r.FirstSent) >= longInDoubt
	switch {
	case t.ledger.aftermath == nil:
		return nil
	case r.State == policies.Awaiting:
		from = waitIndex
	case !slices.Contains(ended, r.State) && !lost:
		return nil
	}
	var told int
	err := t.sql.QueryRowContext(t.ctx, `SELECT COUNT(*) FROM entry WHERE id = $1`, followID(r.ID, from)).Scan(&told)
	if err != nil || told > 0 {
		return err
	}
	for i, f := range t.ledger.aftermath(r.Entry) {
		input, err := json.Marshal(f.Input)
		if err != nil {
			return fmt.Errorf("encode what follows %s: %w", r.ID, err)
		}
		d := policies.Draft{Kind: f.Kind, Principal: r.Principal, Input: input, Lease: r.Lease, Expires: aftermathFor}
		if err := t.queue(r.ID, from+i, d); err != nil {
			return fmt.Errorf("queue what follows %s: %w", r.ID, err)
		}
	}
	return nil
}
