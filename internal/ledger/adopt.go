package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// farthest is how many attempts of one request are thought possible when the
// ordinal of a lost one is looked for.
const farthest = 100_000

// Adopt implements [policies.Ledger].
func (l *Ledger) Adopt(ctx context.Context, a policies.Adoption) (e policies.Entry, adopted bool, err error) {
	if err := validText("the id of the action", a.ID); err != nil {
		return policies.Entry{}, false, err
	}
	d, ordinal, err := lost(a)
	if err != nil {
		return policies.Entry{}, false, err
	}
	err = l.transact(ctx, "adopt "+a.ID, func(t *tx) error {
		adopted = false
		if err := t.lockScopes(d); err != nil {
			return err
		}
		r, err := t.loadNow(a.ID)
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			r, err = &row{Entry: policies.Entry{Draft: d, ID: a.ID, Ordinal: ordinal}, identity: identityOf(d)}, t.readClock()
		case err == nil && r.State.Counts():
			e = r.Entry
			return nil // it counts already, or whoever looks after it will find the same
		}
		if err != nil {
			return err
		}
		adopted = true
		err = t.adopt(r, a)
		e = r.Entry
		return err
	})
	return e, adopted && err == nil, err
}

// lost finds out what was asked for under an id: it is made of that.
func lost(a policies.Adoption) (policies.Draft, int, error) {
	for ordinal := range farthest {
		for _, d := range a.Drafts {
			if identityOf(d) != "" && newID(d, ordinal) == a.ID {
				return d, ordinal, checkDraft(d)
			}
		}
	}
	return policies.Draft{}, 0, fault.Invalidf("compare it with what was asked for in its conversation",
		"%s is not the id of an action like this one", a.ID)
}

// adopt makes an entry Done whatever it was; its holds count from now on, which
// is longer than they should and never shorter.
func (t *tx) adopt(r *row, a policies.Adoption) error {
	from := r.State
	r.State, r.Receipt, r.Failure, r.Decision, r.ExpiresAt = policies.Done, a.Receipt, nil, a.Decision, time.Time{}
	if r.FirstSent.IsZero() {
		r.FirstSent = a.At
	}
	r.Reads = policies.Reads{}
	write := t.insert
	if from != "" {
		write = func(r *row) error { return t.save(from, r) }
	}
	if err := write(r); err != nil {
		return err
	}
	t.judged(r)
	if err := t.reserve(r); err != nil {
		return err
	}
	return t.count("adopted")
}

// count adds one to a number of the ledger's own.
func (t *tx) count(name string) error {
	err := t.exec(`INSERT INTO meta (name, value) VALUES ($1, '1')
		ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)`, name)
	if err != nil {
		return fmt.Errorf("count %s: %w", name, err)
	}
	return nil
}

// Compared is until when the ledger was compared with what its vendors have
// done: at first, when it was made.
func (l *Ledger) Compared(ctx context.Context) (time.Time, error) {
	text, err := metaOf(ctx, l.reader, "compared")
	if err != nil {
		return time.Time{}, l.explain("read until when the ledger was compared", err)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read until when the ledger was compared: %w", err)
	}
	return fromMillis(ms), nil
}

// KeepCompared records that the ledger was compared until then. It never goes back.
func (l *Ledger) KeepCompared(ctx context.Context, until time.Time) error {
	return l.transact(ctx, "record until when the ledger was compared", func(t *tx) error {
		return t.exec(`UPDATE meta SET value = $1 WHERE name = 'compared' AND CAST(value AS BIGINT) < $2`,
			strconv.FormatInt(millis(until), 10), millis(until))
	})
}
