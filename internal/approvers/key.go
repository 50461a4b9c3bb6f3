package approvers

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The sizes of RSA keys that count, in bits: shorter ones are too weak, and much
// longer ones only make checking slow.
const (
	shortestRSA = 3072
	longestRSA  = 16384
)

// formats are the kinds of signature that a key of a type may make; none for a
// type that does not count. SHA-1 is left out.
func formats(keyType string) []string {
	switch keyType {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return []string{keyType}
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return nil
}

// checkKey says why a key cannot be an approver's.
func checkKey(k ssh.PublicKey) error {
	if formats(k.Type()) == nil {
		return fmt.Errorf("keys of type %s do not count: use ed25519, ecdsa, their FIDO kinds (sk), or rsa", k.Type())
	}
	c, ok := k.(ssh.CryptoPublicKey)
	if !ok {
		return nil
	}
	if r, is := c.CryptoPublicKey().(*rsa.PublicKey); is {
		if n := r.N.BitLen(); n < shortestRSA || n > longestRSA {
			return fmt.Errorf("an rsa key needs %d to %d bits, this one has %d", shortestRSA, longestRSA, n)
		}
	}
	return nil
}

// onDevice reports whether a key lives in a FIDO device, which asks for a touch.
func onDevice(k ssh.PublicKey) bool {
	return strings.HasPrefix(k.Type(), "sk-")
}

func parseKey(blob []byte) (ssh.PublicKey, error) {
	k, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, errors.New("the public key cannot be read")
	}
	return k, checkKey(k)
}
