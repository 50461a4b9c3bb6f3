package approvers

import (
	"os"
	"path/filepath"
	"testing"
)

func FuzzRoster(f *testing.F) {
	if text, err := os.ReadFile(filepath.Join("testdata", "roster")); err == nil {
		f.Add(string(text))
	}
	f.Add("robin,role:a valid-after=\"20260101Z\" ssh-ed25519 AAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRoster([]byte(text))
		if err != nil {
			return
		}
		if n := len(r.Within(r).Keys()); n != len(r.Keys()) || len(r.People()) == 0 {
			t.Errorf("%d of %d keys stand in the roster itself", n, len(r.Keys()))
		}
	})
}

// A signature of other text than the one that was signed never counts.
func FuzzSignature(f *testing.F) {
	signature, err := os.ReadFile(filepath.Join("testdata", "ed25519.sig"))
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "statement.txt"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text)+"x", string(signature))
	f.Add("", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n")
	f.Fuzz(func(t *testing.T, other, made string) {
		if other == string(text) {
			return
		}
		if key, err := signedBy(other, made); err == nil {
			t.Errorf("a signature by %s came out of nothing", key.Type())
		}
	})
}
