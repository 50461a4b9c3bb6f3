package ledger

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"supportmcp/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// opening bounds how long opening a ledger may take, migrations included.
const opening = time.Minute

// attempts is how often migrating is tried while other processes may do the same.
const attempts = 3

// migrate brings the tables up to date and refuses those of a newer release. One
// process at a time does: on SQLite the queue of writers keeps the others waiting.
// Where that cannot be, another process may migrate at the same moment and make
// ours fail; looking again then finds its work done.
func (l *Ledger) migrate(ctx context.Context) error {
	if err := l.queue.enter(ctx); err != nil && ctx.Err() != nil {
		return err
	}
	defer l.queue.leave()
	for n := 1; ; n++ {
		err := l.upgrade(ctx)
		if err == nil || n == attempts || !l.worthAnother(err) {
			return err
		}
		l.log.DebugContext(ctx, "migrating again", "err", err)
		if ended := sleep(ctx, longest); ended != nil {
			return ended
		}
	}
}

func (l *Ledger) worthAnother(err error) bool {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return false
	}
	known, _ := l.engine.diagnose(err)
	return known == "" || l.again(err)
}

func (l *Ledger) upgrade(ctx context.Context) error {
	p, err := l.migrator() // a new one each time: it remembers that it has failed
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the version of the tables: %w", err)
	case have > want:
		return newerTables(have, want)
	case have < want:
		_, err = p.Up(ctx)
	}
	return err
}

func newerTables(have, want int64) *fault.Error {
	return refused("run that release or a later one",
		"this ledger was written by a newer release (tables of version %d, this one knows %d)", have, want)
}

func (l *Ledger) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(l.log)}
	if l.engine.rowLocks {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(opening.Seconds())))
		if err != nil {
			return nil, fmt.Errorf("prepare the migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(l.engine.dialect, l.writer, files, opts...)
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return p, nil
}
