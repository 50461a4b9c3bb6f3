package ledger

import (
	"context"
	"embed"
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

// migrate brings the tables up to date and refuses those of a newer release.
func (l *Ledger) migrate(ctx context.Context) error {
	p, err := l.migrator()
	if err != nil {
		return err
	}
	have, want, err := l.upgrade(ctx, p)
	if err != nil {
		return err
	}
	if have > want {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No,
			Message:  fmt.Sprintf("this ledger was written by a newer release (tables of version %d, this one knows %d)", have, want),
			NextStep: "run that release or a later one",
		}
	}
	return nil
}

func (l *Ledger) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(l.log)}
	if l.engine.rowLocks {
		locker, err := lock.NewPostgresSessionLocker()
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

// upgrade applies what is pending and gives the version reached and the one this
// binary knows. Without a lock of its own (SQLite), another process may migrate
// at the same moment and make ours fail; looking again then finds its work done.
func (l *Ledger) upgrade(ctx context.Context, p *goose.Provider) (have, want int64, err error) {
	for pause := shortest; ; pause = min(2*pause, longest) {
		if have, want, err = p.GetVersions(ctx); err == nil && have < want {
			_, err = p.Up(ctx)
			have = want
		}
		if err == nil || pause == longest {
			return have, want, err
		}
		if ended := sleep(ctx, pause); ended != nil {
			return 0, 0, ended
		}
	}
}
