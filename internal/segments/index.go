package segments

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// lease is how long the index belongs to who fills it. It is begun anew with
	// every page, so whoever dies keeps others waiting for no longer.
	lease = time.Minute
	// feedLife is how long Stripe keeps events, less a day
	// (https://docs.stripe.com/api/events). A longer gap takes a full scan.
	feedLife = 29 * 24 * time.Hour
	// overlap is how much of what was taken in is asked for again: events can come
	// late, and clocks differ.
	overlap = 10 * time.Minute
)

// ErrBusy says that another process fills the index.
var ErrBusy = errors.New("another process fills the billing index")

// Index mirrors the facts of billing. It is safe for concurrent use, also by
// several processes: one of them fills it at a time.
type Index struct {
	db    Database
	src   Source
	now   func() time.Time
	keys  []string
	owner string // of leases
}

// NewIndex makes an index that keeps these keys of customers' metadata and no others.
func NewIndex(db Database, src Source, metadata []string, now func() time.Time) *Index {
	keys := slices.Clone(metadata)
	slices.Sort(keys)
	return &Index{db: db, src: src, now: now, keys: slices.Compact(keys), owner: rand.Text()}
}

// Progress is how far a sync has come.
type Progress struct {
	List Kind // that a scan reads; "" while events are taken in
	Seen int  // objects stored
}

// Report is what a sync did.
type Report struct {
	Scanned bool // a full scan was finished
	Seen    int  // objects that the scan stored
	Events  int  // taken in
	Read    int  // objects read again because of them
}

// Sync fills the index: by a full scan when there was none, when events are
// missing or when other metadata is wanted, and otherwise by what has happened
// since. A scan that was interrupted goes on where it was. told may be nil.
func (x *Index) Sync(ctx context.Context, told func(Progress)) (Report, error) {
	if told == nil {
		told = func(Progress) {}
	}
	st, err := x.begin(ctx)
	if err != nil {
		return Report{}, plainly(err)
	}
	var r Report
	if st.needsScan(x.now(), x.keys) {
		r, err = x.scan(ctx, &st, told)
	}
	if err == nil {
		r.Events, r.Read, err = x.follow(ctx, st)
	}
	// What was done is recorded also when the sync was interrupted.
	return r, plainly(errors.Join(err, x.end(context.WithoutCancel(ctx), err)))
}

// plainly leaves of a lost lease nothing but that: the database is well.
func plainly(err error) error {
	if errors.Is(err, ErrBusy) {
		return ErrBusy
	}
	return err
}

// state is the row of billing_index.
type state struct {
	round, seen                    int64
	phase, cursor                  string
	keys, failure                  string
	begun, scanned, fed, heldUntil time.Time
}

func (s state) needsScan(now time.Time, keys []string) bool {
	return s.phase != "" || s.scanned.IsZero() || now.Sub(s.fed) > feedLife || s.keys != strings.Join(keys, "\n")
}

func (x *Index) read(ctx context.Context) (s state, err error) {
	var begun, scanned, fed, held int64
	err = x.db.Reader().QueryRowContext(ctx, `SELECT round, phase, cursor, seen, metadata, begun_at, scanned_at, fed_until, failure, lease_until FROM billing_index`).
		Scan(&s.round, &s.phase, &s.cursor, &s.seen, &s.keys, &begun, &scanned, &fed, &s.failure, &held)
	if err != nil {
		return s, fmt.Errorf("read the state of the billing index: %w", err)
	}
	s.begun, s.scanned, s.fed, s.heldUntil = moment(begun), moment(scanned), moment(fed), moment(held)
	return s, nil
}

func (x *Index) begin(ctx context.Context) (state, error) {
	err := x.db.Share(ctx, "begin to fill the billing index", func(tx *sql.Tx) error {
		return x.hold(ctx, tx, fmt.Sprintf(`lease_owner = '' OR lease_until < %d`, x.now().UnixMilli()))
	})
	if err != nil {
		return state{}, err
	}
	return x.read(ctx)
}

// hold renews the lease, or takes it where it is free.
func (x *Index) hold(ctx context.Context, tx *sql.Tx, free string) error {
	now := x.now()
	res, err := tx.ExecContext(ctx, `UPDATE billing_index SET lease_owner = $1, lease_until = $2
		WHERE lease_owner = $1 OR `+free, x.owner, now.Add(lease).UnixMilli())
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrBusy, err)
	}
	return nil
}

// ours lets only go on who holds the lease: nobody has taken the index over meanwhile.
const ours = `1 = 0`

func (x *Index) end(ctx context.Context, failed error) error {
	why := ""
	if failed != nil {
		why = oneLine(failed.Error())
	}
	return x.db.Share(ctx, "end filling the billing index", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE billing_index SET failure = $1, lease_owner = '', lease_until = 0 WHERE lease_owner = $2`, why, x.owner)
		return err
	})
}

// scan reads every list from where the last attempt stopped. Events that happen
// meanwhile are taken in afterwards.
func (x *Index) scan(ctx context.Context, st *state, told func(Progress)) (Report, error) {
	if st.phase == "" || st.keys != strings.Join(x.keys, "\n") {
		if err := x.start(ctx, st); err != nil {
			return Report{}, err
		}
	}
	first := slices.Index(kinds(), Kind(st.phase))
	if first < 0 {
		return Report{}, fmt.Errorf("go on with a scan: there is no list %q", st.phase)
	}
	for i, list := range kinds()[first:] {
		next := ""
		if first+i+1 < len(kinds()) {
			next = string(kinds()[first+i+1])
		}
		if err := x.scanList(ctx, st, list, next, told); err != nil {
			return Report{}, err
		}
	}
	return Report{Scanned: true, Seen: int(st.seen)}, x.finish(ctx, st)
}

func (x *Index) start(ctx context.Context, st *state) error {
	now := x.now()
	st.round, st.phase, st.cursor, st.seen, st.begun, st.keys = st.round+1, string(Customers), "", 0, now, strings.Join(x.keys, "\n")
	return x.db.Share(ctx, "begin a scan of Stripe", func(tx *sql.Tx) error {
		if err := x.hold(ctx, tx, ours); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_index SET round = $1, phase = $2, cursor = '', seen = 0, metadata = $3, begun_at = $4`,
			st.round, st.phase, st.keys, now.UnixMilli())
		return err
	})
}

// scanList reads a list to its end, a page a transaction, each with its cursor.
func (x *Index) scanList(ctx context.Context, st *state, list Kind, next string, told func(Progress)) error {
	for {
		b, err := x.src.Billing(ctx, list, st.cursor)
		if err != nil {
			return fmt.Errorf("scan %s: %w", list, err)
		}
		st.seen += int64(b.Read)
		if st.cursor = b.Next; b.Next == "" {
			st.phase = next
		}
		if err := x.keep(ctx, *st, b); err != nil {
			return err
		}
		told(Progress{List: list, Seen: int(st.seen)})
		if b.Next == "" {
			return nil
		}
	}
}

func (x *Index) keep(ctx context.Context, st state, b Batch) error {
	phase := st.phase
	if phase == "" {
		phase = string(Disputes) // finish ends it; until then its last page is read again
	}
	return x.db.Share(ctx, "store facts of billing", func(tx *sql.Tx) error {
		if err := x.hold(ctx, tx, ours); err != nil {
			return err
		}
		if err := b.store(ctx, tx, x.keys, st.round); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_index SET phase = $1, cursor = $2, seen = $3`, phase, st.cursor, st.seen)
		return err
	})
}

// finish forgets what the scan has not seen. The events since it began are missing
// still.
func (x *Index) finish(ctx context.Context, st *state) error {
	st.fed, st.scanned = st.begun, x.now()
	return x.db.Share(ctx, "end a scan of Stripe", func(tx *sql.Tx) error {
		if err := x.hold(ctx, tx, ours); err != nil {
			return err
		}
		for _, t := range []string{"billing_customer", "billing_subscription", "billing_charge", "billing_dispute"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+t+" WHERE round < $1", st.round); err != nil {
				return fmt.Errorf("forget what is gone from %s: %w", t, err)
			}
		}
		for _, t := range []string{"billing_spend", "billing_metadata"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+t+" WHERE customer NOT IN (SELECT id FROM billing_customer)"); err != nil {
				return fmt.Errorf("forget what is gone from %s: %w", t, err)
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_index SET phase = '', cursor = '', scanned_at = $1, fed_until = $2`, st.scanned.UnixMilli(), st.fed.UnixMilli())
		return err
	})
}

// oneLine is text that any database takes, on one line and of bounded length.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "")), " ")
	return text[:min(len(text), 500)]
}
