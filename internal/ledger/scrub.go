package ledger

import (
	"context"
)

// scrub leaves nothing of what was deleted in SQLite's files: neither in free
// pages nor in the gaps of others, which secure_delete does not all reach. It
// rewrites the whole file, and writers wait for it. It reports whether remains
// stay in the log because somebody reads for long.
func (l *Ledger) scrub(ctx context.Context) (lingers bool, err error) {
	if l.engine.rewrite == "" {
		return false, nil
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return true, l.explain("rewrite the file", ctx.Err())
	}
	// In the queue of writers, so that other processes that write all the time let it begin.
	if err := l.queue.enter(ctx); err != nil && ctx.Err() != nil {
		return true, l.explain("rewrite the file", err)
	}
	defer l.queue.leave()
	err = l.untilFree(ctx, func() (bool, error) {
		_, err := l.writer.ExecContext(ctx, l.engine.rewrite)
		return l.engine.transient(err), err
	})
	if err != nil {
		return true, l.explain("rewrite the file", err)
	}
	var busy, frames, folded int
	err = l.untilFree(ctx, func() (bool, error) {
		err := l.writer.QueryRowContext(ctx, l.engine.fold).Scan(&busy, &frames, &folded)
		return busy != 0, err
	})
	return busy != 0 || err != nil, l.explain("empty the log", err)
}

// untilFree tries again while others are in the way, and then gives up.
func (l *Ledger) untilFree(ctx context.Context, try func() (busy bool, err error)) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		busy, err := try()
		if !busy || sleep(patient, longest) != nil {
			return err
		}
	}
}
