package ledger

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"supportmcp/policies"
)

// held are the holds of an entry as the database lists them: in one row for all,
// since there are several times as many of them as of anything else.
type held struct {
	count int
	list  string // of holds as hold.text gives them, in any order
}

// What stands in a list between holds and between their fields. No scope, kind or
// currency of the ledger has them, and one that had them would not fit the count.
const (
	betweenHolds  = "\x1e"
	betweenFields = "\x1f"
	fieldAndField = ` || '` + betweenFields + `' || `
	selectHeld    = `SELECT entry_id, COUNT(*), COALESCE(string_agg(scope` + fieldAndField + `kind` + fieldAndField + `currency` +
		fieldAndField + `minor` + fieldAndField + `at, '` + betweenHolds + `'), '') FROM hold`
)

func (h hold) text() string {
	return strings.Join([]string{
		string(h.scope), string(h.kind), h.currency, strconv.FormatInt(h.minor, 10), strconv.FormatInt(h.at, 10),
	}, betweenFields)
}

// holds are the texts of those in the list.
func (h held) holds() []string {
	if h.list == "" {
		return nil
	}
	return strings.Split(h.list, betweenHolds)
}

func (v *verifier) readHolds(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`entry_id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var entry string
		var h held
		if v.readable("hold", scan(&entry, &h.count, &h.list)) {
			s.holds[entry] = h
		}
		return nil
	}, selectHeld+where+` GROUP BY entry_id`, args...)
}

// checkHolds compares what an entry takes from the budgets with what it must
// take: one hold per scope exactly while it counts, open exactly until it is settled.
func (v *verifier) checkHolds(r *row, has held) {
	want := map[string]policies.Scope{}
	for _, h := range r.holds() {
		want[h.text()] = h.scope
	}
	holds := has.holds()
	if has.count != len(holds) {
		v.add("%s counts in budgets in a way that cannot be read", r.ID)
	}
	for _, h := range holds {
		if _, is := want[h]; !is {
			scope, _, _ := strings.Cut(h, betweenFields)
			v.add("%s counts in %s, and not as its state %q demands", r.ID, scope, r.State)
		}
	}
	for _, scope := range want {
		if !slices.ContainsFunc(holds, func(h string) bool { return strings.HasPrefix(h, string(scope)+betweenFields) }) {
			v.add("%s does not count in %s, and must", r.ID, scope)
		}
	}
}
