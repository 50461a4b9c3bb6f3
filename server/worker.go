package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"supportmcp/policies"
	"supportmcp/tools"
)

// The rhythm of the worker: a person's approval is carried out within two
// seconds, and what is in doubt is looked after every quarter of a minute.
const (
	everyApproved = time.Second
	everyLapsed   = 15 * time.Second
	batch         = 200 // more than waits in practice: what cannot be proposed must not hide what can
)

// Worker finishes what calls could not: approved and queued actions, lapsed
// leases and unknown outcomes. It goes through the same operations as a call;
// there is one way to perform an action. Any number may run on one ledger.
type Worker struct {
	ledger policies.Ledger
	log    *slog.Logger
	kinds  map[policies.Kind]tools.Tool
	stuck  map[policies.Due]map[string]pause
	wake   chan struct{} // holds at most one
}

// pause is how a due action that could not be driven is left alone.
type pause struct{ failures, rounds int }

// longestPause is how many rounds an action that fails again and again is left alone.
const longestPause = 60

// next is the pause after one more failure: none at first, then twice as long each time.
func (p pause) next() pause {
	p.failures++
	p.rounds = min(1<<min(p.failures-1, 10)-1, longestPause)
	return p
}

// NewWorker takes every tool there is, listed or not, so that hiding a tool
// strands no action. Two tools of one kind are an error.
func NewWorker(l policies.Ledger, all []tools.Tool, log *slog.Logger) (*Worker, error) {
	w := &Worker{
		ledger: l, log: log, kinds: map[policies.Kind]tools.Tool{},
		stuck: map[policies.Due]map[string]pause{}, wake: make(chan struct{}, 1),
	}
	for _, t := range all {
		if t.ReadOnly {
			continue
		}
		if other, twice := w.kinds[t.Kind]; twice {
			return nil, fmt.Errorf("tools %s and %s are both of kind %s", other.Name, t.Name, t.Kind)
		}
		w.kinds[t.Kind] = t
	}
	return w, nil
}

// Wake makes Run look at once for what was approved. It waits for nothing, and may
// be called for nothing and from anywhere.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look
	}
}

// Run works until ctx is done.
func (w *Worker) Run(ctx context.Context) {
	approved, lapsed := time.NewTicker(everyApproved), time.NewTicker(everyLapsed)
	defer approved.Stop()
	defer lapsed.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-approved.C:
			err = w.Sweep(ctx, policies.DueApproved)
		case <-w.wake:
			err = w.Sweep(ctx, policies.DueApproved)
		case <-lapsed.C:
			err = w.Sweep(ctx, policies.DueLapsed)
		}
		if err != nil && ctx.Err() == nil {
			w.log.Warn("worker", "err", err)
		}
	}
}

// Sweep does one round, and only one at a time. An action that fails does not
// keep the others waiting: it is tried less and less often, and the round is as
// much larger as actions are stuck.
func (w *Worker) Sweep(ctx context.Context, what policies.Due) error {
	before, after := w.stuck[what], map[string]pause{}
	due, err := w.ledger.Due(ctx, what, batch+len(before))
	if err != nil {
		return err
	}
	for _, e := range due {
		p := before[e.ID]
		if p.rounds > 0 {
			p.rounds--
			after[e.ID] = p
			continue
		}
		if failed := w.drive(ctx, what, e); failed != nil {
			after[e.ID] = p.next()
			err = errors.Join(err, failed)
		}
	}
	w.stuck[what] = after
	return err
}

func (w *Worker) drive(ctx context.Context, what policies.Due, e policies.Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("drive %s: panic: %v", e.ID, p)
		}
	}()
	t, ok := w.kinds[e.Kind]
	if !ok {
		return fmt.Errorf("no tool performs actions of kind %s (%s)", e.Kind, e.ID)
	}
	if what == policies.DueApproved {
		return t.Resume(ctx, e)
	}
	return t.Recover(ctx, e)
}
