package main

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
)

// bound makes the ledger of a place belong to a Stripe account.
func bound(t *testing.T, p *place, account string) {
	t.Helper()
	l, err := ledger.Open(t.Context(), p.database, ledger.Options{Mode: "sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Bind(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALedgerOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	bound(t, p, "acct_other")
	for _, args := range [][]string{{"serve"}, {"actions", "settle", "act_1", "done", "--note", "I know"}} {
		got := typeIn(t, p.environ, args...)
		if got.status == 0 || got.out != "" || !strings.Contains(got.err, "belongs to the Stripe account acct_other, and the key is of acct_sandbox") ||
			!strings.Contains(got.err, "next: point the server at a ledger of its own") {
			t.Errorf("%v: status %d, %s%s", args, got.status, got.out, got.err)
		}
	}
	_, said := consult(t, p.environ)
	if r := said["database"]; r.Health != ailing || !strings.Contains(r.What, "acct_other") || r.Mend == "" {
		t.Errorf("the doctor says %+v", r)
	}
}

func TestTheFirstStartBindsTheLedgerToTheAccount(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	for range 2 {
		hire(t, p.environ, "serve").leave()
	}
	if _, said := consult(t, p.environ); !strings.Contains(said["database"].What, "of sandbox mode and account acct_sandbox") || said["stripe.account"].Health != healthy {
		t.Errorf("the doctor says %+v and %+v", said["database"], said["stripe.account"])
	}
}

func TestAKeyThatMayNotReadItsAccountStartsUnbound(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now, "STRIPE_SECRET_KEY=rk_test_"+canary)
	p.Stripe.Restrict("rk_test_"+canary, "accounts_kyc_basic_read")
	a := hire(t, p.environ, "serve")
	a.leave()
	if strings.Contains(a.log.String(), "WARN") {
		t.Errorf("a start tells %s", a.log.String())
	}
	got, said := consult(t, p.environ)
	if r := said["stripe.account"]; got.status != 0 || r.Health != warning || !strings.Contains(r.Mend, "rak_accounts_kyc_basic_read") {
		t.Errorf("status %d, the doctor says %+v", got.status, r)
	}
	if r := said["database"]; r.Health != healthy || strings.Contains(r.What, "account") {
		t.Errorf("the doctor says %+v", r)
	}
}
