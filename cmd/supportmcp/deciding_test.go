package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	keys "golang.org/x/crypto/ssh/agent"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// waiting leaves a note in the ledger of a place that needs somebody's approval.
func waiting(t *testing.T, p *place, mode string, need policies.Need) policies.Entry {
	t.Helper()
	note := policies.Note{Message: policies.Message{Asker: policies.Asker{Conversation: "1"}, Body: "for the record"}}
	facts, err := json.Marshal(note)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := policies.Digest(note)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), p.database, ledger.Options{Now: time.Now, Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e, _, err := l.Begin(t.Context(), policies.Draft{
		Kind: policies.KindNote, Principal: "agent", Subject: note.Subject(), Input: []byte(`{}`), Facts: facts, Digest: bound, Expires: time.Hour, Lease: time.Minute,
	}, func(policies.Snapshot) policies.Decision {
		return policies.Decision{Effect: policies.NeedsApproval, Revision: "rev_1", Need: need}
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAgainstRealVendorsNobodyApprovesWithoutARoster(t *testing.T) {
	t.Parallel()
	for mode, allowed := range map[string]bool{"sandbox": true, "test": false, "live": false} {
		p := settle(t, time.Now)
		e := waiting(t, p, mode, policies.Need{})
		got := typeIn(t, p.environ, "approvals", "approve", e.ID, "--as", "robin")
		if (got.status == 0) != allowed || !allowed && (!strings.Contains(got.err, "nobody can approve here") || !strings.Contains(got.err, "next: write a roster")) {
			t.Errorf("%s: %s%s", mode, got.out, got.err)
		}
		if got := typeIn(t, p.environ, "approvals", "reject", waiting(t, settled(t, p), mode, policies.Need{}).ID, "--as", "robin"); got.status != 0 {
			t.Errorf("%s: nobody can refuse: %s", mode, got.err)
		}
	}
}

// settled is another place with the same vendors and a ledger of its own.
func settled(t *testing.T, p *place) *place {
	t.Helper()
	other := *p
	other.database = "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db")
	p.environ = append(slices.Clone(p.environ), "SUPPORTMCP_DATABASE_URL="+other.database)
	return &other
}

// A server with keys of real vendors asks its panel, which knows nobody.
func TestAServerOfRealVendorsCountsNobodyWithoutARoster(t *testing.T) {
	t.Parallel()
	for mode, asks := range map[string]bool{"sandbox": false, "test": true, "live": true} {
		p := settle(t, time.Now)
		waiting(t, p, mode, policies.Need{})
		l, err := ledger.Open(t.Context(), p.database, ledger.Options{Now: time.Now, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, who, err := whoApproves(t.Context(), settings{mode: mode, now: time.Now, log: newLogger(io.Discard, "error")}, l, nil)
		if err != nil || (who != nil) != asks {
			t.Fatalf("%s: %v, %v", mode, who, err)
		}
		if who == nil {
			continue
		}
		named := []policies.Approval{{By: "robin", Verdict: policies.Approved}}
		if err := who.Judge(t.Context(), policies.Entry{ID: "act_1"}, named, policies.Need{}); fault.CodeOf(err) != fault.Refused {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestSeveralPeopleOfARoleMustSign(t *testing.T) {
	t.Parallel()
	robin, kim := newApprover(t, "robin"), newApprover(t, "kim")
	p, roster := guarded(t, robin, kim)
	e := waiting(t, p, "sandbox", policies.Need{Role: "finance", People: 2})
	if got := typeIn(t, p.environ, "approvers", "apply", roster); got.status != 0 {
		t.Fatal(got.err)
	}
	if got := robin.signs(t, p.environ, "approvals", "approve", e.ID); got.status != 0 || !strings.Contains(got.out, "2 approvals by finance are needed") {
		t.Errorf("%s%s", got.out, got.err)
	}
	if got := robin.signs(t, p.environ, "approvals", "approve", e.ID); got.status == 0 || !strings.Contains(got.err, "has approved "+e.ID+" already") {
		t.Errorf("robin again: %s%s", got.out, got.err)
	}
	if got := kim.signs(t, p.environ, "approvals", "approve", e.ID); got.status != 0 || !strings.Contains(got.out, "is now approved (by kim)") {
		t.Errorf("%s%s", got.out, got.err)
	}
}

// What a person is shown must be what is signed.
func TestFactsThatWereChangedInTheLedgerAreNotSigned(t *testing.T) {
	t.Parallel()
	robin := newApprover(t, "robin")
	p, _ := guarded(t, robin)
	tom, noor := asked(t, p)
	a := &attack{p: p, tom: tom, noor: noor}
	a.sql(t, `UPDATE personal SET facts = replace(facts, '120.00 EUR', '1.00 EUR') WHERE entry_id = $TOM`)
	for _, args := range [][]string{{"approvals", "approve", tom}, {"approvals", "statement", tom, "approve", "--as", "robin"}} {
		got, _ := typeAs(t, typist{answer: "yes", passphrase: passphrase}, p.environ, args...)
		if got.status == 0 || !strings.Contains(got.err, "are not those that it is bound to") {
			t.Errorf("%v: %s%s", args, got.out, got.err)
		}
	}
}

func TestSettlingNeedsASignatureWhereThereIsARoster(t *testing.T) {
	t.Parallel()
	robin := newApprover(t, "robin")
	p, _ := guarded(t, robin)
	tom, noor := asked(t, p)
	a := &attack{p: p, tom: tom, noor: noor}
	if got := robin.signs(t, p.environ, "approvals", "approve", tom); got.status != 0 {
		t.Fatal(got.err)
	}
	l := a.open(t)
	e, err := l.Entry(t.Context(), tom)
	if err != nil {
		t.Fatal(err)
	}
	sending := func(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Allow} }
	if _, _, err := l.Resume(t.Context(), tom, e.Draft, sending); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Settle(t.Context(), tom, policies.Settlement{State: policies.Review, Failure: &fault.Error{Code: fault.Upstream, Message: "lost"}}); err != nil {
		t.Fatal(err)
	}
	settle := []string{"actions", "settle", tom, "failed", "--note", "not in the dashboard"}
	if got := typeIn(t, p.environ, append(settle, "--as", "robin")...); got.status == 0 {
		t.Errorf("settled by name: %s", got.out)
	}
	if got := robin.signs(t, p.environ, settle...); got.status != 0 || !strings.Contains(got.out, "is now failed (by robin)") {
		t.Errorf("%s%s", got.out, got.err)
	}
	if given, err := l.Approvals(t.Context(), tom); err != nil || len(given) != 2 || given[1].Verdict != policies.Failed || given[1].Signature == "" {
		t.Errorf("kept %+v: %v", given, err)
	}
	if got := typeIn(t, p.environ, "audit", "verify"); got.status != 0 {
		t.Errorf("%s%s", got.out, got.err)
	}
}

// fido is an agent with a FIDO key in software, which somebody touches.
type fido struct {
	keys.Agent
	private ed25519.PrivateKey
}

func (f fido) Sign(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	app, sum := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	rest := []byte{1, 0, 0, 0, 7}
	return &ssh.Signature{Format: key.Type(), Blob: ed25519.Sign(f.private, slices.Concat(app[:], rest, sum[:])), Rest: rest}, nil
}

func TestAFIDOKeySignsThroughTheAgentOfTheUser(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct{ Type, Key, Application string }{
		ssh.KeyAlgoSKED25519, string(private.Public().(ed25519.PublicKey)), "ssh:",
	}))
	if err != nil {
		t.Fatal(err)
	}
	public := string(ssh.MarshalAuthorizedKey(key))
	robin := approver{"robin", written(t, "id_sk.pub", public, 0o600), public}
	p, _ := guarded(t, robin)
	tom, _ := asked(t, p)
	if got := robin.signs(t, p.environ, "approvals", "approve", tom); got.status == 0 || !strings.Contains(got.err, "no agent can be reached") {
		t.Errorf("without an agent: %s%s", got.out, got.err)
	}
	environ := append(slices.Clone(p.environ), "SSH_AUTH_SOCK="+agentOf(t, fido{keys.NewKeyring(), private}))
	if got := robin.signs(t, environ, "approvals", "approve", tom); got.status != 0 {
		t.Errorf("%s%s", got.out, got.err)
	}
	if sweep(t, p.environ, time.Now); len(p.Stripe.RefundsOf("ch_tom_1")) != 1 {
		t.Error("it is not carried out")
	}
}

// agentOf serves an agent at a socket.
func agentOf(t *testing.T, a keys.Agent) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = keys.ServeAgent(a, c) }()
		}
	}()
	return path
}

func TestAWatcherTellsIdsKindsAndAmountsOnce(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	a := hire(t, p.environ, "serve")
	waits := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1", "note", "CANARY of an agent"))
	a.leave()
	got := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.Header.Get("Content-Type") + " " + string(body)
		if len(got) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // the first time nobody hears it
		}
	}))
	defer hook.Close()
	l := (&attack{p: p}).open(t)
	o := lookout{webhook: hook.URL, told: map[string]bool{}}
	w := world{out: io.Discard, err: io.Discard, environ: p.environ, now: time.Now}
	if err := o.look(t.Context(), w, l); err == nil {
		t.Error("what was not heard counts as told")
	}
	for range 2 {
		if err := o.look(t.Context(), w, l); err != nil {
			t.Error(err)
		}
	}
	close(got)
	var heard []string
	for h := range got {
		heard = append(heard, h)
	}
	if len(heard) != 2 || heard[0] != heard[1] {
		t.Fatalf("heard %q", heard)
	}
	var n map[string]any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(heard[1], "application/json ")), &n); err != nil || len(n) != 5 ||
		n["action_id"] != waits.Action || n["amount"] != "120.00 EUR" || n["kind"] != "refund" || n["state"] != "awaiting_approval" {
		t.Errorf("heard %q: %v", heard[1], err)
	}
}
