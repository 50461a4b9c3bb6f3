package ledger

import (
	"context"
	"slices"
)

func (v *verifier) readHolds(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`entry_id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var h hold
		if v.readable("hold", scan(&h.entry, &h.scope, &h.kind, &h.currency, &h.minor, &h.at)) {
			s.holds[h.entry] = append(s.holds[h.entry], h)
		}
		return nil
	}, `SELECT entry_id, scope, kind, currency, minor, at FROM hold`+where, args...)
}

// checkHolds compares what an entry takes from the budgets with what it must
// take: one hold per scope exactly while it counts, open exactly until it is settled.
func (v *verifier) checkHolds(r *row, holds []hold) {
	want := r.holds()
	for _, h := range holds {
		if !slices.Contains(want, h) {
			v.add("%s counts in %s, and not as its state %q demands", r.ID, h.scope, r.State)
		}
	}
	for _, w := range want {
		if !slices.ContainsFunc(holds, func(h hold) bool { return h.scope == w.scope }) {
			v.add("%s does not count in %s, and must", r.ID, w.scope)
		}
	}
}
