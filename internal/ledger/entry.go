package ledger

import (
	"context"
	"database/sql"
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
	texts      [2]string // decision and failure, as they were read
}

// The columns of an entry: those that stay as they were inserted, and those that
// a transition may change. The values below are in the same order.
const (
	fixedColumns  = `id, kind, principal, identity, ordinal, input, repeat_of, parent, created_at`
	movingColumns = `state, conversation, customer, charge, exclusive, same, cost_minor, cost_currency,
		facts, digest, decision, receipt, failure, approver, note,
		lease_ms, expires_ms, lease_until, looks, updated_at, expires_at, first_sent`
	selectEntry = `SELECT ` + fixedColumns + `, ` + movingColumns + ` FROM entry`
)

func (r *row) fixed() []any {
	return []any{
		r.ID, string(r.Kind), string(r.Principal), r.identity, int64(r.Ordinal), string(r.Input),
		r.RepeatOf, r.Parent, millis(r.CreatedAt),
	}
}

func (r *row) moving() ([]any, error) {
	decision, err := json.Marshal(r.Decision)
	if err != nil {
		return nil, fmt.Errorf("encode the decision on %s: %w", r.ID, err)
	}
	failure, err := encodeFailure(r.Failure)
	if err != nil {
		return nil, fmt.Errorf("encode the failure of %s: %w", r.ID, err)
	}
	s := r.Subject
	return []any{
		string(r.State), s.Conversation, s.Customer, s.Charge, s.Exclusive, s.Same, s.Cost.Minor, string(s.Cost.Currency),
		string(r.Facts), r.Digest, string(decision), string(r.Receipt), failure, r.Approver, r.Note,
		r.Lease.Milliseconds(), r.Expires.Milliseconds(), millis(r.leaseUntil), int64(r.Looks),
		millis(r.UpdatedAt), millis(r.ExpiresAt), millis(r.FirstSent),
	}, nil
}

// scanned are the columns that need more than copying.
type scanned struct {
	input, facts, decision, receipt, failure                               string
	lease, expires, leaseUntil, createdAt, updatedAt, expiresAt, firstSent int64
}

func scanRow(scan func(...any) error) (*row, error) {
	var r row
	var c scanned
	s := &r.Subject
	err := scan(
		&r.ID, &r.Kind, &r.Principal, &r.identity, &r.Ordinal, &c.input, &r.RepeatOf, &r.Parent, &c.createdAt,
		&r.State, &s.Conversation, &s.Customer, &s.Charge, &s.Exclusive, &s.Same, &s.Cost.Minor, &s.Cost.Currency,
		&c.facts, &r.Digest, &c.decision, &c.receipt, &c.failure, &r.Approver, &r.Note,
		&c.lease, &c.expires, &c.leaseUntil, &r.Looks, &c.updatedAt, &c.expiresAt, &c.firstSent,
	)
	if err != nil {
		return nil, fmt.Errorf("read an entry: %w", err)
	}
	return &r, c.into(&r)
}

func (c scanned) into(r *row) (err error) {
	r.Input, r.Facts, r.Receipt = raw(c.input), raw(c.facts), raw(c.receipt)
	r.Lease, r.Expires = time.Duration(c.lease)*time.Millisecond, time.Duration(c.expires)*time.Millisecond
	r.leaseUntil, r.CreatedAt, r.UpdatedAt = fromMillis(c.leaseUntil), fromMillis(c.createdAt), fromMillis(c.updatedAt)
	r.ExpiresAt, r.FirstSent = fromMillis(c.expiresAt), fromMillis(c.firstSent)
	r.texts = [2]string{c.decision, c.failure}
	if err := json.Unmarshal([]byte(c.decision), &r.Decision); err != nil {
		return fmt.Errorf("read the decision on %s: %w", r.ID, err)
	}
	if r.Failure, err = decodeFailure(c.failure); err != nil {
		return fmt.Errorf("read the failure of %s: %w", r.ID, err)
	}
	return nil
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

func encodeFailure(f *fault.Error) (string, error) {
	if f == nil {
		return "", nil
	}
	b, err := json.Marshal(f) // without Took and Cause: the state says what took effect
	return string(b), err
}

func decodeFailure(text string) (*fault.Error, error) {
	if text == "" {
		return nil, nil
	}
	f := new(fault.Error)
	return f, json.Unmarshal([]byte(text), f)
}

// insert records a new entry and what led to it.
func (t *tx) insert(r *row) error {
	r.CreatedAt, r.UpdatedAt = t.now, t.now
	moving, err := r.moving()
	if err != nil {
		return err
	}
	var args arguments
	places := addAll(&args, append(r.fixed(), moving...))
	if err := t.exec(`INSERT INTO entry (`+fixedColumns+`, `+movingColumns+`) VALUES (`+places+`)`, args...); err != nil {
		return fmt.Errorf("insert %s: %w", r.ID, err)
	}
	return t.record("", r)
}

// save records a transition of r, which must still be in the state from.
func (t *tx) save(from policies.State, r *row) error {
	r.UpdatedAt = t.now
	moving, err := r.moving()
	if err != nil {
		return err
	}
	var args arguments
	places := addAll(&args, moving)
	res, err := t.sql.ExecContext(t.ctx, `UPDATE entry SET (`+movingColumns+`) = (`+places+`) WHERE id = `+
		args.add(r.ID)+` AND state = `+args.add(string(from)), args...)
	if err != nil {
		return fmt.Errorf("change %s: %w", r.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(moved{r.ID}, err)
	}
	return t.record(from, r)
}

// load reads an entry that is about to change, and keeps others from changing it.
func (t *tx) load(id string) (*row, error) {
	return one(t.ctx, t.sql, `WHERE id = $1`+t.ledger.engine.forUpdate(), id)
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

// validText refuses what not every database can hold or index.
func validText(what string, texts ...string) error {
	for _, s := range texts {
		if len(s) > 1000 || strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
			return fault.Invalidf("give it as it was answered by this server", "%s is longer than 1000 bytes or no clean text", what)
		}
	}
	return nil
}
