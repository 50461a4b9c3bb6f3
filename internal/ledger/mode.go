package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"supportmcp/internal/fault"
)

func checkMode(mode string) error {
	switch mode {
	case "", "sandbox", "test", "live":
		return nil
	}
	return fault.Invalidf("use sandbox, test or live", "%q is no mode of a ledger", mode)
}

// keep records a fact of the ledger as a whole unless it is recorded already, and
// gives what is recorded.
func (t *tx) keep(name, value string) (kept string, err error) {
	if err := t.exec(`INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
		return "", fmt.Errorf("record the ledger's %s: %w", name, err)
	}
	return metaOf(t.ctx, t.sql, name)
}

// metaOf reads a fact of the ledger as a whole; "" when it is not recorded.
func metaOf(ctx context.Context, q queryer, name string) (value string, err error) {
	err = q.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the ledger's %s: %w", name, err)
	}
	return value, nil
}

// settleIn records the first mode the ledger is used in and refuses any other. It
// gives the ledger its id, and begins the time until which it was compared with
// its vendors.
func (t *tx) settleIn(mode string) (id string, err error) {
	kept, err := t.keep("mode", mode)
	if err != nil {
		return "", err
	}
	if kept != mode {
		return "", otherMode(kept, mode)
	}
	if err := t.readClock(); err != nil {
		return "", err
	}
	if _, err := t.keep("compared", strconv.FormatInt(millis(t.now), 10)); err != nil {
		return "", err
	}
	return t.keep("id", "led_"+hex.EncodeToString(random(12)))
}

func otherMode(kept, mode string) *fault.Error {
	return refused(fmt.Sprintf("point the server at a ledger of its own for %s, or use the keys of %s", mode, kept),
		"this ledger belongs to %s mode and was opened for %s", kept, mode)
}

// Bind records the Stripe account that the ledger belongs to, and refuses any
// other than the first: its charges, budgets and keys mean nothing there.
func (l *Ledger) Bind(ctx context.Context, account string) error {
	return l.transact(ctx, "bind the ledger to its Stripe account", func(t *tx) error {
		kept, err := t.keep("account", account)
		if err == nil && kept != account {
			err = otherAccount(kept, account)
		}
		return err
	})
}

func otherAccount(kept, account string) *fault.Error {
	return refused("point the server at a ledger of its own for this account, or use a key of "+kept,
		"this ledger belongs to the Stripe account %s, and the key is of %s", kept, account)
}

// Belonging is what a ledger belongs to, as it is recorded; "" where it is not yet.
type Belonging struct{ Ledger, Mode, Account string }

// Belonging reads what the ledger belongs to.
func (l *Ledger) Belonging(ctx context.Context) (b Belonging, err error) {
	for name, into := range map[string]*string{"id": &b.Ledger, "mode": &b.Mode, "account": &b.Account} {
		if *into, err = metaOf(ctx, l.reader, name); err != nil {
			return b, l.explain("read what the ledger belongs to", err)
		}
	}
	return b, nil
}
