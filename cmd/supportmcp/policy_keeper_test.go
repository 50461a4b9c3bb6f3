package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

const (
	lenient = "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 50.00, max: 500.00}}}\n"
	strict  = "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 20.00, max: 500.00}}}\n"
	broken  = "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 50.00}}}\n"
)

// kept is a keeper of a file on a real ledger, with its log.
type kept struct {
	*keeper
	t   *testing.T
	log *bytes.Buffer
}

func newKept(t *testing.T, l *ledger.Ledger, path string) *kept {
	t.Helper()
	k := &kept{t: t, log: &bytes.Buffer{}}
	k.keeper = &keeper{
		path: path, name: path, ledger: l, guard: &policies.Guard{Ledger: l}, signed: byName,
		log: slog.New(slog.NewTextHandler(k.log, nil)),
	}
	_, text, err := readPolicy(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.settle(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kept) wants(text, doubt string) {
	k.t.Helper()
	want, err := policies.Parse("", []byte(text))
	if err != nil {
		k.t.Fatal(err)
	}
	if got := k.guard.Policy(); got == nil || got.Revision != want.Revision {
		k.t.Errorf("in force is %+v, want revision %s", got, want.Revision)
	}
	why := ""
	if d := k.doubt.Load(); d != nil {
		why = *d
	}
	if (doubt == "") != (why == "") || !strings.Contains(why, doubt) {
		k.t.Errorf("the doubt is %q, want %q", why, doubt)
	}
	if shown := string(k.shown()); !strings.HasSuffix(shown, text) || doubt != "" && !strings.HasPrefix(shown, "# the policy file") {
		k.t.Errorf("shown is %s", shown)
	}
}

func TestAChangedPolicyIsTakenUpUnlessItIsBrokenOrLooser(t *testing.T) {
	t.Parallel()
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "own", "ledger.db"), ledger.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(lenient)
	k := newKept(t, l, file)
	k.wants(lenient, "")
	write(strict)
	k.look(t.Context())
	k.wants(strict, "")
	write(broken)
	k.look(t.Context())
	k.look(t.Context())
	k.wants(strict, "needs the key max")
	if n := strings.Count(k.log.String(), "last good policy"); n != 1 {
		t.Errorf("the log tells it %d times", n)
	}
	write(strict) // as it was before it broke
	k.look(t.Context())
	k.wants(strict, "")
	write(lenient)
	k.look(t.Context())
	k.wants(strict, "refund.currencies.eur.auto")
	k = newKept(t, l, file) // a restart changes nothing
	k.wants(strict, "policy apply")
	if err := l.Accept(t.Context(), ledger.Accepted{Seq: 3, Body: lenient, By: "robin"}); err != nil {
		t.Fatal(err)
	}
	k.look(t.Context())
	k.wants(lenient, "")
	write("# the same, with a comment\n" + lenient)
	k.look(t.Context())
	k.wants("# the same, with a comment\n"+lenient, "")
}

// A policy that loosens and that nobody let through is no ground for anything,
// however it came into the history.
func TestAnUnsignedPolicyInTheHistoryIsPassedOver(t *testing.T) {
	t.Parallel()
	file, err := policies.Parse("", []byte(lenient))
	if err != nil {
		t.Fatal(err)
	}
	s := policies.Stand("", file, []policies.Record{{Text: strict}, {Text: lenient}, {Text: "version: 2"}})
	if s.Text != strict || s.New || len(s.Looser) == 0 {
		t.Errorf("it stands %+v", s)
	}
	if s := policies.Stand("", file, []policies.Record{{Text: strict}, {Text: lenient, Signed: true}}); s.Text != lenient || s.New || s.Looser != nil {
		t.Errorf("signed, it stands %+v", s)
	}
}
