//go:build unix

package ledger

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks a file, or is errLocked. The lock belongs to the open file and
// not to the process, so two ledgers in one process also wait for each other.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return errLocked
	}
	return err
}

func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
