package ledger

import (
	"fmt"

	"supportmcp/internal/fault"
)

func checkMode(mode string) error {
	switch mode {
	case "", "sandbox", "test", "live":
		return nil
	}
	return fault.Invalidf("use sandbox, test or live", "%q is no mode of a ledger", mode)
}

// keepMode records the first mode the ledger is used in and refuses any other.
func (t *tx) keepMode(mode string) error {
	if err := t.exec(`INSERT INTO meta (name, value) VALUES ('mode', $1) ON CONFLICT DO NOTHING`, mode); err != nil {
		return err
	}
	var kept string
	if err := t.sql.QueryRowContext(t.ctx, `SELECT value FROM meta WHERE name = 'mode'`).Scan(&kept); err != nil {
		return fmt.Errorf("read the mode: %w", err)
	}
	if kept == mode {
		return nil
	}
	return otherMode(kept, mode)
}

func otherMode(kept, mode string) *fault.Error {
	return refused(fmt.Sprintf("point the server at a ledger of its own for %s, or use the keys of %s", mode, kept),
		"this ledger belongs to %s mode and was opened for %s", kept, mode)
}
