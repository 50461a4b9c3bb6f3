package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// restored is a place whose ledger was set back to a backup from before a refund
// of 20.00 EUR on ch_tom_1, which gives the refund as the agent heard of it.
func restored(t *testing.T, more ...string) (*place, told) {
	t.Helper()
	p := settle(t, time.Now, more...)
	path := strings.TrimPrefix(p.database, "sqlite:")
	first := hire(t, p.environ, "serve")
	if noted := first.call("add_internal_note", map[string]any{"conversation_id": sandbox.Conversation("annual-day-3"), "body": "before"}); noted.State != policies.Done {
		t.Fatalf("noted: %s", noted)
	}
	first.leave()
	backup := filepath.Join(t.TempDir(), "backup.db")
	if b := typeIn(t, p.environ, "ledger", "backup", backup); b.status != 0 {
		t.Fatalf("backed up: %s%s", b.out, b.err)
	}
	second := hire(t, p.environ, "serve")
	made := second.call("create_refund", lostRefund())
	if made.State != policies.Done {
		t.Fatalf("refunded: %s", made)
	}
	second.leave()
	for _, old := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(backup, path); err != nil {
		t.Fatal(err)
	}
	return p, made
}

func lostRefund() map[string]any {
	return refundOf("annual-day-3", "ch_tom_1", "amount", "20.00 EUR")
}

// knows waits until the ledger has an action as done.
func knows(t *testing.T, p *place, action string) {
	t.Helper()
	eventually(t, patience, "the refund adopted", func() bool {
		for line := range strings.Lines(typeIn(t, p.environ, "approvals", "list", "--all").out) {
			if strings.HasPrefix(line, action) && strings.Contains(line, " done ") {
				return true
			}
		}
		return false
	})
}

func TestARefundThatARestoredBackupHasLostIsAdopted(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "one.yaml")
	text := "version: 1\nreply: {max_chars: 4000}\nrefund:\n  window: 30d\n  currencies:\n    eur: {auto: 50.00, max: 500.00}\n  budgets:\n    - {scope: customer, window: 90d, count: 1}\n"
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, made := restored(t, "SUPPORTMCP_POLICY="+policy)
	p.Stripe.AddRefund(stripeapi.Refund{ID: "re_dashboard", Charge: "ch_maria_1", Amount: 100})
	p.Stripe.AddRefund(stripeapi.Refund{
		ID: "re_foreign", Charge: "ch_maria_1", Amount: 100,
		Metadata: map[string]string{"operation_id": made.Action[:len(made.Action)-1] + "0", "conversation": sandbox.Conversation("duplicate-charge"), "ledger": "led_000000000000000000000000"},
	})

	third := hire(t, p.environ, "serve")
	knows(t, p, made.Action)
	if again := third.call("create_refund", lostRefund()); !again.Replayed || again.State != policies.Done || again.Receipt != made.Receipt {
		t.Errorf("the same request is answered %s, want the receipt of %s", again, made)
	}
	other := third.call("create_refund", refundOf("annual-day-3", "ch_tom_1", "amount", "1.00 EUR"))
	if other.State != policies.Denied || !strings.Contains(other.Message, "budget.customer") {
		t.Errorf("another refund is answered %s", other)
	}
	third.leave()
	if !strings.Contains(third.log.String(), "it is adopted and counts now") || !strings.Contains(third.log.String(), made.Action) {
		t.Errorf("the operator is told %s", third.log.String())
	}
	fourth := hire(t, p.environ, "serve")
	fourth.leave()
	if strings.Contains(fourth.log.String(), "adopted") {
		t.Errorf("the next start tells %s", fourth.log.String())
	}
	listed := typeIn(t, p.environ, "approvals", "list", "--all").out
	if n := strings.Count(listed, " adopted "); n != 1 {
		t.Errorf("%d actions were adopted:\n%s", n, listed)
	}
	if _, said := consult(t, p.environ); said["database.adopted"].Health != warning || !strings.HasPrefix(said["database.adopted"].What, "1 refund of this ledger") {
		t.Errorf("the doctor says %+v", said["database.adopted"])
	}
	wantRefunds(t, p, 1)
}

func TestTwoServersThatStartTogetherAdoptOnce(t *testing.T) {
	t.Parallel()
	p, made := restored(t)
	agents := twoServers(t, p)
	defer func() { t.Log(agents[0].log.String(), agents[1].log.String()) }()
	knows(t, p, made.Action)
	for _, a := range agents {
		a.leave()
	}
	log := agents[0].log.String() + agents[1].log.String()
	if n := strings.Count(log, "it is adopted and counts now"); n != 1 {
		t.Errorf("adopted %d times: %s", n, log)
	}
	wantRefunds(t, p, 1)
}

// Until the ledger has been compared, a server is ready and says what is open.
func TestAServerStartsWithoutStripeAndComparesLater(t *testing.T) {
	t.Parallel()
	p, made := restored(t)
	if err := p.Stripe.Desk.Inject(control.Fault{Method: http.MethodGet, Path: "/v1/refunds", Kind: control.ErrorBefore, Status: http.StatusServiceUnavailable, Times: 3}); err != nil {
		t.Fatal(err)
	}
	a := hire(t, p.environ, "serve")
	eventually(t, patience, "the comparison tried", func() bool {
		n := 0
		for _, r := range p.Stripe.Desk.Requests() {
			if r.Fault == control.ErrorBefore {
				n++
			}
		}
		return n == 3
	})
	if read := a.call("get_action", map[string]any{"action_id": made.Action}); read.Code != "not_found" {
		t.Errorf("before the comparison the action is %s", read)
	}
	a.leave()
	b := hire(t, p.environ, "serve")
	knows(t, p, made.Action)
	b.leave()
	wantRefunds(t, p, 1)
}

// What was signed after the backup tells of events that the restored ledger does
// not have, also when it has as many again and is sound in itself.
func TestKeptCheckpointsTellThatARestoredLedgerWasCutBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	kept, older, newer := filepath.Join(folder, "kept"), filepath.Join(folder, "older"), filepath.Join(folder, "newer")
	p, made := restored(t, "SUPPORTMCP_CHECKPOINT_FILE="+kept)
	before := contents(t, kept)
	put(t, older, before)
	wantAudit(t, p, 1, "its end was cut off", "--checkpoint", older)

	a := hire(t, p.environ, "serve")
	knows(t, p, made.Action)
	for _, text := range []string{"one", "two", "three"} { // until it has more events than were signed
		if noted := a.call("add_internal_note", map[string]any{"conversation_id": sandbox.Conversation("annual-day-3"), "body": text}); noted.State != policies.Done {
			t.Fatalf("noted: %s", noted)
		}
	}
	a.leave()
	put(t, newer, strings.TrimPrefix(contents(t, kept), before))
	wantAudit(t, p, 0, "fit, tree root")
	wantAudit(t, p, 0, "fit, tree root", "--checkpoint", newer)
	wantAudit(t, p, 1, "are not those for which a checkpoint was signed", "--checkpoint", older, "--checkpoint", newer)
	wantRefunds(t, p, 1)
}

// wantAudit wants an exit status of audit verify, and a text in what it prints.
func wantAudit(t *testing.T, p *place, status int, text string, args ...string) {
	t.Helper()
	v := typeIn(t, p.environ, append([]string{"audit", "verify"}, args...)...)
	if v.status != status || !strings.Contains(v.out, text) {
		t.Errorf("audit verify %v exits with %d and says %s%s, want %d and %q", args, v.status, v.out, v.err, status, text)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
