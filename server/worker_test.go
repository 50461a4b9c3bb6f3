package server_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/policies"
	"supportmcp/server"
)

// asked is a ledger in which nothing is due, and which counts the questions.
type asked struct {
	policies.Ledger
	approved, lapsed atomic.Int64
}

func (a *asked) Due(_ context.Context, what policies.Due, _ int) ([]policies.Entry, error) {
	if what == policies.DueApproved {
		a.approved.Add(1)
	} else {
		a.lapsed.Add(1)
	}
	return nil, nil
}

func TestTheWorkerLooksWhenItIsWokenAndWithoutThatInItsRhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l asked
		w, err := server.NewWorker(&l, nil, slog.New(slog.DiscardHandler))
		must(t, err)
		go w.Run(t.Context())
		synctest.Wait()
		for range 3 {
			w.Wake()
		}
		synctest.Wait()
		if n := l.approved.Load(); n < 1 || n > 3 {
			t.Errorf("woken before the first second, it looked %d times", n)
		}
		before := l.approved.Load()
		time.Sleep(15*time.Second + time.Millisecond)
		if n := l.approved.Load() - before; n != 15 || l.lapsed.Load() != 1 {
			t.Errorf("in 15 seconds it looked %d times for what is approved and %d times for what has lapsed", n, l.lapsed.Load())
		}
	})
}
