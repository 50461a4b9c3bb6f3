package approvers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func roster(t *testing.T) Roster {
	t.Helper()
	r, err := ParseRoster([]byte(read(t, "roster")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

func TestAStatementIsOneTextAndNoOtherTextIsOne(t *testing.T) {
	text := read(t, "statement.txt")
	s, err := ParseStatement(text)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Text(); err != nil || again != text {
		t.Errorf("written again it is %q: %v", again, err)
	}
	lines := strings.SplitAfter(text, "\n")
	for name, other := range map[string]string{
		"no text":         "",
		"another version": strings.Replace(text, "statement 1", "statement 2", 1),
		"a line more":     text + "verdict: approved\n",
		"an unknown line": text + "amount: 1.00 EUR\n",
		"a space more":    strings.Replace(text, "approve\n", "approve \n", 1),
		"another order":   lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], ""),
		"another zone":    strings.Replace(text, "03:04:05Z", "04:04:05+01:00", 1),
		"Windows' lines":  strings.ReplaceAll(text, "\n", "\r\n"),
		"no last newline": strings.TrimSuffix(text, "\n"),
		"an empty value":  strings.Replace(text, "account: acct_1", "account: ", 1),
		"too long":        text + strings.Repeat("#", longestStatement),
	} {
		if _, err := ParseStatement(other); fault.CodeOf(err) != fault.Refused {
			t.Errorf("%s is a statement: %v", name, err)
		}
	}
}

func TestAValueCannotAddALineToAStatement(t *testing.T) {
	for _, bad := range []string{"a\nverdict: approved", "a\r", "\x00", " a", "\xff", "a\x1b[2J"} {
		if text, err := (Statement{Subject: bad}).Text(); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q makes %q: %v", bad, text, err)
		}
	}
}

func FuzzStatement(f *testing.F) {
	f.Add("supportmcp statement 1\npurpose: approve\nsubject: act_1\ntime: 2026-01-02T03:04:05.678Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStatement(text)
		if err != nil {
			return
		}
		if again, err := s.Text(); err != nil || again != text {
			t.Errorf("%q is read and written as %q: %v", text, again, err)
		}
	})
}

// The signatures were made by ssh-keygen -Y sign of OpenSSH 9.2.
func TestSignaturesOfSSHKeygenCountByTheirKey(t *testing.T) {
	text := read(t, "statement.txt")
	for file, want := range map[string]struct{ person, refused string }{
		"ed25519":   {person: "robin"},
		"sha256":    {person: "robin"},
		"ecdsa256":  {person: "robin"},
		"ecdsa521":  {person: "noa", refused: "the statement is robin's, and the key is noa's"},
		"rsa3072":   {person: "kim@example.com", refused: "the statement is robin's"},
		"rsa2048":   {refused: "an rsa key needs 3072"},
		"dsa":       {refused: "does not count"},
		"namespace": {refused: "it was made for git"},
	} {
		s, who, err := roster(t).Verify(text, read(t, file+".sig"), noon())
		switch {
		case want.refused == "" && (err != nil || who.Name != want.person || s.Subject != "act_6e98cd2f8ebcd996e45d1336"):
			t.Errorf("%s: %s, %+v: %v", file, who.Name, s, err)
		case want.refused != "" && (fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), want.refused)):
			t.Errorf("%s: want %q, got %v", file, want.refused, err)
		}
	}
}

func TestNoChangedByteOfAStatementOrItsSignatureCounts(t *testing.T) {
	text, signature := read(t, "statement.txt"), read(t, "ed25519.sig")
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		if _, _, err := roster(t).Verify(string(changed), signature, noon()); err == nil {
			t.Errorf("byte %d of the statement changed, and it counts", i)
		}
	}
	for i := range signature {
		changed := []byte(signature)
		changed[i] ^= 1
		// In the last character of base64 not every bit means something; what is read is the same.
		if _, _, err := roster(t).Verify(text, string(changed), noon()); err == nil && !sameBlob(signature, string(changed)) {
			t.Errorf("byte %d of the signature changed, and it counts", i)
		}
	}
	for name, other := range map[string]string{
		"nothing": "", "no armour": "SSHSIG", "twice": signature + signature, "another armour": strings.ReplaceAll(signature, armor, "SSH SIG"),
		"too long": signature + strings.Repeat("\n", longestSignature), "cut": signature[:100],
	} {
		if _, _, err := roster(t).Verify(text, other, noon()); fault.CodeOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func sameBlob(a, b string) bool {
	x, err := open(a)
	y, failed := open(b)
	return err == nil && failed == nil && x == y
}

func TestAKeyCountsOnlyInItsTime(t *testing.T) {
	p, _ := roster(t).holder(keyOf(t, "rsa3072.pub"))
	for _, c := range []struct {
		at     time.Time
		counts bool
	}{
		{time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC), false},
		{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(2026, 12, 31, 23, 58, 59, 0, time.UTC), true},
		{time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC), false},
	} {
		if got := p.countsAt(c.at); got != c.counts {
			t.Errorf("at %s: %v", c.at, got)
		}
	}
}

func TestARosterSaysWhoMayApprove(t *testing.T) {
	r := roster(t)
	if got := strings.Join(r.People(), " "); got != "kim@example.com noa robin" {
		t.Errorf("people: %s", got)
	}
	if p, err := r.Person(keyOf(t, "rsa3072.pub")); err != nil || strings.Join(p.Roles, " ") != "finance lead" {
		t.Errorf("roles: %v, %v", p.Roles, err)
	}
	if _, err := r.Person(keyOf(t, "rsa2048.pub")); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a stranger's key: %v", err)
	}
}

func TestARosterThatIsNotClearIsRefusedWithItsLines(t *testing.T) {
	key := strings.Join(strings.Fields(read(t, "ed25519.pub"))[:2], " ")
	other := strings.Join(strings.Fields(read(t, "ecdsa256.pub"))[:2], " ")
	weak := strings.Join(strings.Fields(read(t, "rsa2048.pub"))[:2], " ")
	for text, want := range map[string]string{
		"":                                         "names nobody",
		"# nobody\n":                               "names nobody",
		"robin " + weak:                            "line 1: an rsa key needs 3072",
		"* " + key:                                 `line 1: "*" must be letters`,
		"!robin " + key:                            "must be letters",
		"role:finance " + key:                      "must begin with the name",
		"robin,kim " + key:                         "a line names one person",
		"robin,role:* " + key:                      "must be letters",
		"robin":                                    "must come a key",
		"robin ssh-ed25519 AAAA":                   "cannot be read",
		"robin ssh-ed25519 %%%":                    "must come a key",
		"robin ssh-rsa" + key[11:]:                 "the key is of type ssh-ed25519, and the line says ssh-rsa",
		"robin cert-authority " + key:              `"cert-authority" is not known`,
		`robin namespaces="git" ` + key:            "the key is for git",
		`robin namespaces="*" ` + key:              "the key is for *",
		`robin valid-after="20260101" ` + key:      "must be a time in UTC",
		`robin valid-before="soon" ` + key:         "must be a time in UTC",
		"\n\nrobin " + key + "\nkim " + key:        "line 4: this key stands there already, for robin",
		"robin " + key + "\nRobin " + other:        "line 2: Robin is also written robin",
		"robin " + key + "\nrobin,role:a " + other: "line 2: robin has other roles",
		strings.Repeat("#", longestRoster+1):       "too long",
	} {
		if _, err := ParseRoster([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: want %q, got %v", text, want, err)
		}
	}
}

func TestOnlyWhatTwoRostersShareCounts(t *testing.T) {
	key := strings.Join(strings.Fields(read(t, "ed25519.pub"))[:2], " ")
	parse := func(text string) Roster {
		r, err := ParseRoster([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	full := roster(t)
	for name, c := range map[string]struct {
		other  string
		people string
		roles  string
	}{
		"the same":       {read(t, "roster"), "kim@example.com noa robin", "finance"},
		"fewer roles":    {"robin " + key, "robin", ""},
		"another role":   {"robin,role:boss " + key, "robin", ""},
		"another name":   {"mallory,role:finance " + key, "", ""},
		"more than ever": {read(t, "roster") + "mallory " + strings.Join(strings.Fields(ephemeral(t))[:2], " "), "kim@example.com noa robin", "finance"},
	} {
		both := full.Within(parse(c.other))
		p, _ := both.holder(keyOf(t, "ed25519.pub"))
		if got := strings.Join(both.People(), " "); got != c.people || strings.Join(p.Roles, " ") != c.roles {
			t.Errorf("%s: %q with roles %v", name, got, p.Roles)
		}
	}
}

// What ssh-keygen says of the same files must be what we say.
func TestSSHKeygenAgrees(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Log("ssh-keygen is not here; its recorded signatures are checked by another test")
		if _, _, err := roster(t).Verify(read(t, "statement.txt"), read(t, "ed25519.sig"), noon()); err != nil {
			t.Error(err)
		}
		return
	}
	dir := t.TempDir()
	private, public := filepath.Join(dir, "key"), ""
	file, passphrase := protectedKey(t)
	signer, err := OpenKey(file, func() ([]byte, error) { return passphrase, nil })
	if err != nil {
		t.Fatal(err)
	}
	public = authorized(signer.Key())
	text, signature, err := signer.Sign(Statement{Purpose: Approve, Subject: "act_1", Signer: "robin", Time: noon()})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "approvers"), `robin,role:finance namespaces="supportmcp" `+public)
	write(t, filepath.Join(dir, "sig"), signature)
	write(t, private, string(file))
	verify := exec.CommandContext(t.Context(), keygen, "-Y", "verify", "-f", filepath.Join(dir, "approvers"), "-I", "robin", "-n", Namespace, "-s", filepath.Join(dir, "sig"))
	verify.Stdin = strings.NewReader(text)
	if out, err := verify.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Good")) {
		t.Errorf("ssh-keygen does not take our signature and roster: %s: %v", out, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
