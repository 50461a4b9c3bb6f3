package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

// Report is what Verify found.
type Report struct {
	Events      int64  // in the log
	Entries     int    // that were compared with it
	Erased      int    // of them, those whose texts were erased: their hashes compare with nothing any more
	Checkpoints int    // in the ledger and kept elsewhere, that were compared with it
	Root        string // of the tree over all events, in base64: keep it elsewhere, and a log cut or rewritten later cannot have it
	Problems    []string
	More        int // problems beyond those that are listed
}

// Sound reports whether nothing was found.
func (r Report) Sound() bool { return len(r.Problems) == 0 }

// mostProblems bounds what a report lists: a rewritten ledger has as many as rows.
const mostProblems = 1000

// Evidence is what a ledger is compared with beyond itself.
type Evidence struct {
	// Signed knows who signs the ledger's checkpoints. Without a key the
	// ledger's own are only compared, and not whether they are signed.
	Signed checkpoint.Verifier
	// Kept are checkpoints that were kept outside the ledger.
	Kept []checkpoint.Checkpoint
	// Approved says why a signed approval of an entry does not hold; nil asks nobody.
	// It may be called side by side.
	Approved func(policies.Entry, policies.Approval) error
}

// Verify recomputes the whole log from its stored bytes and compares it with the
// tree, with every entry, with what every entry takes from the budgets, and with
// the checkpoints, all in one state of the ledger. It reads everything in bounded
// memory and holds no lock. What it finds is in the report; an error means that
// it could not look.
//
// Someone who rewrites the whole database consistently is found only by
// checkpoints, or a Root, that were kept outside of it.
func (l *Ledger) Verify(ctx context.Context, against ...Evidence) (Report, error) {
	v := &verifier{}
	for _, e := range against {
		v.evidence.Kept = append(v.evidence.Kept, e.Kept...)
		v.evidence.Signed, v.evidence.Approved = e.Signed, e.Approved
	}
	l.verifying.Lock() // two at a time could wait for each other's connections
	defer l.verifying.Unlock()
	views, size, err := l.views(ctx)
	if err != nil {
		return Report{}, l.explain("verify", err)
	}
	defer endAll(views)
	if err := v.check(ctx, views, size, l.engine.checks); err != nil {
		return Report{}, l.explain("verify", err)
	}
	slices.Sort(v.report.Problems) // those who look found them in any order
	return v.report, nil
}

// verifier goes through a ledger once. Its methods run side by side.
type verifier struct {
	evidence Evidence
	mu       sync.Mutex
	report   Report
	newest   newest
	last     told // the last event
}

// check looks at the log, the storage and the entries side by side.
func (v *verifier) check(ctx context.Context, views []*sql.Tx, size int64, storage []string) error {
	if err := v.readNewest(ctx, views[0]); err != nil {
		return err
	}
	var entries entryCursor
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(len(views)) // one transaction does one thing at a time
	first := []func(view *sql.Tx) error{
		func(view *sql.Tx) error { return v.checkLog(within, view, size) },
		func(view *sql.Tx) error { return v.checkStorage(within, view, storage) },
	}
	for i := range max(len(views), len(first)) {
		view := views[i%len(views)]
		work.Go(func() error {
			if i < len(first) {
				if err := first[i](view); err != nil {
					return err
				}
			}
			return v.checkEntries(within, view, &entries)
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	v.checkNewest()
	return nil
}

func (v *verifier) add(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.report.Problems) == mostProblems {
		v.report.More++
		return
	}
	v.report.Problems = append(v.report.Problems, fmt.Sprintf(format, args...))
}

// How many transactions look at a ledger side by side, and how often they are
// begun anew when others write in between, before one of them does it all.
const (
	leastViews   = 3
	mostViews    = 8
	viewAttempts = 20
)

// wantedViews is one for each processor, as far as the pool has connections for them.
func (l *Ledger) wantedViews() int {
	return min(l.reader.Stats().MaxOpenConnections, max(leastViews, runtime.GOMAXPROCS(0)), mostViews)
}

// views begins transactions that see one and the same state of the ledger, and
// tells how many events it should have. Whatever changes a ledger appends an
// event, so states of the same size are one state.
func (l *Ledger) views(ctx context.Context) ([]*sql.Tx, int64, error) {
	for n := 1; ; n++ {
		wanted := l.wantedViews()
		if n == viewAttempts {
			wanted = 1
		}
		views, size, same, err := l.beginViews(ctx, wanted)
		if err == nil && same {
			return views, size, nil
		}
		endAll(views)
		if err != nil {
			return nil, 0, err
		}
	}
}

func (l *Ledger) beginViews(ctx context.Context, wanted int) (views []*sql.Tx, size int64, same bool, err error) {
	for range wanted {
		view, err := l.view(ctx)
		if err != nil {
			return views, 0, false, err
		}
		views = append(views, view)
		seen, err := headSize(ctx, view)
		if err != nil {
			return views, 0, false, err
		}
		if len(views) > 1 && seen != size {
			return views, 0, false, nil
		}
		size = seen
	}
	return views, size, true, nil
}

// view begins a transaction that sees one state of the ledger throughout.
func (l *Ledger) view(ctx context.Context) (*sql.Tx, error) {
	return l.reader.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

func endAll(views []*sql.Tx) {
	for _, view := range views {
		_ = view.Rollback()
	}
}

// headSize is how many events there should be; -1 when nothing says so.
func headSize(ctx context.Context, q queryer) (size int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT size FROM event_head`).Scan(&size)
	if errors.Is(err, sql.ErrNoRows) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the head: %w", err)
	}
	return size, nil
}
