package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// row is an entry with what only the ledger needs of it.
type row struct {
	policies.Entry
	identity   string    // of equal requests; "" where none are equal
	leaseUntil time.Time // until when its performer is left alone
	salt       string    // of its hashes; see seal
	kept       texts     // as they are stored
	stored     scanned   // as they are stored
	signed     string    // hash of what was signed for the transition under way
}

// The columns of an entry: those that stay as they were inserted, and those that
// a transition may change. The values below are in the same order. What may tell
// of a person is in another table.
const (
	fixedColumns  = `id, kind, principal, identity, ordinal, repeat_of, parent, created_at`
	movingColumns = `state, conversation, contact, customer, person, charge, exclusive, same, cost_minor, cost_currency,
		receipt, approver, lease_ms, expires_ms, lease_until, looks, updated_at, expires_at, first_sent`
	selectEntry = `SELECT ` + fixedColumns + `, ` + movingColumns + `, ` + leftColumns + `, ` + textValues + `
		FROM entry LEFT JOIN personal ON personal.entry_id = entry.id`
	entryColumns = 39 // that selectEntry gives
)

func (r *row) fixed() []any {
	return []any{
		r.ID, string(r.Kind), string(r.Principal), r.identity, int64(r.Ordinal),
		r.RepeatOf, r.Parent, millis(r.CreatedAt),
	}
}

func (r *row) moving() []any {
	s := r.Subject
	return []any{
		string(r.State), s.Conversation, s.Contact, s.Customer, s.Person, s.Charge, s.Exclusive, s.Same, s.Cost.Minor, string(s.Cost.Currency),
		string(r.moneyReceipt()), r.Approver, r.Lease.Milliseconds(), r.Expires.Milliseconds(), millis(r.leaseUntil), int64(r.Looks),
		millis(r.UpdatedAt), millis(r.ExpiresAt), millis(r.FirstSent),
	}
}

// moneyReceipt is the receipt where money moved: it stays when texts are erased.
func (r *row) moneyReceipt() json.RawMessage {
	if r.Kind.MovesMoney() {
		return r.Receipt
	}
	return nil
}

// scanned are the columns that need more than copying.
type scanned struct {
	receipt                                                                string
	lease, expires, leaseUntil, createdAt, updatedAt, expiresAt, firstSent int64
	left                                                                   left
}

func scanRow(scan func(...any) error) (*row, error) {
	var r row
	var c scanned
	s, k := &r.Subject, &r.kept
	err := scan(
		&r.ID, &r.Kind, &r.Principal, &r.identity, &r.Ordinal, &r.RepeatOf, &r.Parent, &c.createdAt,
		&r.State, &s.Conversation, &s.Contact, &s.Customer, &s.Person, &s.Charge, &s.Exclusive, &s.Same, &s.Cost.Minor, &s.Cost.Currency,
		&c.receipt, &r.Approver, &c.lease, &c.expires, &c.leaseUntil, &r.Looks, &c.updatedAt, &c.expiresAt, &c.firstSent,
		&c.left.verdict, &c.left.code, &c.left.erasedAt,
		&k.there, &r.salt, &k.input, &k.facts, &k.digest, &k.decision, &k.answer, &k.failure, &k.note,
	)
	if err != nil {
		return nil, fmt.Errorf("read an entry: %w", err)
	}
	return &r, c.into(&r)
}

func (c scanned) into(r *row) error {
	r.Lease, r.Expires = time.Duration(c.lease)*time.Millisecond, time.Duration(c.expires)*time.Millisecond
	r.leaseUntil, r.CreatedAt, r.UpdatedAt = fromMillis(c.leaseUntil), fromMillis(c.createdAt), fromMillis(c.updatedAt)
	r.ExpiresAt, r.FirstSent, r.Receipt = fromMillis(c.expiresAt), fromMillis(c.firstSent), raw(c.receipt)
	r.stored = c
	if c.left.erasedAt != 0 {
		return c.left.into(r)
	}
	err := r.kept.into(r)
	r.Bound = r.bound()
	return err
}

// bound is the digest of the facts as events and statements tell it.
func (r *row) bound() string { return r.sealed("bound", r.Digest) }

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// insert records a new entry and what led to it.
func (t *tx) insert(r *row) error { return t.insertAfter(nil, r) }

func (t *tx) insertAfter(before []statement, r *row) error {
	r.CreatedAt, r.UpdatedAt, r.salt = t.now, t.now, hex.EncodeToString(random(saltBytes))
	r.Bound = r.bound()
	var args arguments
	places := addAll(&args, append(r.fixed(), r.moving()...))
	k, err := r.texts()
	if err != nil {
		return err
	}
	err = t.execAll(append(before,
		statement{`INSERT INTO entry (` + fixedColumns + `, ` + movingColumns + `) VALUES (` + places + `)`, args},
		r.keep(k))...)
	if err != nil {
		return fmt.Errorf("insert %s: %w", r.ID, err)
	}
	r.kept = k
	t.reach(Written)
	return t.record("", r)
}

// save records a transition of r, which must still be in the state from.
func (t *tx) save(from policies.State, r *row) error {
	r.UpdatedAt, r.Bound = t.now, r.bound()
	var args arguments
	places := addAll(&args, r.moving())
	res, err := t.sql.ExecContext(t.ctx, `UPDATE entry SET (`+movingColumns+`) = (`+places+`) WHERE id = `+
		args.add(r.ID)+` AND state = `+args.add(string(from)), args...)
	if err != nil {
		return fmt.Errorf("change %s: %w", r.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(moved{r.ID}, err)
	}
	if err := t.keepTexts(r); err != nil {
		return err
	}
	t.reach(Written)
	if err := t.record(from, r); err != nil {
		return err
	}
	return t.aftermath(r)
}

// load reads an entry that is about to change, and keeps others from changing it.
func (t *tx) load(id string) (*row, error) {
	if err := t.lockEntries(`WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return one(t.ctx, t.sql, `WHERE id = $1`, id)
}

// lockEntries keeps others from changing the entries that a condition selects. It
// is a statement of its own: one that reads while it waits for the lock would give
// the texts of an entry as they were before.
func (t *tx) lockEntries(where string, args ...any) error {
	if !t.ledger.engine.rowLocks {
		return nil
	}
	if err := t.exec(`SELECT id FROM entry `+where+` FOR UPDATE`, args...); err != nil {
		return fmt.Errorf("lock entries: %w", err)
	}
	return nil
}

// one reads the entry that a condition selects; none is fault.NotFound.
func one(ctx context.Context, q queryer, where string, args ...any) (*row, error) {
	r, err := scanRow(q.QueryRowContext(ctx, selectEntry+` `+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &fault.Error{
			Code: fault.NotFound, Took: fault.No,
			Message: "the ledger has no such action", NextStep: "give an action_id as it was answered",
		}
	}
	return r, err
}

// several reads the entries that a condition selects.
func several(ctx context.Context, q queryer, where string, args ...any) ([]*row, error) {
	rows, err := q.QueryContext(ctx, selectEntry+` `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	defer rows.Close()
	var out []*row
	for rows.Next() {
		r, err := scanRow(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// longestBody bounds what a person signs, and the file that it is about, in bytes.
const longestBody = 1 << 20

// validBody is validText for what is longer than an id or a name.
func validBody(what string, texts ...string) error {
	for _, s := range texts {
		if len(s) > longestBody || strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
			return fault.Invalidf("give a text file", "%s is too long or no clean text", what)
		}
	}
	return nil
}

// validText refuses what not every database can hold or index.
func validText(what string, texts ...string) error {
	for _, s := range texts {
		if len(s) > 1000 || strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
			return fault.Invalidf("give it as it was answered by this server", "%s is longer than 1000 bytes or no clean text", what)
		}
	}
	return nil
}
