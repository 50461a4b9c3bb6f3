package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"
	keys "golang.org/x/crypto/ssh/agent"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
)

// signatory is how a person proves to be an approver: with a key, or with a signature
// that was made elsewhere.
type signatory struct{ key, signature, statement string }

func (s *signatory) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.key, "key", "", "the private key that signs, or FILE.pub of a FIDO key in an agent; else SUPPORTMCP_APPROVER_KEY")
	c.Flags().StringVar(&s.signature, "signature", "", "a signature by ssh-keygen -Y sign -n supportmcp, instead of a key")
	c.Flags().StringVar(&s.statement, "statement", "", "the statement that was signed; the name of --signature without .sig when left out")
}

// signedText is a statement with its signature.
type signedText struct{ text, signature string }

// prove reads the signature that was given, or asks at the terminal and signs. want
// is the statement for a signer; question is what a person is asked first.
func (s signatory) prove(w world, r approvers.Roster, question string, want func(signer string) approvers.Statement) (signedText, error) {
	if s.signature != "" {
		return s.given()
	}
	if w.terminal == nil {
		return signedText{}, noTerminal()
	}
	t, err := w.terminal()
	if err != nil {
		return signedText{}, err
	}
	defer t.close()
	answer, err := t.ask(question + " [yes/no] ")
	if err != nil || !strings.EqualFold(answer, "yes") {
		return signedText{}, &fault.Error{Code: fault.Refused, Took: fault.No, Message: "nothing was signed", NextStep: "answer yes to sign"}
	}
	signer, err := s.open(w, t)
	if err != nil {
		return signedText{}, err
	}
	person, err := r.Person(signer.Key())
	if err != nil {
		return signedText{}, err
	}
	text, signature, err := signer.Sign(want(person.Name))
	return signedText{text, signature}, err
}

func (s signatory) given() (p signedText, err error) {
	from := s.statement
	if from == "" {
		from = strings.TrimSuffix(s.signature, ".sig")
	}
	if from == s.signature {
		return p, fault.Invalidf("give --statement", "the signature's file does not end in .sig, so the statement's is not known")
	}
	text, err := os.ReadFile(from) //nolint:gosec // the person names the file
	if err != nil {
		return p, fmt.Errorf("read the statement: %w", err)
	}
	signature, err := os.ReadFile(s.signature) //nolint:gosec // the person names the file
	if err != nil {
		return p, fmt.Errorf("read the signature: %w", err)
	}
	return signedText{string(text), string(signature)}, nil
}

// open opens the key that signs. A public key is one of a FIDO device, which an
// agent asks.
func (s signatory) open(w world, t terminal) (approvers.Signer, error) {
	path, err := s.keyFile(w)
	if err != nil {
		return approvers.Signer{}, err
	}
	file, err := os.ReadFile(path) //nolint:gosec // the person names the file
	if err != nil {
		return approvers.Signer{}, fmt.Errorf("read the key: %w", err)
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey(file); err == nil {
		return viaAgent(w, file)
	}
	return approvers.OpenKey(file, func() ([]byte, error) { return t.secret("Passphrase for " + oneLine(path) + ": ") })
}

// keyFile is the key that was named, or the person's usual one.
func (s signatory) keyFile(w world) (string, error) {
	if s.key != "" {
		return s.key, nil
	}
	cfg, err := readConfig(w.environ)
	if err != nil {
		return "", err
	}
	usual := filepath.Join(env.ToMap(w.environ)["HOME"], ".ssh", "id_ed25519")
	switch {
	case cfg.ApproverKey != "":
		return cfg.ApproverKey, nil
	case exists(usual):
		return usual, nil
	}
	return "", fault.Invalidf("name it with --key; docs/approvals.md shows how to make one", "there is no key to sign with")
}

func viaAgent(w world, public []byte) (approvers.Signer, error) {
	var d net.Dialer
	c, err := d.Dial("unix", env.ToMap(w.environ)["SSH_AUTH_SOCK"])
	if err != nil {
		return approvers.Signer{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Cause: err, Message: "no agent can be reached",
			NextStep: "start ssh-agent and add the FIDO key with ssh-add, or sign with ssh-keygen -Y sign and give --signature",
		}
	}
	return approvers.FromAgent(keys.NewClient(c), public) // the connection lasts as long as the command
}
