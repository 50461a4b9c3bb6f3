package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"supportmcp/internal/fault"
)

// Accepted is a policy file that was put in force.
type Accepted struct {
	Seq  int64 // from 1, in the order of acceptance
	Body string
	By   string // who let it through, where that was needed
	At   time.Time
}

// Policies are all that were accepted, oldest first.
func (l *Ledger) Policies(ctx context.Context) ([]Accepted, error) {
	out, err := accepted(ctx, l.reader)
	return out, l.explain("read the accepted policies", err)
}

func accepted(ctx context.Context, q queryer) ([]Accepted, error) {
	rows, err := q.QueryContext(ctx, `SELECT seq, body, accepted_by, accepted_at FROM policy ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("read the accepted policies: %w", err)
	}
	defer rows.Close()
	var out []Accepted
	for rows.Next() {
		var a Accepted
		var at int64
		if err := rows.Scan(&a.Seq, &a.Body, &a.By, &at); err != nil {
			return nil, fmt.Errorf("read an accepted policy: %w", err)
		}
		a.At = fromMillis(at)
		out = append(out, a)
	}
	return out, rows.Err()
}

// LastPolicy is the Seq of the newest; 0 when there is none.
func (l *Ledger) LastPolicy(ctx context.Context) (last int64, err error) {
	err = l.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM policy`).Scan(&last)
	return last, l.explain("read the newest policy", err)
}

// Accept records a policy as the newest. Its Seq must follow the last one's;
// otherwise somebody else was faster, and the error's code is fault.Busy.
func (l *Ledger) Accept(ctx context.Context, a Accepted) error {
	if strings.ToValidUTF8(a.Body, "") != a.Body || strings.ContainsRune(a.Body, 0) {
		return fault.Invalidf("save it as UTF-8", "the policy is no clean text")
	}
	return l.transact(ctx, "accept a policy", func(t *tx) error {
		if err := t.readClock(); err != nil {
			return err
		}
		var last int64
		if err := t.sql.QueryRowContext(t.ctx, `SELECT COALESCE(MAX(seq), 0) FROM policy`).Scan(&last); err != nil {
			return fmt.Errorf("read the last policy: %w", err)
		}
		if a.Seq != last+1 {
			return &fault.Error{
				Code: fault.Busy, Took: fault.No, Message: "another policy was accepted meanwhile", NextStep: "look at it, and try again",
			}
		}
		return t.exec(`INSERT INTO policy (seq, body, accepted_by, accepted_at) VALUES ($1, $2, $3, $4)`,
			a.Seq, a.Body, a.By, millis(t.now))
	})
}
