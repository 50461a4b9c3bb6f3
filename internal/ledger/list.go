package ledger

import (
	"context"
	"strconv"
	"time"

	"supportmcp/policies"
)

// Limits of a list: without one asked for, and at most.
const (
	usualList   = 100
	longestList = 1000
)

// Filter selects entries for List.
type Filter struct {
	States      []policies.State // none means all
	OldestFirst bool             // otherwise the newest come first
	Limit       int              // 0 means 100; never more than 1000
}

// List reads entries in the order of their creation.
func (l *Ledger) List(ctx context.Context, f Filter) ([]policies.Entry, error) {
	var args arguments
	where, order := ``, ` ORDER BY created_at DESC, id DESC`
	if len(f.States) > 0 {
		where = `WHERE state IN (` + addAll(&args, f.States) + `)`
	}
	if f.OldestFirst {
		order = ` ORDER BY created_at, id`
	}
	if f.Limit <= 0 {
		f.Limit = usualList
	}
	rows, err := several(ctx, l.reader, where+order+` LIMIT `+strconv.Itoa(min(f.Limit, longestList)), args...)
	return entries(rows), l.explain("list actions", err)
}

// Entry implements [policies.Ledger].
func (l *Ledger) Entry(ctx context.Context, id string) (policies.Entry, error) {
	if err := validText("the id of the action", id); err != nil {
		return policies.Entry{}, err
	}
	r, err := one(ctx, l.reader, `WHERE id = $1`, id)
	if err != nil {
		return policies.Entry{}, l.explain("read "+id, err)
	}
	return r.Entry, nil
}

// Due implements [policies.Ledger]. Approved entries come in the order of their
// creation, lapsed ones in the order in which their leases ended.
func (l *Ledger) Due(ctx context.Context, what policies.Due, n int) ([]policies.Entry, error) {
	now, _, err := l.clock(ctx, l.reader)
	if err != nil {
		return nil, l.explain("read what is due", err)
	}
	n = min(max(n, 0), longestList)
	if what == policies.DueLapsed {
		rows, err := several(ctx, l.reader, `WHERE state IN ('executing', 'unknown') AND lease_until <= $1
			ORDER BY lease_until, id LIMIT $2`, millis(now), n)
		return entries(rows), l.explain("read what has lapsed", err)
	}
	if err := l.expireOverdue(ctx, now); err != nil {
		return nil, err
	}
	rows, err := several(ctx, l.reader, `WHERE state = 'approved' ORDER BY created_at, id LIMIT $1`, n)
	return entries(rows), l.explain("read what is approved", err)
}

// expireOverdue ends what waited too long, each entry in a transaction of its own
// so that nobody waits for a long one.
func (l *Ledger) expireOverdue(ctx context.Context, now time.Time) error {
	rows, err := several(ctx, l.reader, `WHERE state IN ('awaiting_approval', 'approved') AND expires_at <= $1
		ORDER BY expires_at, id LIMIT `+strconv.Itoa(usualList), millis(now))
	if err != nil {
		return l.explain("read what is overdue", err)
	}
	for _, r := range rows {
		err := l.transact(ctx, "expire "+r.ID, func(t *tx) error {
			r, err := t.loadNow(r.ID)
			if err != nil || !r.overdue(t.now) {
				return err
			}
			return t.expire(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// overdue reports whether an entry that waits for a person, or for its turn, has
// waited too long.
func (r *row) overdue(now time.Time) bool {
	return (r.State == policies.Awaiting || r.State == policies.Approved) && !r.ExpiresAt.After(now)
}

// expire ends an entry that is overdue.
func (t *tx) expire(r *row) error {
	from := r.State
	r.State = policies.Expired
	return t.save(from, r)
}

func entries(rows []*row) []policies.Entry {
	out := make([]policies.Entry, len(rows))
	for i, r := range rows {
		out[i] = r.Entry
	}
	return out
}

// Waiting lists what waits for people, oldest first, 1,000 at most.
func (l *Ledger) Waiting(ctx context.Context) ([]policies.Entry, error) {
	return l.List(ctx, Filter{States: []policies.State{policies.Awaiting}, OldestFirst: true, Limit: 1000})
}

// Links implements [policies.Ledger].
func (l *Ledger) Links(ctx context.Context, contact string) ([]string, error) {
	if err := validText("the id of the contact", contact); err != nil {
		return nil, err
	}
	rows, err := l.reader.QueryContext(ctx, `SELECT entry.customer FROM hold JOIN entry ON entry.id = hold.entry_id
		WHERE hold.scope = $1 AND hold.kind = $2 AND entry.state = 'done' ORDER BY hold.at, entry.id`,
		string(policies.LinkScope(contact)), string(policies.KindLink))
	if err != nil {
		return nil, l.explain("read the links of a contact", err)
	}
	defer rows.Close()
	var done []string
	for rows.Next() {
		var customer string
		if err := rows.Scan(&customer); err != nil {
			return nil, l.explain("read the links of a contact", err)
		}
		done = append(done, customer)
	}
	return policies.Linked(done), l.explain("read the links of a contact", rows.Err())
}
