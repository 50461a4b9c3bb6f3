package ledgertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// opening says what a ledger keeps from one opening to the next, and what it refuses.
func opening(t *testing.T, fresh Fresh) {
	reopen := func(t *testing.T, d *desk, mode string) error {
		t.Helper()
		l, err := ledger.Open(t.Context(), d.url, ledger.Options{Now: d.clock.Now, Mode: mode})
		if err != nil {
			return err
		}
		return l.Close()
	}
	t.Run("entries outlive the process that began them", func(t *testing.T) {
		d := newDesk(t, fresh)
		before := d.open()
		e, _, err := before.Begin(t.Context(), refund(charged, 100), says(policies.Allow))
		if err := errors.Join(err, before.Close()); err != nil {
			t.Fatal(err)
		}
		d.clock.Advance(lease)
		due, err := d.open().Due(t.Context(), policies.DueLapsed, 10)
		if err != nil || len(due) != 1 || plain(due[0]) != plain(e) {
			t.Fatalf("due are %v: %v", due, err)
		}
		if _, ok, err := d.Claim(t.Context(), e.ID, lease); !ok || err != nil {
			t.Errorf("claimed %v: %v", ok, err)
		}
		d.settle(e.ID, policies.Done)
	})
	t.Run("the mode stays", func(t *testing.T) {
		d := newDesk(t, fresh)
		for mode, want := range map[string]fault.Code{"test": "", "": "", "live": fault.Refused, "sandbox": fault.Refused, "prod": fault.Invalid} {
			if err := reopen(t, d, mode); fault.CodeOf(err) != want {
				t.Errorf("opened for mode %q: %v", mode, err)
			}
		}
	})
	t.Run("many processes open it before it has any tables", func(t *testing.T) {
		url := fresh(t)
		parallel(8, func(int) {
			l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
			if err == nil {
				err = l.Close()
			}
			if err != nil {
				t.Errorf("open: %v", err)
			}
		})
		d := openDesk(t, url)
		d.begin(refund(charged, 100), policies.Allow)
		d.sound()
	})
	t.Run("tables of a newer release", func(t *testing.T) {
		d := newDesk(t, fresh)
		d.sql(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`)
		err := reopen(t, d, "test")
		wantCode(t, err, fault.Refused)
		if err == nil || !strings.Contains(err.Error(), "99") {
			t.Errorf("the refusal does not tell the version: %v", err)
		}
	})
	t.Run("the database's own clock", func(t *testing.T) {
		d, _ := newEmpty(t, fresh)
		e := d.begin(refund(charged, 100), policies.Allow)
		if age := time.Since(e.CreatedAt); age.Abs() > time.Minute {
			t.Errorf("created %s ago", age)
		}
	})
	t.Run("an address of neither", func(t *testing.T) {
		for _, url := range []string{"", "ledger.db", "mysql://u:secret@h/d", "sqlite:", "postgres://u:secret@h:port/d", "postgres://u:sec\x00ret@h/d"} {
			_, err := ledger.Open(t.Context(), url, ledger.Options{})
			wantCode(t, err, fault.Invalid)
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "ret@")) {
				t.Errorf("%v tells the password", err)
			}
		}
	})
}

// interrupted work records nothing, and the next may begin at once.
func interrupted(t *testing.T, fresh Fresh) {
	t.Run("a caller who has gone away", func(t *testing.T) {
		d := newDesk(t, fresh)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := d.Begin(gone, refund(charged, 100), says(policies.Allow)); !errors.Is(err, context.Canceled) {
			t.Errorf("begin: %v", err)
		}
		d.begin(refund(charged, 100), policies.Allow) // nothing was recorded before
	})
	t.Run("a caller who goes away while it is judged", func(t *testing.T) {
		d := newDesk(t, fresh)
		going, cancel := context.WithCancel(t.Context())
		_, _, err := d.Begin(going, refund(charged, 100), func(s policies.Snapshot) policies.Decision {
			cancel()
			return says(policies.Allow)(s)
		})
		if !errors.Is(err, context.Canceled) || fault.TookOf(err) != fault.No {
			t.Errorf("begin: %v", err)
		}
		d.begin(refund(charged, 100), policies.Allow)
	})
	t.Run("a judgement that panics records nothing", func(t *testing.T) {
		d := newDesk(t, fresh)
		func() {
			defer func() { _ = recover() }()
			_, _, _ = d.Begin(t.Context(), refund(charged, 100), func(policies.Snapshot) policies.Decision { panic("a rule broke") })
		}()
		d.begin(refund(charged, 100), policies.Allow)
	})
}

// hostile input is refused before it is stored, on every database alike.
func hostile(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	for name, text := range map[string]string{"a NUL": "ch_\x00", "broken UTF-8": "ch_\xff", "a flood": strings.Repeat("x", 1001)} {
		t.Run(name, func(t *testing.T) {
			for field, change := range map[string]func(*policies.Draft){
				"conversation": func(d *policies.Draft) { d.Subject.Conversation = text },
				"customer":     func(d *policies.Draft) { d.Subject.Customer = text },
				"charge":       func(d *policies.Draft) { d.Subject.Charge = text },
				"exclusive":    func(d *policies.Draft) { d.Subject.Exclusive = text },
				"same":         func(d *policies.Draft) { d.Subject.Same = text },
				"principal":    func(d *policies.Draft) { d.Principal = policies.Principal(text) },
				"repeat_of":    func(d *policies.Draft) { d.RepeatOf = text },
			} {
				draft := refund(charged, 100)
				change(&draft)
				if _, _, err := d.Begin(t.Context(), draft, says(policies.Allow)); fault.CodeOf(err) != fault.Invalid {
					t.Errorf("%s: %v", field, err)
				}
			}
			for call, err := range map[string]error{
				"entry":   second(d.Entry(t.Context(), text)),
				"settle":  second(d.Settle(t.Context(), text, settlement(policies.Done))),
				"approve": second(d.Approve(t.Context(), "act_1", text, "")),
				"note":    second(d.Approve(t.Context(), "act_1", "person", text)),
			} {
				if fault.CodeOf(err) != fault.Invalid {
					t.Errorf("%s: %v", call, err)
				}
			}
		})
	}
	t.Run("quotes and percent signs are only text", func(t *testing.T) {
		for _, text := range []string{`'; DROP TABLE entry; --`, `%`, `$1`, `"`, `\`, "ключ", "a\u202eb", strings.Repeat("é", 400)} {
			draft := refund(text, 100)
			draft.Input, draft.Facts = []byte(`"`+"x"+`"`), []byte(`{}`)
			e := d.stored(d.begin(draft, policies.Allow))
			if e.Subject != draft.Subject {
				t.Errorf("stored %+v", e.Subject)
			}
		}
	})
	t.Run("settling as what is no settlement", func(t *testing.T) {
		e := d.begin(refund("ch_odd", 100), policies.Allow)
		for _, s := range []policies.State{policies.Denied, policies.Approved, policies.Executing, "", "odd"} {
			_, err := d.Settle(t.Context(), e.ID, policies.Settlement{State: s})
			wantCode(t, err, fault.Internal)
		}
		_, err := d.Settle(t.Context(), e.ID, policies.Settlement{State: policies.Failed, Follow: []policies.Draft{{}}})
		wantCode(t, err, fault.Internal)
		d.stored(e)
	})
	t.Run("an amount that could not be read back", func(t *testing.T) {
		for _, cost := range []money.Money{{Minor: 1 << 62, Currency: "eur"}, {Minor: 100, Currency: "xyz"}, {Minor: 5, Currency: "kwd"}, {Minor: 1}} {
			draft := refund("ch_odd", 1)
			draft.Subject.Cost = cost
			_, _, err := d.Begin(t.Context(), draft, says(policies.Allow))
			wantCode(t, err, fault.Invalid)
		}
	})
}

func second[T any](_ T, err error) error { return err }
