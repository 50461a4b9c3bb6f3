package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// lookAgain is how often a process looks whether it is next.
const lookAgain = time.Millisecond

// queue is where the processes that write to one SQLite file line up. SQLite
// itself lets whoever asks at the right moment write next, and that is mostly who
// has just written. So whoever wants to write first locks a file beside the
// database, and keeps it until its transaction has begun: who has just written
// must wait behind it. The system frees the lock of a process that died.
//
// One goroutine at a time enters a queue. Nil has nobody to wait for.
type queue struct {
	file *os.File
	err  error // why there is no file
}

// openQueue opens the queue at path. Where that does not work, entering says why.
func openQueue(path string) *queue {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a file beside the database, which the operator names
	if err != nil {
		return &queue{err: fmt.Errorf("open the queue of writers: %w", err)}
	}
	return &queue{file: f}
}

// enter waits until this process is the next one to write. Unless ctx has ended,
// an error says that the file cannot be locked; SQLite's own lock still keeps
// writers apart then.
func (q *queue) enter(ctx context.Context) error {
	if q == nil {
		return nil
	}
	if q.err != nil {
		return q.err
	}
	for {
		err := tryLock(q.file)
		if !errors.Is(err, errLocked) {
			return err
		}
		if ended := sleep(ctx, lookAgain); ended != nil {
			return errors.Join(ended, err)
		}
	}
}

// leave lets the next process ask for the database.
func (q *queue) leave() {
	if q != nil && q.file != nil {
		_ = unlock(q.file) // fails where the file cannot be locked either
	}
}

// close may be called again.
func (q *queue) close() error {
	if q == nil || q.file == nil {
		return nil
	}
	if err := q.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked")
