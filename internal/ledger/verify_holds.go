package ledger

import (
	"maps"
	"slices"

	"supportmcp/policies"
)

// checkHolds compares what every entry takes from the budgets with what it must
// take: one hold per scope exactly while the entry counts, open exactly until it
// is settled.
func (v *verifier) checkHolds() error {
	var now row                      // the entry being compared
	var want map[policies.Scope]hold // what it must still have
	finish := func() {
		for _, scope := range slices.Sorted(maps.Keys(want)) {
			v.report.add("%s does not count in %s, and must", now.ID, scope)
		}
	}
	err := v.each(`SELECT e.id, e.state, e.kind, e.principal, e.conversation, e.customer, e.charge,
			e.cost_minor, e.cost_currency, e.updated_at,
			COALESCE(h.scope, ''), COALESCE(h.kind, ''), COALESCE(h.currency, ''), COALESCE(h.minor, 0), COALESCE(h.at, 0)
		FROM entry e LEFT JOIN hold h ON h.entry_id = e.id ORDER BY e.id`, func(scan func(...any) error) error {
		r, h, err := scanHold(scan)
		if err != nil {
			return err
		}
		if r.ID != now.ID {
			finish()
			now, want = r, map[policies.Scope]hold{}
			for _, h := range r.holds() {
				want[h.scope] = h
			}
		}
		if h.scope != "" && want[h.scope] != h {
			v.report.add("%s counts in %s, and not as its state %q demands", r.ID, h.scope, r.State)
		}
		delete(want, h.scope)
		return nil
	})
	finish()
	return err
}

func scanHold(scan func(...any) error) (row, hold, error) {
	var r row
	var h hold
	var updated int64
	s := &r.Subject
	err := scan(&r.ID, &r.State, &r.Kind, &r.Principal, &s.Conversation, &s.Customer, &s.Charge,
		&s.Cost.Minor, &s.Cost.Currency, &updated,
		&h.scope, &h.kind, &h.currency, &h.minor, &h.at)
	h.entry, r.UpdatedAt = r.ID, fromMillis(updated)
	return r, h, err
}
