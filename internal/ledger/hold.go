package ledger

import (
	"fmt"
	"math"
	"strings"

	"supportmcp/policies"
)

// open is the time of a hold that is not settled: later than any window's start,
// so that what is in flight or in doubt counts whatever its age.
const open = math.MaxInt64

// hold is what an entry takes from the budgets of one scope.
type hold struct {
	entry    string
	scope    policies.Scope
	kind     policies.Kind
	currency string
	minor    int64
	at       int64
}

// holds are the rows an entry must have in its present state, sorted by scope.
func (r *row) holds() []hold {
	if !r.State.Counts() {
		return nil
	}
	at := int64(open)
	if r.State == policies.Done {
		at = millis(r.UpdatedAt)
	}
	scopes := policies.Scopes(r.Subject, r.Principal)
	out := make([]hold, len(scopes))
	for i, s := range scopes {
		out[i] = hold{r.ID, s, r.Kind, string(r.Subject.Cost.Currency), r.Subject.Cost.Minor, at}
	}
	return out
}

// reserve inserts the holds of an entry that now counts.
func (t *tx) reserve(r *row) error {
	var args arguments
	var rows []string
	for _, h := range r.holds() {
		rows = append(rows, "("+addAll(&args, []any{h.entry, string(h.scope), string(h.kind), h.currency, h.minor, h.at})+")")
	}
	if len(rows) == 0 {
		return nil
	}
	if err := t.exec(`INSERT INTO hold (entry_id, scope, kind, currency, minor, at) VALUES `+strings.Join(rows, ", "), args...); err != nil {
		return fmt.Errorf("reserve for %s: %w", r.ID, err)
	}
	t.reach(Counted)
	return nil
}

// release moves the holds of a settled entry: into the windows when it is done,
// and away when it had no effect. What is in doubt keeps them open.
func (t *tx) release(r *row) error {
	var err error
	switch {
	case r.State == policies.Done:
		err = t.exec(`UPDATE hold SET at = $2 WHERE entry_id = $1`, r.ID, millis(r.UpdatedAt))
	case !r.State.Counts():
		err = t.exec(`DELETE FROM hold WHERE entry_id = $1`, r.ID)
	}
	if err != nil {
		return fmt.Errorf("settle the budget of %s: %w", r.ID, err)
	}
	t.reach(Counted)
	return nil
}
