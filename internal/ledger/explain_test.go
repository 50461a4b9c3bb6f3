package ledger

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"supportmcp/internal/fault"
)

func TestErrorsSayWhetherAnythingWasRecorded(t *testing.T) {
	l, err := openPostgres("postgres://localhost/db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct {
		err  error
		code fault.Code
		took fault.Took
		next string
	}{
		"before the commit":           {io.ErrUnexpectedEOF, fault.Internal, fault.No, "try again"},
		"the caller has gone":         {context.Canceled, fault.Internal, fault.No, "try again"},
		"at the commit":               {uncommitted{io.ErrUnexpectedEOF}, fault.Internal, fault.Unknown, "ask again"},
		"a full disk at the commit":   {uncommitted{&pgconn.PgError{Code: "53100"}}, fault.Internal, fault.Unknown, "free space on it; nothing is allowed until then; then ask again"},
		"refused by the commit":       {uncommitted{&pgconn.PgError{Code: "40001"}}, fault.Internal, fault.No, "try again"},
		"a read-only server":          {&pgconn.PgError{Code: "25006"}, fault.Internal, fault.No, "the primary"},
		"an answer of the ledger":     {&fault.Error{Code: fault.Busy, Took: fault.No, NextStep: "wait"}, fault.Busy, fault.No, "wait"},
		"a row that changed too soon": {moved{"act_1"}, fault.Internal, fault.No, "try again"},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := errors.AsType[*fault.Error](l.explain("begin", c.err))
			if !ok || f.Code != c.code || f.Took != c.took || !strings.Contains(f.NextStep, c.next) {
				t.Errorf("got %+v", f)
			}
		})
	}
	if err := l.explain("begin", nil); err != nil {
		t.Errorf("success is explained as %v", err)
	}
}

func TestOnlyLostRacesRunAgain(t *testing.T) {
	l, err := openPostgres("postgres://localhost/db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for code, want := range map[string]bool{"40001": true, "40P01": true, "23505": true, "23503": false, "25006": false, "57P01": false} {
		if got := l.again(uncommitted{&pgconn.PgError{Code: code}}); got != want {
			t.Errorf("%s runs again: %v", code, got)
		}
	}
	if !l.again(moved{"act_1"}) || l.again(io.EOF) || l.again(&fault.Error{Code: fault.Busy}) {
		t.Error("a moved row runs again, a broken connection and an answer do not")
	}
}
