package approvers

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"supportmcp/internal/fault"
)

// Signer signs statements with one key.
type Signer struct {
	key  ssh.PublicKey
	sign func(data []byte) (*ssh.Signature, error)
}

// Key is the public half.
func (s Signer) Key() ssh.PublicKey { return s.key }

// OpenKey opens a private key file that a passphrase protects, and asks for the
// passphrase once. A key that anybody could use who can read its file is refused,
// and so is one that lives in a FIDO device, which only an agent can use.
func OpenKey(file []byte, passphrase func() ([]byte, error)) (Signer, error) {
	_, err := ssh.ParseRawPrivateKey(file)
	if err == nil {
		return Signer{}, refused("protect it with ssh-keygen -p -f FILE", "the private key has no passphrase, so whoever can read its file could approve")
	}
	locked, is := errors.AsType[*ssh.PassphraseMissingError](err)
	if !is {
		return Signer{}, &fault.Error{
			Code: fault.Invalid, Took: fault.No, Cause: err, Message: "the private key cannot be read",
			NextStep: "give a private key made by ssh-keygen; for one in a FIDO device give its file FILE.pub, or sign with ssh-keygen -Y sign",
		}
	}
	if locked.PublicKey != nil && onDevice(locked.PublicKey) {
		return Signer{}, fault.Invalidf("give its file FILE.pub while an agent has it, or sign with ssh-keygen -Y sign", "the key lives in a FIDO device")
	}
	secret, err := passphrase()
	if err != nil {
		return Signer{}, err
	}
	private, err := ssh.ParsePrivateKeyWithPassphrase(file, secret)
	if err != nil {
		return Signer{}, refused("try again", "the passphrase does not open the private key")
	}
	return fromPrivate(private)
}

func fromPrivate(private ssh.Signer) (Signer, error) {
	key := private.PublicKey()
	if err := checkKey(key); err != nil {
		return Signer{}, fault.Invalidf("make one with ssh-keygen -t ed25519", "%v", err)
	}
	algorithmic, ok := private.(ssh.AlgorithmSigner)
	if !ok {
		return Signer{}, fault.Invalidf("make one with ssh-keygen -t ed25519", "keys of type %s cannot sign here", key.Type())
	}
	return Signer{key, func(data []byte) (*ssh.Signature, error) {
		return algorithmic.SignWithAlgorithm(rand.Reader, data, formats(key.Type())[0])
	}}, nil
}

// FromAgent signs with the FIDO key of a public key file, through an agent: the
// device waits for a touch each time. A plain key is refused, since an agent gives
// its signatures to every process of its user, the model's among them.
func FromAgent(a agent.Agent, public []byte) (Signer, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		return Signer{}, fault.Invalidf("give the file FILE.pub that ssh-keygen made", "the public key cannot be read")
	}
	if !onDevice(key) || checkKey(key) != nil {
		return Signer{}, refused("give the private key's file, which a passphrase protects", "an agent would sign with this key whoever asks it; only FIDO keys are used through one")
	}
	return Signer{key, func(data []byte) (*ssh.Signature, error) {
		s, err := a.Sign(key, data)
		if err != nil {
			return nil, &fault.Error{
				Code: fault.Refused, Took: fault.No, Cause: err, Message: "the agent did not sign",
				NextStep: "add the key with ssh-add, and touch the device when it blinks",
			}
		}
		return s, nil
	}}, nil
}

// Sign signs a statement and gives its text with the signature, which was checked.
func (s Signer) Sign(st Statement) (text, signature string, err error) {
	if text, err = st.Text(); err != nil {
		return "", "", err
	}
	data, _ := toSign(sha512Sum, []byte(text))
	made, err := s.sign(data)
	if err != nil {
		return "", "", fmt.Errorf("sign: %w", err)
	}
	signature = seal(s.key, made)
	if _, err := signedBy(text, signature); err != nil {
		return "", "", err
	}
	return text, signature, nil
}

// Person is whose key it is in a roster.
func (r Roster) Person(key ssh.PublicKey) (Person, error) {
	p, ok := r.holder(key)
	if !ok {
		return p, refused("use the key that the roster has, or let an approver put yours there with supportmcp approvers apply",
			"the key %s is nobody's in the roster in force", ssh.FingerprintSHA256(key))
	}
	return p, nil
}
