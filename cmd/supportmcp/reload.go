package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// reloading has what came from files looked at again at once when the process is
// told SIGHUP, until undo is called. All of it is looked at now and then in any case.
func (s *service) reloading(ctx context.Context) (undo func()) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-told:
				s.log.Info("looking at policy and documents again")
				poke(s.policy.again)
				s.readers.lookAgain()
			}
		}
	}()
	return func() { signal.Stop(told); cancel(); <-done }
}
