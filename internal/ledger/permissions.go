package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"supportmcp/internal/fault"
)

// secureFile makes sure that only the server's user can read the ledger: it
// creates what is missing that way and refuses what is open to others.
func secureFile(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return refused("name a file in it, such as ledger.db", "%s is a folder", path)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unusable("the ledger's folder cannot be created", err)
	}
	if err := private(dir, 0o700); err != nil {
		return err
	}
	if err := create(path); err != nil {
		return unusable("the ledger's file cannot be created", err)
	}
	return private(path, 0o600)
}

// create makes an empty file unless there is one. It never opens an existing
// one: on POSIX, closing it again would drop the locks that SQLite holds on it
// in this process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// private refuses a file or folder that its group or others can get at. Windows
// has no such bits.
func private(path string, want fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return unusable("the ledger's file cannot be read", err)
	}
	if runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	next := fmt.Sprintf("run: chmod %o '%s'", want, path)
	switch {
	case info.Mode()&fs.ModeSticky != 0: // shared on purpose, as /tmp is
		next = "put the ledger into a folder of its own"
	case info.IsDir():
		next = "put the ledger into a folder of its own; if this is one, " + next
	}
	return refused(next, "%s is open to other users of this machine (mode %o)", path, info.Mode().Perm())
}

func unusable(message string, cause error) error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Cause: cause,
		Message: message, NextStep: "check the path and who owns it",
	}
}
