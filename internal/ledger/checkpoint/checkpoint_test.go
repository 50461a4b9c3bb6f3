package checkpoint_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"supportmcp/internal/ledger/checkpoint"
)

// key makes a signer as a file holds it.
func key(t testing.TB, before checkpoint.Verifier) checkpoint.Signer {
	t.Helper()
	file, err := checkpoint.Generate(before)
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoint.ParseSigner(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s checkpoint.Signer, size int64, root tlog.Hash) checkpoint.Checkpoint {
	t.Helper()
	c, err := s.Sign(size, root)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestASignedCheckpointIsReadBackWithItsThreeFacts(t *testing.T) {
	t.Parallel()
	s := key(t, checkpoint.Verifier{})
	root := tlog.RecordHash([]byte("root"))
	c := sign(t, s, 7, root)
	want := fmt.Sprintf("%s\n7\n%s\n\n— %s %s\n", c.Origin, root, c.Origin, c.Signature())
	if c.Note != want || len(c.Signature()) != 92 {
		t.Errorf("signed %q, want %q", c.Note, want)
	}
	for name, read := range map[string]func(string) (checkpoint.Checkpoint, error){"verified": s.Open, "unverified": checkpoint.Unverified} {
		if got, err := read(c.Note); err != nil || got != c {
			t.Errorf("%s: read back as %+v: %v", name, got, err)
		}
	}
}

func TestACheckpointOfAnotherKeyIsRefusedUntilTheKeyIsKnown(t *testing.T) {
	t.Parallel()
	first := key(t, checkpoint.Verifier{})
	second := key(t, first.Verifier) // its file names the first
	third := key(t, checkpoint.Verifier{})
	old := sign(t, first, 1, tlog.Hash{})
	if _, err := second.Open(old.Note); err != nil {
		t.Errorf("a key that replaced the first: %v", err)
	}
	if _, err := third.Open(old.Note); err == nil || !strings.Contains(err.Error(), old.Origin) {
		t.Errorf("a foreign key: %v", err)
	}
	if _, err := (checkpoint.Verifier{}).Open(old.Note); err == nil {
		t.Error("no key at all")
	}
	if keys := second.Keys(); len(keys) != 2 || keys[1] != first.Keys()[0] {
		t.Errorf("the second key's file knows %v", keys)
	}
}

func TestNoChangedByteOfACheckpointIsAccepted(t *testing.T) {
	t.Parallel()
	s := key(t, checkpoint.Verifier{})
	c := sign(t, s, 1234, tlog.RecordHash([]byte("root")))
	rapid.Check(t, func(t *rapid.T) {
		changed := change(t, []byte(c.Note))
		if got, err := s.Open(string(changed)); err == nil {
			t.Errorf("%q is accepted as %+v", changed, got)
		}
	})
}

// change changes, inserts, removes or cuts off bytes.
func change(t *rapid.T, b []byte) []byte {
	at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
	out := append([]byte{}, b...)
	switch rapid.SampledFrom([]string{"change", "insert", "remove", "cut", "lower", "append"}).Draw(t, "how") {
	case "change":
		out[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
	case "insert":
		out = append(out[:at], append([]byte{rapid.Byte().Draw(t, "byte")}, b[at:]...)...)
	case "remove":
		out = append(out[:at], b[at+1:]...)
	case "cut":
		out = out[:at]
	case "lower":
		out[at] ^= 1
	case "append":
		out = append(out, rapid.SampledFrom([]string{" ", "\n", "{}", "\x00"}).Draw(t, "tail")...)
	}
	if string(out) == string(b) {
		t.Skip("nothing changed")
	}
	return out
}

func TestWhatIsNoCheckpointIsRefused(t *testing.T) {
	t.Parallel()
	s := key(t, checkpoint.Verifier{})
	good := sign(t, s, 12, tlog.Hash{}).Note
	for name, text := range map[string]string{
		"nothing":           "",
		"a text":            "hello\n",
		"no signature":      good[:strings.Index(good, "—")],
		"a second signer":   good + sign(t, key(t, checkpoint.Verifier{}), 12, tlog.Hash{}).Note[strings.Index(good, "—"):],
		"two checkpoints":   good + good,
		"a doubled signer":  good + good[strings.Index(good, "—"):],
		"a line break more": good + "\n",
	} {
		if _, err := s.Open(text); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if _, err := checkpoint.Unverified(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	for _, size := range []int64{0, -1, 1 << 62} {
		if _, err := s.Sign(size, tlog.Hash{}); err == nil {
			t.Errorf("a log of %d events is signed", size)
		}
	}
}

func TestAFileOfManyCheckpointsIsTakenApart(t *testing.T) {
	t.Parallel()
	s := key(t, checkpoint.Verifier{})
	one, two := sign(t, s, 1, tlog.Hash{}).Note, sign(t, s, 2, tlog.Hash{}).Note
	for name, text := range map[string]string{"end to end": one + two, "with empty lines": "\n" + one + "\n\n" + two + "\n"} {
		got, err := checkpoint.Split(text)
		if err != nil || len(got) != 2 || got[0] != one || got[1] != two {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := checkpoint.Split(one + two[:len(two)/2]); err == nil {
		t.Error("half a checkpoint at the end is passed over")
	}
}

func TestAKeyFileThatIsNoneIsRefusedWithoutTellingIt(t *testing.T) {
	t.Parallel()
	file, err := checkpoint.Generate(checkpoint.Verifier{})
	if err != nil {
		t.Fatal(err)
	}
	private := strings.TrimSpace(file)
	for name, text := range map[string]string{
		"nothing": "", "half a key": private[:len(private)-10], "another byte": private[:len(private)-3] + "AAA",
		"two private keys": file + file, "a public key": key(t, checkpoint.Verifier{}).Keys()[0],
	} {
		_, err := checkpoint.ParseSigner(text)
		if err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := checkpoint.ParseVerifier(private); err == nil || strings.Contains(err.Error(), private[len(private)-20:]) {
		t.Errorf("a private key in the place of a public one: %v", err)
	}
}
