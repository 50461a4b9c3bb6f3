package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"supportmcp/internal/approvers"
)

// The approver of the demo. Her key opens with a word that stands here, since there
// is nobody who could type one; it is worth nothing outside the demo's folder.
const (
	demoApprover   = "robin"
	demoPassphrase = "only for the demo"
)

// desktop is where the approver keeps her key, and the operator the roster.
type desktop struct{ dir string }

func (d desktop) roster() string { return filepath.Join(d.dir, "approvers") }
func (d desktop) key() string    { return filepath.Join(d.dir, "id_"+demoApprover) }

// furnish makes key and roster, unless an earlier run has.
func (d desktop) furnish() error {
	if _, err := os.Stat(d.roster()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the approver's key: %w", err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, demoApprover, []byte(demoPassphrase))
	if err != nil {
		return fmt.Errorf("protect the approver's key: %w", err)
	}
	shown, err := ssh.NewPublicKey(public)
	if err != nil {
		return fmt.Errorf("read the approver's key: %w", err)
	}
	line := demoApprover + " " + string(ssh.MarshalAuthorizedKey(shown))
	written := d.roster() + ".new" // whoever is killed while writing leaves no half of a roster
	return errors.Join(os.WriteFile(d.key(), pem.EncodeToMemory(block), 0o600), os.WriteFile(written, []byte(line), 0o600), os.Rename(written, d.roster()))
}

// sign signs a statement as ssh-keygen -Y sign does, and gives the file of the signature.
func (d desktop) sign(statement string) (file string, err error) {
	text, err := os.ReadFile(d.key())
	if err != nil {
		return "", fmt.Errorf("read the approver's key: %w", err)
	}
	signer, err := approvers.OpenKey(text, func() ([]byte, error) { return []byte(demoPassphrase), nil })
	if err != nil {
		return "", err
	}
	s, err := approvers.ParseStatement(statement)
	if err != nil {
		return "", err
	}
	signed, signature, err := signer.Sign(s)
	if err != nil {
		return "", err
	}
	file = filepath.Join(d.dir, "decision")
	return file + ".sig", errors.Join(os.WriteFile(file, []byte(signed), 0o600), os.WriteFile(file+".sig", []byte(signature), 0o600))
}

// approve decides as a person does: looks at the facts, signs, and hands the
// signature in. A name alone is refused.
func (d *demo) approve(ctx context.Context, action string) error {
	if err := d.command(ctx, "approvals", "show", action); err != nil {
		return err
	}
	err := d.command(ctx, "approvals", "approve", action, "--as", demoApprover)
	if _, refused := errors.AsType[*exec.ExitError](err); !refused {
		return errors.Join(errors.New("a name alone was enough to approve"), err)
	}
	d.check(true, "a name alone is not enough: an approval is a signature")
	statement, err := d.output(ctx, "approvals", "statement", action, "approve", "--as", demoApprover)
	if err != nil {
		return err
	}
	d.t.typed("ssh-keygen -Y sign -f id_"+demoApprover+" -n supportmcp decision", "signed "+firstLines(statement, 5))
	signature, err := d.desktop.sign(statement)
	if err != nil {
		return err
	}
	return d.command(ctx, "approvals", "approve", action, "--signature", signature, "--note", "annual plan on day 3")
}

// output is what a command of this program prints.
func (d *demo) output(ctx context.Context, args ...string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // this very program
	c.Env = d.env
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("supportmcp %s: %w: %s", args[0], err, errs.String())
	}
	return string(out), nil
}

func firstLines(text string, n int) string {
	lines := strings.SplitN(text, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
