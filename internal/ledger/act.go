package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"supportmcp/policies"
)

// Act is what was signed for the ledger as a whole and not for one entry. The first
// roster is one without a statement.
type Act struct {
	ID        string // sig_PURPOSE_NUMBER; actions have other ids
	Purpose   string
	Number    int64 // among those of its purpose, from 1
	Subject   string
	By        string
	At        time.Time
	Body      string // the bytes of the file that it is about
	Statement string // the exact text that was signed
	Signature string
}

// roster is the purpose of acts whose bodies say who may approve.
const roster = "roster"

// applied is the purpose of acts whose bodies are policies.
const applied = "policy"

// acted is the state that the event of an act tells.
const acted policies.State = "signed"

// RecordAct records an act as the one of its purpose behind another, so that of
// two people who sign a successor of the same one only the first succeeds; behind
// is 0 for the first. Whether its signature is right is for the caller to know.
func (l *Ledger) RecordAct(ctx context.Context, a Act, behind int64) (Act, error) {
	err := errors.Join(validText("what was signed", a.Purpose, a.Subject, a.By), validBody("what was signed", a.Body, a.Statement, a.Signature))
	if err != nil {
		return Act{}, err
	}
	err = l.transact(ctx, "record a signed "+a.Purpose, func(t *tx) error {
		var newest int64
		err := t.sql.QueryRowContext(t.ctx, `SELECT COALESCE(MAX(number), 0) FROM act WHERE purpose = $1`, a.Purpose).Scan(&newest)
		if err != nil {
			return fmt.Errorf("read the newest %s: %w", a.Purpose, err)
		}
		if newest != behind {
			return refused("look at it again, and sign again if it is still right", "another %s was signed meanwhile", a.Purpose)
		}
		if err := t.readClock(); err != nil {
			return err
		}
		a.Number, a.At = newest+1, t.now
		a.ID = "sig_" + a.Purpose + "_" + strconv.FormatInt(a.Number, 10)
		return t.keepAct(a)
	})
	return a, err
}

func (t *tx) keepAct(a Act) error {
	if err := t.keepTime(); err != nil {
		return err
	}
	err := t.exec(`INSERT INTO act (id, purpose, number, subject, approver, at, body, statement, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.ID, a.Purpose, a.Number, a.Subject, a.By, millis(a.At), a.Body, a.Statement, a.Signature)
	if err != nil {
		return fmt.Errorf("record %s: %w", a.ID, err)
	}
	t.events = append(t.events, a.event())
	return nil
}

// event tells of an act. Apart from its number it follows from the act.
func (a Act) event() event {
	return event{
		At: a.At, Action: a.ID, Kind: policies.Kind(a.Purpose), To: acted, Approver: a.By,
		InputDigest: digest([]byte(a.Subject)), Signed: signed(a.Statement, a.Signature, a.Body),
	}
}

// Acts reads the acts of a purpose, oldest first.
func (l *Ledger) Acts(ctx context.Context, purpose string) ([]Act, error) {
	all, err := acts(ctx, l.reader, purpose)
	return all, l.explain("read what was signed", err)
}

func acts(ctx context.Context, q queryer, purpose string) (all []Act, err error) {
	err = eachRow(ctx, q, func(scan func(...any) error) error {
		a, err := scanAct(scan)
		all = append(all, a)
		return err
	}, selectAct+` WHERE purpose = $1 ORDER BY number`, purpose)
	return all, err
}

const selectAct = `SELECT id, purpose, number, subject, approver, at, body, statement, signature FROM act`

func scanAct(scan func(...any) error) (a Act, err error) {
	var at int64
	err = scan(&a.ID, &a.Purpose, &a.Number, &a.Subject, &a.By, &at, &a.Body, &a.Statement, &a.Signature)
	a.At = fromMillis(at)
	return a, err
}
