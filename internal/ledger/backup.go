package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"supportmcp/internal/fault"
)

// Backup is a copy of a ledger.
type Backup struct {
	Bytes  int64
	Report Report // of verifying the copy
}

// Backup writes a copy of a SQLite ledger to a new file that only its owner can
// read, while others go on working; it is the ledger of one moment. The copy is
// opened and verified before it gets its name; one of a ledger that is not sound is
// kept all the same, and the report tells. An existing file is refused, and so is
// PostgreSQL, which has tools for that.
func (l *Ledger) Backup(ctx context.Context, path string) (b Backup, err error) {
	if l.engine.copyTo == "" {
		return b, refused("use pg_dump", "a ledger in PostgreSQL is backed up with PostgreSQL's own tools")
	}
	if err := vacant(path); err != nil {
		return b, err
	}
	draft, err := newDraft(path)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, removed(draft)) }()
	if _, err := l.reader.ExecContext(ctx, l.engine.copyTo, draft); err != nil {
		return b, l.explain("copy the ledger", err)
	}
	if b, err = verifyCopy(ctx, draft); err != nil {
		return b, err
	}
	return b, publish(draft, path)
}

// vacant refuses a path where there is something already.
func vacant(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return refused("name a file that does not exist yet", "%s exists, and is not overwritten", path)
	case !errors.Is(err, fs.ErrNotExist):
		return unwritable(err)
	}
	return nil
}

func unwritable(cause error) error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Cause: cause, Message: "the backup cannot be written: " + cause.Error(),
		NextStep: "name a file in a folder that exists, that this user may write to, and that has room",
	}
}

// newDraft makes an empty private file beside path. SQLite writes into an empty
// file as it is, and would give a new one the usual permissions.
func newDraft(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder of the backup: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return "", unwritable(err)
	}
	return f.Name(), f.Close()
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the draft of the backup: %w", err)
	}
	return nil
}

// verifyCopy reads a finished copy, which nobody else has open.
func verifyCopy(ctx context.Context, path string) (b Backup, err error) {
	c, err := lookSQLite(path)
	if err != nil {
		return b, err
	}
	b.Report, err = c.Verify(ctx)
	if err = errors.Join(err, c.Close()); err != nil {
		return b, fmt.Errorf("verify the copy: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return b, fmt.Errorf("measure the copy: %w", err)
	}
	b.Bytes = info.Size()
	return b, nil
}

// publish makes the finished draft durable and gives it its name, unless somebody
// else has taken that meanwhile.
func publish(draft, path string) error {
	if err := synced(draft, os.O_RDWR); err != nil {
		return unwritable(err)
	}
	err := os.Link(draft, path)
	if errors.Is(err, fs.ErrExist) {
		return vacant(path)
	}
	if err != nil { // a file system without links
		if err := vacant(path); err != nil {
			return err
		}
		err = os.Rename(draft, path)
	}
	if err != nil {
		return unwritable(err)
	}
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	return synced(filepath.Dir(path), os.O_RDONLY)
}

// synced waits until a file or folder is on the disk.
func synced(path string, mode int) error {
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
