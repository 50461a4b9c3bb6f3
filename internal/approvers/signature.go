package approvers

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The parts of a signature by ssh-keygen -Y sign, as OpenSSH's file
// PROTOCOL.sshsig describes them.
const (
	magic     = "SSHSIG"
	armor     = "SSH SIGNATURE"
	sha512Sum = "sha512"
	sha256Sum = "sha256"
	atLine    = 70 // characters in a line of an armoured signature

	longestSignature = 16 << 10 // bytes, more than any key that counts needs
)

// envelope is a signature as it is encoded.
type envelope struct {
	Version   uint32
	PublicKey string
	Namespace string
	Reserved  string
	HashName  string
	Signature string
}

// message is what the key itself signs.
type message struct {
	Namespace string
	Reserved  string
	HashName  string
	Hash      string
}

func toSign(hashName string, text []byte) ([]byte, bool) {
	var sum []byte
	switch hashName {
	case sha512Sum:
		s := sha512.Sum512(text)
		sum = s[:]
	case sha256Sum:
		s := sha256.Sum256(text)
		sum = s[:]
	default:
		return nil, false
	}
	m := ssh.Marshal(message{Namespace: Namespace, HashName: hashName, Hash: string(sum)})
	return append([]byte(magic), m...), true
}

// open reads an armoured signature for our namespace.
func open(armoured string) (envelope, error) {
	var e envelope
	block, rest := pem.Decode([]byte(armoured))
	switch {
	case len(armoured) > longestSignature, block == nil, block.Type != armor, len(block.Headers) > 0, strings.TrimSpace(string(rest)) != "":
		return e, badSignature("it is not in the format of ssh-keygen -Y sign")
	}
	blob, ok := strings.CutPrefix(string(block.Bytes), magic)
	if !ok || ssh.Unmarshal([]byte(blob), &e) != nil || e.Version != 1 {
		return e, badSignature("it is not in the format of ssh-keygen -Y sign")
	}
	if e.Namespace != Namespace {
		return e, badSignature("it was made for " + e.Namespace + ", not with -n " + Namespace)
	}
	return e, nil
}

// signedBy checks an armoured signature of a text and gives the key that made it.
// Whose key it is remains to be asked of a roster. A FIDO key must tell that
// somebody touched it.
func signedBy(text, armoured string) (ssh.PublicKey, error) {
	e, err := open(armoured)
	if err != nil {
		return nil, err
	}
	key, err := parseKey([]byte(e.PublicKey))
	if err != nil {
		return nil, badSignature(err.Error())
	}
	var s ssh.Signature
	data, ok := toSign(e.HashName, []byte(text))
	if !ok || ssh.Unmarshal([]byte(e.Signature), &s) != nil || !slices.Contains(formats(key.Type()), s.Format) {
		return nil, badSignature("it was made in a way that does not count")
	}
	if err := key.Verify(data, &s); err != nil {
		return nil, badSignature("it is not a signature of these words by its key")
	}
	return key, nil
}

func badSignature(why string) error {
	return refused("sign the statement again, with ssh-keygen -Y sign -n "+Namespace+" or with --key", "the signature does not count: %s", why)
}

// seal writes a signature as ssh-keygen does.
func seal(key ssh.PublicKey, s *ssh.Signature) string {
	blob := magic + string(ssh.Marshal(envelope{
		Version: 1, PublicKey: string(key.Marshal()), Namespace: Namespace, HashName: sha512Sum, Signature: string(ssh.Marshal(s)),
	}))
	var b strings.Builder
	b.WriteString("-----BEGIN " + armor + "-----\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(blob))), atLine) {
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteString("-----END " + armor + "-----\n")
	return b.String()
}
