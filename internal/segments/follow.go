package segments

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// follow takes in what has happened since the last time. Events only say what to
// read again: they come in any order, and hold old states.
func (x *Index) follow(ctx context.Context, st state) (events, read int, err error) {
	until := x.now()
	known, err := x.known(ctx)
	if err != nil {
		return 0, 0, err
	}
	var fresh []string
	changed := map[Ref]bool{}
	err = x.src.BillingEvents(ctx, st.fed.Add(-overlap), func(e Event) error {
		if known[e.ID] {
			return nil
		}
		known[e.ID] = true
		fresh = append(fresh, e.ID)
		for _, r := range e.Changed {
			changed[r] = true
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read what has happened: %w", err)
	}
	refs := ordered(changed)
	for some := range slices.Chunk(refs, 50) {
		if err := x.again(ctx, st, some); err != nil {
			return 0, read, err
		}
		read += len(some)
	}
	return len(fresh), read, x.fed(ctx, fresh, until)
}

// ordered are the objects to read, each once: a wallet includes its customer.
func ordered(changed map[Ref]bool) []Ref {
	var out []Ref
	for r := range changed {
		if r.Kind == Customers && changed[Ref{Wallets, r.ID}] {
			continue
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Ref) int { return strings.Compare(string(a.Kind)+a.ID, string(b.Kind)+b.ID) })
	return out
}

// again reads objects and stores them. The network is not waited for inside the
// transaction.
func (x *Index) again(ctx context.Context, st state, refs []Ref) error {
	var all Batch
	for _, r := range refs {
		b, err := x.src.BillingObject(ctx, r)
		if err != nil {
			return fmt.Errorf("read %s again: %w", r.ID, err)
		}
		all.Customers = append(all.Customers, b.Customers...)
		all.Subscriptions = append(all.Subscriptions, b.Subscriptions...)
		all.Charges = append(all.Charges, b.Charges...)
		all.Disputes = append(all.Disputes, b.Disputes...)
		all.Gone = append(all.Gone, b.Gone...)
	}
	return x.db.Share(ctx, "store what has changed", func(tx *sql.Tx) error {
		if err := x.hold(ctx, tx, ours); err != nil {
			return err
		}
		return all.store(ctx, tx, x.keys, st.round)
	})
}

func (x *Index) known(ctx context.Context) (map[string]bool, error) {
	rows, err := x.db.Reader().QueryContext(ctx, `SELECT id FROM billing_event`)
	if err != nil {
		return nil, fmt.Errorf("read which events are known: %w", err)
	}
	defer rows.Close()
	known := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[id] = true
	}
	return known, rows.Err()
}

// fed records until when events are taken in, and which can be told again.
func (x *Index) fed(ctx context.Context, fresh []string, until time.Time) error {
	return x.db.Share(ctx, "record until when events are taken in", func(tx *sql.Tx) error {
		if err := x.hold(ctx, tx, ours); err != nil {
			return err
		}
		for _, id := range fresh {
			if _, err := tx.ExecContext(ctx, `INSERT INTO billing_event (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, until.UnixMilli()); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM billing_event WHERE at < $1`, until.Add(-2*overlap).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_index SET fed_until = $1`, until.UnixMilli())
		return err
	})
}

// Status is how the index is doing.
type Status struct {
	Customers     int
	Subscriptions int
	ScannedAt     time.Time // zero: never to the end
	FedUntil      time.Time // the age of what it says
	Scanning      Kind      // the list that a scan is reading or stopped at; "" between scans
	Seen          int       // objects of that scan
	Failure       string
	Filling       bool // some process is at it
}

// Status tells how the index is doing.
func (x *Index) Status(ctx context.Context) (Status, error) {
	st, err := x.read(ctx)
	if err != nil {
		return Status{}, err
	}
	out := Status{ScannedAt: st.scanned, FedUntil: st.fed, Scanning: Kind(st.phase), Seen: int(st.seen), Failure: st.failure, Filling: st.heldUntil.After(x.now())}
	for from, into := range map[string]*int{"billing_customer": &out.Customers, "billing_subscription": &out.Subscriptions} {
		if err := x.db.Reader().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+from).Scan(into); err != nil {
			return out, fmt.Errorf("count %s: %w", from, err)
		}
	}
	return out, nil
}
