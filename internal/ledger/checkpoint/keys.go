package checkpoint

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verifier tells whether one of some keys signed a checkpoint. The zero value
// knows none, and accepts nothing.
type Verifier struct {
	keys []note.Verifier
	text []string
}

// ParseVerifier reads public keys as Verifier.Keys gives them.
func ParseVerifier(keys ...string) (Verifier, error) {
	var v Verifier
	for _, key := range keys {
		key = strings.TrimSpace(key)
		one, err := note.NewVerifier(key)
		if err != nil {
			return Verifier{}, fmt.Errorf("%q is no public key of checkpoints: %w", shortened(key), err)
		}
		if slices.Contains(v.text, key) {
			continue
		}
		v.keys, v.text = append(v.keys, one), append(v.text, key)
	}
	return v, nil
}

// shortened keeps a private key, given in the place of a public one, out of messages.
func shortened(key string) string {
	if strings.HasPrefix(key, "PRIVATE") {
		return "PRIVATE…"
	}
	return key
}

// Keys are the public keys in text form, the one in use first.
func (v Verifier) Keys() []string { return slices.Clone(v.text) }

// Open reads a note that one of the keys signed.
func (v Verifier) Open(text string) (Checkpoint, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(v.keys...))
	if unknown, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return Checkpoint{}, fmt.Errorf("the checkpoint is signed with another key, %s", signers(unknown.Note.UnverifiedSigs))
	}
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return Checkpoint{}, errors.New("the checkpoint's signature is false")
	}
	if err != nil || len(opened.Sigs) != 1 {
		return Checkpoint{}, errMalformed
	}
	return read(text, opened.Text, opened.Sigs[0])
}

func signers(by []note.Signature) string {
	names := make([]string, len(by))
	for i, s := range by {
		names[i] = fmt.Sprintf("%s+%08x", s.Name, s.Hash)
	}
	return strings.Join(names, ", ")
}

// Signer signs checkpoints. It also verifies those that earlier keys signed.
type Signer struct {
	signer note.Signer
	Verifier
}

// Generate makes a new key with a name of its own and gives the text of its file:
// the private key in the first line, and below it the public keys that the
// checkpoints before it were signed with.
func Generate(before Verifier) (string, error) {
	private, _, err := note.GenerateKey(rand.Reader, "supportmcp/"+strings.ToLower(rand.Text()[:8]))
	if err != nil {
		return "", fmt.Errorf("make a key for checkpoints: %w", err)
	}
	return strings.Join(append([]string{private}, before.text...), "\n") + "\n", nil
}

// ParseSigner reads the text of a key's file. An error never holds any of it.
func ParseSigner(file string) (Signer, error) {
	lines := strings.FieldsFunc(file, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) == 0 {
		return Signer{}, errors.New("the file of the key is empty")
	}
	private := strings.TrimSpace(lines[0])
	signer, err := note.NewSigner(private)
	if err != nil {
		return Signer{}, errors.New("its first line is no private key of checkpoints")
	}
	public, err := publicKey(signer, private)
	if err != nil {
		return Signer{}, err
	}
	v, err := ParseVerifier(append([]string{public}, lines[1:]...)...)
	if err != nil {
		return Signer{}, errors.New("a line below the first is no public key of checkpoints")
	}
	return Signer{signer, v}, nil
}

// Sign states that the log has so many events under a root.
func (s Signer) Sign(size int64, root tlog.Hash) (Checkpoint, error) {
	c := Checkpoint{Origin: s.signer.Name(), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, s.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign a checkpoint of %d events: %w", size, err)
	}
	return s.Open(string(signed))
}

// publicKey is the public key, in text form, of a private key in text form.
func publicKey(signer note.Signer, private string) (string, error) {
	parts := strings.SplitN(private, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("its first line is no private key of checkpoints")
	}
	public, _ := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(signer.Name(), public)
}
