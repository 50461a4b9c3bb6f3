package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/pem"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
	_ "modernc.org/sqlite"

	"supportmcp/internal/approvers"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
	"supportmcp/server"
)

const passphrase = "correct horse battery staple"

// approver is a person with a key that a passphrase protects.
type approver struct {
	name, key string // the file of the private key
	public    string // as it stands in a roster
}

func newApprover(t *testing.T, name string) approver {
	t.Helper()
	private, public, err := keyPair(name)
	if err != nil {
		t.Fatal(err)
	}
	return approver{name, written(t, "id_"+name, private, 0o600), public}
}

func keyPair(name string) (private, public string, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", err
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, name, []byte(passphrase))
	if err != nil {
		return "", "", err
	}
	half, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return "", "", err
	}
	return string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(half)), nil
}

// keygenCommand makes a protected key, and a line of a roster for it: keygen NAME ROLES.
func keygenCommand(ts *testscript.TestScript, _ bool, args []string) {
	private, public, err := keyPair(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(private), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".line"), []byte(strings.Join(args, ",role:")+" "+public), 0o600))
}

// signCommand signs a statement as ssh-keygen -Y sign does, into FILE.sig: sign NAME FILE.
func signCommand(ts *testscript.TestScript, _ bool, args []string) {
	signer, err := approvers.OpenKey([]byte(ts.ReadFile(args[0])), func() ([]byte, error) { return []byte(passphrase), nil })
	ts.Check(err)
	s, err := approvers.ParseStatement(ts.ReadFile(args[1]))
	ts.Check(err)
	_, signature, err := signer.Sign(s)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".sig"), []byte(signature), 0o600))
}

// typist sits at a terminal, and answers what it is asked.
type typist struct {
	answer, passphrase string
	asked              *bytes.Buffer
}

func (p typist) ask(question string) (string, error) {
	p.asked.WriteString(question)
	return p.answer, nil
}

func (p typist) secret(question string) ([]byte, error) {
	p.asked.WriteString(question)
	return []byte(p.passphrase), nil
}

func (typist) close() {}

// typeAs is typeIn by somebody at a terminal; it gives what was asked there, too.
func typeAs(t testing.TB, p typist, environ []string, args ...string) (typed, string) {
	t.Helper()
	var out, errs bytes.Buffer
	p.asked = new(bytes.Buffer)
	w := world{in: bytes.NewReader(nil), out: &out, err: &errs, environ: environ, now: time.Now, terminal: func() (terminal, error) { return p, nil }}
	status := run(t.Context(), args, w)
	return typed{out: out.String(), err: errs.String(), status: status}, p.asked.String()
}

// signs decides with a person's key.
func (a approver) signs(t testing.TB, environ []string, args ...string) typed {
	t.Helper()
	got, _ := typeAs(t, typist{answer: "yes", passphrase: passphrase}, environ, append(args, "--key", a.key)...)
	return got
}

// guarded is a place whose roster is a file of these people.
func guarded(t *testing.T, people ...approver) (p *place, roster string) {
	t.Helper()
	roster = filepath.Join(t.TempDir(), "approvers")
	p = settle(t, time.Now, "SUPPORTMCP_APPROVERS="+roster)
	enroll(t, roster, people...)
	return p, roster
}

func enroll(t *testing.T, roster string, people ...approver) {
	t.Helper()
	var text strings.Builder
	for _, a := range people {
		text.WriteString(a.name + ",role:finance namespaces=\"supportmcp\" " + a.public)
	}
	if err := os.WriteFile(roster, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sweep is what the worker of a server does in one round, without the rest of it.
func sweep(t *testing.T, environ []string, now func() time.Time) string {
	t.Helper()
	var said bytes.Buffer
	h, err := handsOf(t.Context(), world{in: bytes.NewReader(nil), out: io.Discard, err: &said, environ: environ, now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer h.ledger.Close()
	w, err := server.NewWorker(h.ledger, h.tools, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, due := range []policies.Due{policies.DueApproved, policies.DueLapsed} {
		if err := w.Sweep(t.Context(), due); err != nil {
			said.WriteString(err.Error() + "\n")
		}
	}
	return said.String()
}

// asked has an agent ask for two refunds that wait for a person.
func asked(t *testing.T, p *place) (tom, noor string) {
	t.Helper()
	a := hire(t, p.environ, "serve")
	first := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	second := a.call("create_refund", map[string]any{"conversation_id": "215470000000004", "charge_id": "ch_noor_1", "amount": "75.00 EUR", "reason": "requested_by_customer"})
	a.leave()
	if first.State != policies.Awaiting || second.State != policies.Awaiting {
		t.Fatalf("asked: %s and %s", first, second)
	}
	return first.Action, second.Action
}

func TestASignedApprovalIsCarriedOutAndAnUnsignedOneIsRefused(t *testing.T) {
	t.Parallel()
	robin, mallory := newApprover(t, "robin"), newApprover(t, "mallory")
	p, _ := guarded(t, robin)
	tom, noor := asked(t, p)
	for what, got := range map[string]typed{
		"by name":       typeIn(t, p.environ, "approvals", "approve", tom, "--as", "robin"),
		"no terminal":   typeIn(t, p.environ, "approvals", "approve", tom, "--key", robin.key),
		"by a stranger": mallory.signs(t, p.environ, "approvals", "approve", tom),
	} {
		if got.status == 0 || got.out != "" || !strings.Contains(got.err, "next: ") {
			t.Errorf("%s: %s%s", what, got.out, got.err)
		}
	}
	got, question := typeAs(t, typist{answer: "no", passphrase: passphrase}, p.environ, "approvals", "approve", tom, "--key", robin.key)
	if got.status == 0 || !strings.Contains(question, "120.00 EUR on ch_tom_1") || strings.Contains(question, "Passphrase") {
		t.Errorf("who says no is asked %q: %s", question, got.err)
	}
	if got, _ := typeAs(t, typist{answer: "yes", passphrase: "wrong"}, p.environ, "approvals", "approve", tom, "--key", robin.key); got.status == 0 {
		t.Error("a wrong passphrase signs")
	}
	if got := robin.signs(t, p.environ, "approvals", "approve", tom, "--note", "day 3"); got.status != 0 || !strings.Contains(got.out, "is now approved (by robin)") {
		t.Fatalf("%s%s", got.out, got.err)
	}
	if got := robin.signs(t, p.environ, "approvals", "reject", noor); got.status != 0 || !strings.Contains(got.out, "is now rejected (by robin)") {
		t.Fatalf("%s%s", got.out, got.err)
	}
	if said := sweep(t, p.environ, time.Now); len(p.Stripe.RefundsOf("ch_tom_1")) != 1 || len(p.Stripe.RefundsOf("ch_noor_1")) != 0 {
		t.Errorf("refunded %v: %s", p.Stripe.Refunds(), said)
	}
	wantRefunds(t, p, 1)
	if got := typeIn(t, p.environ, "privacy", "erase", "--customer", "cus_tom", "--as", "officer"); !strings.Contains(got.out, "1 action has lost its texts") {
		t.Errorf("%s%s", got.out, got.err)
	}
	wantRefunds(t, p, 1) // the signature is still right when the texts are gone
}

func TestAnApprovalThatDoesNotCountIsToldToAgentAndOperator(t *testing.T) {
	t.Parallel()
	robin, kim := newApprover(t, "robin"), newApprover(t, "kim")
	p, roster := guarded(t, robin, kim)
	tom, _ := asked(t, p)
	if got := robin.signs(t, p.environ, "approvals", "approve", tom); got.status != 0 {
		t.Fatal(got.err)
	}
	enroll(t, roster, kim)
	a := hire(t, p.environ, "serve")
	now := a.call("get_action", map[string]any{"action_id": tom})
	if now.State != policies.Approved || !strings.Contains(now.Text, "approved by nobody whose approval counts") || strings.Contains(now.Text, "within seconds") {
		t.Errorf("the agent is told %s", now.Text)
	}
	a.leave()
	if said := sweep(t, p.environ, time.Now); !strings.Contains(said, "not performed, since its approvals do not count: approvals of "+tom) || !strings.Contains(said, "is nobody's in the roster in force") {
		t.Errorf("the log says %s", said)
	}
	if _, said := consult(t, p.environ); said["approvers.held"].Health != warning || !strings.Contains(said["approvers.held"].What, tom) {
		t.Errorf("the doctor says %+v", said["approvers.held"])
	}
	enroll(t, roster, robin, kim)
	if sweep(t, p.environ, time.Now); len(p.Stripe.RefundsOf("ch_tom_1")) != 1 {
		t.Error("it is not carried out when the person is back")
	}
}

// Whoever can write to the database and run the program, and has no approver's key,
// gets nothing carried out that waits for a person.
func TestWithoutAnApproversKeyNothingThatWaitsIsCarriedOut(t *testing.T) {
	t.Parallel()
	robin, mallory, kim, self := newApprover(t, "robin"), newApprover(t, "mallory"), newApprover(t, "kim"), newApprover(t, "agent")
	const approve = `UPDATE entry SET state = 'approved', approver = 'robin' WHERE id = $TOM`
	const sent = `UPDATE entry SET state = 'executing', exclusive = '', lease_until = 1, first_sent = updated_at WHERE id = $TOM`
	const likeTom = `UPDATE personal SET (input, facts, digest) = (SELECT input, facts, digest FROM personal WHERE entry_id = $TOM) WHERE entry_id = $NOOR`
	for name, c := range map[string]struct {
		honest bool // robin has approved noor's
		sql    string
		do     func(*testing.T, *attack)
		later  time.Duration
	}{
		"a state":                   {sql: approve},
		"a row with a name":         {sql: approve + `; INSERT INTO approval VALUES ($TOM, 'robin', 'approved', 1, '', '', '')`},
		"a follow-up's state":       {sql: `UPDATE entry SET state = 'approved' WHERE id = $TOM`},
		"as if it had been sent":    {sql: sent},
		"as if it was not known":    {sql: sent + `; UPDATE entry SET state = 'unknown' WHERE id = $TOM`},
		"as if it needed nobody":    {sql: sent + `; UPDATE personal SET decision = replace(decision, 'needs_approval', 'allow')`},
		"as if sent, with a name":   {sql: sent + `; UPDATE entry SET approver = 'robin'; INSERT INTO approval VALUES ($TOM, 'robin', 'approved', 1, '', '', '')`},
		"a signature by a stranger": {sql: approve, do: func(t *testing.T, a *attack) { a.forge(t, mallory, "mallory") }},
		"a stranger's as robin's":   {sql: approve, do: func(t *testing.T, a *attack) { a.forge(t, mallory, "robin") }},
		"who asked for it":          {sql: approve, do: func(t *testing.T, a *attack) { a.forge(t, self, "agent") }},
		"a signature of another action": {honest: true, sql: approve + `; INSERT INTO approval
			SELECT $TOM, approver, verdict, at, note, statement, signature FROM approval WHERE entry_id = $NOOR; UPDATE entry SET state = 'rejected' WHERE id = $NOOR`},
		"other facts under a signature": {honest: true, sql: likeTom},
		"other facts with their ids": {honest: true, sql: likeTom + `; UPDATE entry SET (conversation, customer, charge, same, cost_minor) =
			(SELECT conversation, customer, charge, same, cost_minor FROM entry WHERE id = $TOM) WHERE id = $NOOR`},
		"other facts with their salt":   {honest: true, sql: likeTom + `; UPDATE personal SET salt = (SELECT salt FROM personal WHERE entry_id = $TOM) WHERE entry_id = $NOOR`},
		"a signature that has expired":  {honest: true, sql: `UPDATE entry SET expires_at = expires_at + 864000000`, later: 48 * time.Hour},
		"a person who was removed":      {honest: true, do: func(t *testing.T, a *attack) { enroll(t, a.roster, kim) }},
		"a roster that was put instead": {sql: approve, do: func(t *testing.T, a *attack) { a.usurp(t, mallory); a.forge(t, mallory, "robin") }},
		"no roster in the ledger":       {sql: approve + `; DELETE FROM act`},
		"a person added to the file": {sql: approve, do: func(t *testing.T, a *attack) {
			enroll(t, a.roster, robin, kim, self, mallory)
			a.forge(t, mallory, "mallory")
		}},
		"the command, without a roster": {do: func(t *testing.T, a *attack) {
			mine := append(slices.Clone(a.p.environ), "SUPPORTMCP_APPROVERS=")
			typeIn(t, mine, "approvals", "approve", a.tom, "--as", "robin")
			mallory.signs(t, mine, "approvals", "approve", a.tom)
		}},
		"the command, with a roster of one's own": {do: func(t *testing.T, a *attack) {
			mine := filepath.Join(t.TempDir(), "approvers")
			enroll(t, mine, mallory)
			environ := append(slices.Clone(a.p.environ), "SUPPORTMCP_APPROVERS="+mine)
			mallory.signs(t, environ, "approvers", "apply", mine)
			mallory.signs(t, environ, "approvals", "approve", a.tom)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, roster := guarded(t, robin, kim, self)
			a := &attack{p: p, roster: roster}
			a.tom, a.noor = asked(t, p)
			if c.honest {
				if got := robin.signs(t, p.environ, "approvals", "approve", a.noor); got.status != 0 {
					t.Fatal(got.err)
				}
			}
			a.sql(t, c.sql)
			if c.do != nil {
				c.do(t, a)
			}
			said := ""
			for range 3 {
				said += sweep(t, p.environ, func() time.Time { return time.Now().Add(c.later) })
			}
			if got := p.Stripe.RefundsOf("ch_tom_1"); len(got) != 0 {
				t.Errorf("refunded %v: %s", got, said)
			}
			if got := p.Stripe.RefundsOf("ch_noor_1"); len(got) != 0 {
				t.Errorf("refunded %v: %s", got, said)
			}
		})
	}
}

// attack is what somebody does who can write to the database.
type attack struct {
	p                 *place
	roster, tom, noor string
}

func (a *attack) sql(t *testing.T, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(a.p.database, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	replaced := strings.NewReplacer("$TOM", "'"+a.tom+"'", "$NOOR", "'"+a.noor+"'").Replace(statements)
	if _, err := db.ExecContext(t.Context(), replaced); err != nil {
		t.Fatalf("%s: %v", replaced, err)
	}
}

func (a *attack) open(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), a.p.database, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// forge puts a statement about tom's refund into the ledger, signed with the key
// that the attacker has.
func (a *attack) forge(t *testing.T, by approver, as string) {
	t.Helper()
	l := a.open(t)
	e, err := l.Entry(t.Context(), a.tom)
	if err != nil {
		t.Fatal(err)
	}
	where, err := l.Belonging(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, signature := by.sign(t, approvers.Of(e, policies.Approved, approvers.Place(where), as, time.Now()))
	a.sql(t, `DELETE FROM approval WHERE entry_id = $TOM; INSERT INTO approval VALUES ($TOM, '`+as+`', 'approved', 1, '', '`+text+`', '`+signature+`')`)
}

func (a approver) sign(t *testing.T, s approvers.Statement) (text, signature string) {
	t.Helper()
	file, err := os.ReadFile(a.key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := approvers.OpenKey(file, func() ([]byte, error) { return []byte(passphrase), nil })
	if err != nil {
		t.Fatal(err)
	}
	if text, signature, err = signer.Sign(s); err != nil {
		t.Fatal(err)
	}
	return text, signature
}

// usurp makes a roster of the attacker's the accepted one, under robin's name.
func (a *attack) usurp(t *testing.T, by approver) {
	t.Helper()
	a.sql(t, `DELETE FROM act`)
	l := a.open(t)
	if _, err := l.RecordAct(t.Context(), ledger.Act{Purpose: "roster", Body: "robin " + by.public}, 0); err != nil {
		t.Fatal(err)
	}
}
