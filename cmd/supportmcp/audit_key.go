package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger/checkpoint"
)

const auditKeyFile = "SUPPORTMCP_AUDIT_KEY_FILE"

// keyFile is the file of the key that signs checkpoints: outside the database, or
// whoever can change the one could sign with the other.
type keyFile struct {
	path  string
	given bool // by the operator, who then also makes it
}

// auditKey finds the file of the key: as configured, beside the file of the
// ledger, or in the user's configuration folder.
func (c Config) auditKey(databaseURL string) (keyFile, error) {
	if c.AuditKeyFile != "" {
		return keyFile{path: c.AuditKeyFile, given: true}, nil
	}
	if path, isFile := strings.CutPrefix(databaseURL, "sqlite:"); isFile {
		return keyBeside(path), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return keyFile{}, problem(auditKeyFile, "is not set, and this user has no configuration folder: make a key with supportmcp audit key --new FILE")
	}
	return keyFile{path: filepath.Join(dir, "supportmcp", "audit-key")}, nil
}

func keyBeside(ledger string) keyFile { return keyFile{path: ledger + ".audit-key"} }

// errNoKeyYet is about a key that the first start makes. A file that the operator
// names must be there.
var errNoKeyYet = errors.New("no key yet")

// read reads the key; errNoKeyYet is one that is still to be made.
func (k keyFile) read() (checkpoint.Signer, error) {
	b, err := os.ReadFile(k.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !k.given:
		return checkpoint.Signer{}, errNoKeyYet
	case err != nil:
		return checkpoint.Signer{}, refusal(err, "make one with supportmcp audit key --new FILE, or copy the one that the other servers of this ledger use",
			"the key for checkpoints cannot be read from %s", k.path)
	}
	if err := k.private(); err != nil {
		return checkpoint.Signer{}, err
	}
	s, err := checkpoint.ParseSigner(string(b))
	if err != nil {
		return s, refusal(err, "restore the file from a backup: the checkpoints of this ledger are signed with its key", "%s does not hold the key for checkpoints: %v", k.path, err)
	}
	return s, nil
}

// private refuses a key of ours that others can read. One that the operator names
// may be mounted in any way, as other secrets are.
func (k keyFile) private() error {
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("look at the key for checkpoints: %w", err)
	}
	if k.given || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return refusal(nil, fmt.Sprintf("run: chmod 600 '%s'", k.path), "%s is open to other users of this machine (mode %o)", k.path, info.Mode().Perm())
}

// readOrMake reads the key, or makes one that is not in the file yet.
func (k keyFile) readOrMake() (s checkpoint.Signer, fresh string, err error) {
	s, err = k.read()
	if !errors.Is(err, errNoKeyYet) {
		return s, "", err
	}
	if fresh, err = checkpoint.Generate(checkpoint.Verifier{}); err != nil {
		return s, "", err
	}
	s, err = checkpoint.ParseSigner(fresh)
	return s, fresh, err
}

// keep puts a fresh key into its file, and gives the one that is there when
// another process was faster.
func (k keyFile) keep(fresh string) (checkpoint.Signer, error) {
	if err := k.write(fresh); err != nil && !errors.Is(err, fs.ErrExist) {
		return checkpoint.Signer{}, refusal(err, "check the folder and who owns it, or set "+auditKeyFile, "the key for checkpoints cannot be kept in %s", k.path)
	}
	return k.read()
}

// write makes the file as a whole, so that nobody reads half a key; fs.ErrExist
// says that it is there already.
func (k keyFile) write(text string) error {
	dir := filepath.Dir(k.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".audit-key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), k.path)
}

// refusal is an error that tells a person what to do.
func refusal(cause error, next, format string, args ...any) *fault.Error {
	return &fault.Error{Code: fault.Refused, Took: fault.No, Cause: cause, Message: fmt.Sprintf(format, args...), NextStep: next}
}
