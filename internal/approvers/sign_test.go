package approvers

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"supportmcp/internal/fault"
)

func keyOf(t *testing.T, file string) ssh.PublicKey {
	t.Helper()
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func authorized(k ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}

// ephemeral is the public key of nobody.
func ephemeral(t *testing.T) string {
	t.Helper()
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return authorized(k)
}

func encoded(t *testing.T, block *pem.Block, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// protectedKey is a new private key in a file that a passphrase protects.
func protectedKey(t *testing.T) (file, passphrase []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "test", []byte("correct horse"))
	return encoded(t, block, err), []byte("correct horse")
}

func TestAProtectedKeySignsWhatItsRosterTakes(t *testing.T) {
	file, passphrase := protectedKey(t)
	signer, err := OpenKey(file, func() ([]byte, error) { return passphrase, nil })
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRoster([]byte("robin " + authorized(signer.Key())))
	if err != nil {
		t.Fatal(err)
	}
	text, signature, err := signer.Sign(Statement{Purpose: Approve, Subject: "act_1", Signer: "robin", Time: noon()})
	if err != nil {
		t.Fatal(err)
	}
	if s, who, err := r.Verify(text, signature, noon()); err != nil || who.Name != "robin" || s.Subject != "act_1" {
		t.Errorf("%+v by %s: %v", s, who.Name, err)
	}
	if _, _, err := signer.Sign(Statement{Subject: "a\nb"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("signed two lines as one: %v", err)
	}
}

func TestAKeyThatOthersCouldUseIsRefused(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open, err := ssh.MarshalPrivateKey(private, "")
	unprotected := encoded(t, open, err)
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := ssh.MarshalPrivateKeyWithPassphrase(short, "", []byte("correct horse"))
	weakFile := encoded(t, weak, err)
	protected, _ := protectedKey(t)
	gone := errors.New("no terminal")
	for name, c := range map[string]struct {
		file   []byte
		answer string
		err    error
		want   string
	}{
		"unprotected":      {unprotected, "", nil, "has no passphrase"},
		"wrong passphrase": {protected, "wrong", nil, "does not open"},
		"nobody to ask":    {protected, "", gone, "no terminal"},
		"weak":             {weakFile, "correct horse", nil, "an rsa key needs 3072"},
		"no key":           {[]byte("hello"), "", nil, "cannot be read"},
		"a public key":     {[]byte(read(t, "ed25519.pub")), "", nil, "cannot be read"},
	} {
		_, err := OpenKey(c.file, func() ([]byte, error) { return []byte(c.answer), c.err })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
	}
}

func TestAPassphraseIsNotAskedForBeforeItIsNeeded(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	_, err = OpenKey(encoded(t, block, err), func() ([]byte, error) {
		t.Error("asked")
		return nil, nil
	})
	if fault.CodeOf(err) != fault.Refused {
		t.Errorf("got %v", err)
	}
}

// device is a FIDO device in software behind an agent: it signs as OpenSSH's file
// PROTOCOL.u2f says, and touched tells whether somebody touches it.
type device struct {
	agent.Agent
	private ed25519.PrivateKey
	touched bool
}

const application = "ssh:"

func (d device) public(t *testing.T) ssh.PublicKey {
	t.Helper()
	k, err := ssh.ParsePublicKey(ssh.Marshal(struct{ Type, Key, Application string }{
		ssh.KeyAlgoSKED25519, string(d.private.Public().(ed25519.PublicKey)), application,
	}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (d device) Sign(key ssh.PublicKey, data []byte) (*ssh.Signature, error) {
	var flags byte
	if d.touched {
		flags = 1
	}
	app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	rest := []byte{flags, 0, 0, 0, 7}
	signed := append(append(app[:], rest...), sum[:]...)
	return &ssh.Signature{Format: key.Type(), Blob: ed25519.Sign(d.private, signed), Rest: rest}, nil
}

// connected is an agent on the other side of a connection, as ssh-agent is.
func connected(t *testing.T, a agent.Agent) agent.Agent {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	go func() { _ = agent.ServeAgent(a, there) }() // ends with the connection
	return agent.NewClient(here)
}

func newDevice(t *testing.T, touched bool) device {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return device{Agent: agent.NewKeyring(), private: private, touched: touched}
}

func TestAFIDOKeySignsThroughAnAgentWhenItIsTouched(t *testing.T) {
	for _, touched := range []bool{true, false} {
		d := newDevice(t, touched)
		public := authorized(d.public(t))
		signer, err := FromAgent(connected(t, d), []byte(public))
		if err != nil {
			t.Fatal(err)
		}
		text, signature, err := signer.Sign(Statement{Purpose: Approve, Subject: "act_1", Signer: "robin", Time: noon()})
		if !touched {
			if fault.CodeOf(err) != fault.Refused {
				t.Errorf("untouched: %v", err)
			}
			continue
		}
		r, failed := ParseRoster([]byte("robin " + public))
		if err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		if _, who, err := r.Verify(text, signature, noon()); err != nil || who.Name != "robin" {
			t.Errorf("touched: %v", err)
		}
	}
}

// A server sees a signature only, and not how it was made.
func TestAFIDOSignatureWithoutATouchDoesNotCount(t *testing.T) {
	d := newDevice(t, false)
	key := d.public(t)
	text, err := (Statement{Purpose: Approve, Signer: "robin"}).Text()
	if err != nil {
		t.Fatal(err)
	}
	data, _ := toSign(sha512Sum, []byte(text))
	made, err := d.Sign(key, data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signedBy(text, seal(key, made)); fault.CodeOf(err) != fault.Refused {
		t.Errorf("got %v", err)
	}
}

func TestAnECDSAKeyInADeviceCountsWhenItIsTouched(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePublicKey(ssh.Marshal(struct{ Type, Curve, Point, Application string }{
		ssh.KeyAlgoSKECDSA256, "nistp256", string(point), application,
	}))
	if err != nil {
		t.Fatal(err)
	}
	text, err := (Statement{Purpose: Approve, Signer: "robin"}).Text()
	if err != nil {
		t.Fatal(err)
	}
	data, _ := toSign(sha512Sum, []byte(text))
	for _, flags := range []byte{0, 1} {
		app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(data)
		rest := []byte{flags, 0, 0, 0, 7}
		whole := sha256.Sum256(append(append(app[:], rest...), sum[:]...))
		r, s, err := ecdsa.Sign(rand.Reader, private, whole[:])
		if err != nil {
			t.Fatal(err)
		}
		made := &ssh.Signature{Format: key.Type(), Blob: ssh.Marshal(struct{ R, S *big.Int }{r, s}), Rest: rest}
		if _, err := signedBy(text, seal(key, made)); (err == nil) != (flags == 1) {
			t.Errorf("flags %d: %v", flags, err)
		}
	}
}

func TestASignatureOverSHA1DoesNotCount(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, shortestRSA)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := (Statement{Purpose: Approve, Signer: "robin"}).Text()
	if err != nil {
		t.Fatal(err)
	}
	data, _ := toSign(sha512Sum, []byte(text))
	for algorithm, counts := range map[string]bool{ssh.KeyAlgoRSA: false, ssh.KeyAlgoRSASHA256: true, ssh.KeyAlgoRSASHA512: true} {
		made, err := signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, data, algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signedBy(text, seal(signer.PublicKey(), made)); (err == nil) != counts {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestAPlainKeyOfAnAgentIsRefused(t *testing.T) {
	keys := agent.NewKeyring()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	listed, err := keys.List()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromAgent(connected(t, keys), []byte(listed[0].String())); fault.CodeOf(err) != fault.Refused {
		t.Errorf("got %v", err)
	}
	if _, err := FromAgent(connected(t, keys), []byte("hello")); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no key at all: %v", err)
	}
	d := newDevice(t, true)
	signer, err := FromAgent(connected(t, keys), []byte(authorized(d.public(t))))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := signer.Sign(Statement{Purpose: Approve, Signer: "robin"}); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a device that the agent does not have: %v", err)
	}
}
