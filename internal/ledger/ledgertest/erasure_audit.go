package ledgertest

import (
	"strings"
	"testing"
)

// erasureAudit changes a ledger with an erased refund in every way that matters
// and wants each found: what stays of it is proved as before, and its texts
// cannot go, or come back, unseen.
func erasureAudit(t *testing.T, fresh Fresh) {
	d := soundDesk(t, fresh)
	d.erase(ofCustomer("cus_1")) // the done and the denied one; two are not settled
	d.keep()
	const (
		done     = `(SELECT id FROM entry WHERE state = 'done')`
		approved = `(SELECT id FROM entry WHERE state = 'approved')`
	)
	for name, c := range map[string]struct{ sql, want string }{
		"texts that come back":          {`INSERT INTO personal SELECT ` + done + `, '', '', '', '', '{}', '', '', '' FROM event_head`, "and they are there"},
		"texts that go without a trace": {`DELETE FROM personal WHERE entry_id = ` + approved, "are gone, and no event tells of it"},
		"an erasure only claimed":       {`UPDATE entry SET erased_at = 1, verdict = '{}' WHERE state = 'approved'`, "are gone, and no event tells of it"},
		"another time of erasure":       {`UPDATE entry SET erased_at = erased_at + 1 WHERE state = 'done'`, "says that its texts were erased at"},
		"no time of erasure":            {`UPDATE entry SET erased_at = 0 WHERE state = 'done'`, "says that its texts were erased at"},
		"the verdict that is left":      {`UPDATE entry SET verdict = replace(verdict, 'allow', 'deny') WHERE state = 'done'`, ": decision"},
		"its policy":                    {`UPDATE entry SET verdict = replace(verdict, 'rev_1', 'rev_2') WHERE state = 'done'`, ": decision"},
		"the receipt that is left":      {`UPDATE entry SET receipt = '{"id":"re_2"}' WHERE state = 'done'`, "receipt_digest"},
		"the amount":                    {`UPDATE entry SET cost_minor = 1 WHERE state = 'done'`, "subject"},
		"what identifies it":            {`UPDATE entry SET same = 'other' WHERE state = 'done'`, "subject"},
		"who erased":                    {`UPDATE event SET body = replace(body, 'officer', 'nobody')`, "is not what was recorded"},
		"a salt":                        {`UPDATE personal SET salt = 'x' WHERE entry_id = ` + approved, "facts_digest"},
		"the erasure's event removed":   {`DELETE FROM event WHERE body LIKE '%officer%'`, "are gone, and no event tells of it"},
	} {
		t.Run(name, func(t *testing.T) {
			d := d.in(t)
			defer d.restore()
			before, err := d.Verify(t.Context())
			if err != nil || !before.Sound() || before.Erased != 2 || before.Events != 9 {
				t.Fatalf("before: %+v, %v", before, err)
			}
			d.sql(c.sql)
			after, err := d.Verify(t.Context())
			if err != nil || !strings.Contains(strings.Join(after.Problems, "\n"), c.want) {
				t.Errorf("want a problem with %q, got %q: %v", c.want, after.Problems, err)
			}
		})
	}
}
